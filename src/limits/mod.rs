//! Limits on concurrent connections (total and per address), on long polls and on the publish
//! rate. A client over a limit gets an error; others are unaffected.
//!
//! Sizes and times are limited where the bytes arrive: in [`http`](crate::http),
//! [`ws`](crate::ws) and [`publish`](crate::publish).

mod connection;
mod kind;
mod permits;
mod publish_rate;
mod server_limits;

pub use connection::{ClientNetwork, ConnectionGuard};
pub use kind::{LimitExceeded, LimitKind};
pub use server_limits::{Limits, LimitsConfig};
