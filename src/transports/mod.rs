//! The three transports, one file each. They hold no state and know nothing of each other: each
//! gets a cursor and the log, and they differ only in *when* they respond. Diff any two of them.

mod longpoll;
mod poll;
mod ws;

pub use longpoll::longpoll;
pub use poll::poll;
pub use ws::ws;
