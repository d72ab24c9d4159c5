//! Trifold: polling, long polling and WebSockets side by side, over one message log.
//!
//! ```text
//! publish ─▶ MessageLog: assigns a version, retains the message, wakes the readers
//!               ├─ poll       read(cursor)                           one response, at once
//!               ├─ longpoll   timeout(wait, changed(cursor)), read   one response, with news
//!               └─ ws         follow(cursor)                         every batch
//! ```
//!
//! The modules are layers: each imports only from those above it in this list.
//!
//! - [`log`] – the domain, without HTTP
//! - [`journal`], [`limits`], [`metrics`], [`process`], [`diagnostics`] – durability, limits, counters,
//!   standard error
//! - [`http`] – extractors, responses, errors
//! - [`ws`] – sockets
//! - [`publish`] – the way into the log
//! - [`transports`] – the three ways out of it
//! - [`lab`] – the simulated network, the meter and the page's control channel
//! - [`server`] – routes, access, configuration
//! - [`cli`] – the command line
//!
//! [`load`], the load generator, imports none of them.

pub mod cli;
pub mod diagnostics;
pub mod http;
pub mod journal;
pub mod lab;
pub mod limits;
pub mod load;
pub mod log;
pub mod metrics;
#[cfg(target_os = "linux")]
pub mod process;
pub mod publish;
pub mod server;
pub mod transports;
pub mod ws;
