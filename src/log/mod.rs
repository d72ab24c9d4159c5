//! The versioned message log. Every message gets the next version; a reader requests the
//! messages after the version that it holds.
//!
//! This module is the domain: it knows nothing of HTTP, WebSockets or the command line.

mod batch;
mod cursor;
mod follow;
mod message;
mod message_log;
mod notify;
mod window;

pub use batch::{Batch, BatchContent, MAX_BATCH_BYTES};
pub use cursor::{Cursor, DEFAULT_BATCH_MESSAGES, Gap, GapReason, MAX_BATCH_MESSAGES};
pub use follow::{Follow, FollowEnd};
pub use message::{
    EncodedMessage, NewMessage, PublishAck, Version, to_json, unix_millis,
};
pub use message_log::{LogClosed, MessageLog, is_epoch, new_epoch};
pub use notify::{Relay, ShardedNotify, Waiter};
pub use window::Retention;
