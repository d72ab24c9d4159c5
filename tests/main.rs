//! The integration tests, one file per property. They are one program, because each additional
//! program would link actix, SQLite and the clients again.

mod common;

mod access;
mod actix_http;
mod assets;
mod autobahn;
mod batch_limits;
mod closing;
mod command_line;
mod consistency;
mod control_channel;
mod crash_recovery;
mod disconnect;
mod disk_full;
mod docs;
mod encoding;
mod etag;
mod expect_continue;
mod fan_out;
mod gaps;
mod group_commit;
mod half_close;
mod haproxy;
mod headers;
mod heartbeat;
mod http_errors;
mod journal;
mod journal_errors;
mod layers;
mod limits;
mod load;
mod longpoll;
mod lost_wakeups;
mod malformed_frames;
mod meter;
mod metrics;
mod model;
mod network;
mod proxy;
mod publishing;
mod real_clients;
mod shutdown;
mod slow_clients;
mod slow_reader;
mod ws_errors;
