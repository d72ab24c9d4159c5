//! Everything that needs a server, one file a property. They are one program, because each
//! program would link all of actix, SQLite and a client of its own.

mod common;

mod command_line;
mod conditional;
mod crowd;
mod cut_batches;
mod documents;
mod gaps;
mod guard;
mod headers;
mod heartbeat;
mod hostile_frames;
mod http_refusals;
mod journal;
mod journal_full;
mod journal_groups;
mod journal_kill;
mod journal_refusals;
mod layers;
mod leaving;
mod limits;
mod load;
mod longpoll_wait;
mod meter;
mod metrics;
mod model;
mod network;
mod no_lost_wakeup;
mod page;
mod proxy;
mod publishing;
mod room;
mod same_bytes;
mod same_story;
mod shutdown;
mod slow_clients;
mod slow_reader;
mod ws_refusals;
