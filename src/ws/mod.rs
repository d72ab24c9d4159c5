//! What a WebSocket needs in addition to the log, on top of actix-ws.
//!
//! ```text
//! client ─▶ incoming: frame headers checked ─▶ actix-ws: messages ─▶ conversation: commands
//! client ◀─ outgoing: one body ◀─┬─ actix-ws: replies, pongs, pings, close ◀────┘
//!                                └─ the log's frames, shared by all sockets
//! ```
//!
//! actix-ws costs one task and one channel per socket. The log's frames do not pass through
//! them: the response body polls the log itself, so a delivery costs what it did without.

mod conversation;
mod incoming;
mod outgoing;
mod upgrade;

pub use conversation::Commands;
pub use outgoing::Frame;
pub use upgrade::Upgrade;
