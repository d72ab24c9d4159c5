//! The lab: a network that is made worse on purpose, byte counts, and the page's control channel.
//!
//! All of it is middleware around the transports; without it no transport changes a line. The
//! network wraps each transport. The meter wraps everything that adds to a response, so that it
//! counts what really passes the socket, when it passes.

mod conditions;
mod control;
mod delay_line;
mod link;
mod losses;
mod meter;
mod metering;
mod network;
mod presence;
mod request;

pub use control::control;
pub use meter::Meter;
pub use metering::meter;
pub use network::with_network;
pub use presence::{LabClient, MAX_CLIENTS, MAX_PANES, Presence};
pub use request::is_disabled;
