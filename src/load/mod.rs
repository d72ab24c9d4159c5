//! `trifold load`: measures a server. Many clients subscribe, messages are published at a steady
//! rate, and every delivery to every client is recorded.
//!
//! ```text
//! schedule ─▶ publisher ─▶ the server ─▶ clients ─▶ stats ─▶ report: table, JSON, plot
//!    └──────── due times ──────────────────────────▶ latency: from due to delivered
//! ```
//!
//! - `args`, `values`, `mix`, `network`, `command`: the command line; values of flags; clients by
//!   transport; the simulated network; from flags to exit code
//! - `measure`, `context`: one run from start to end; what its parts share
//! - `targets`, `target`, `usage`, `process`: all addresses; one server; CPU time and memory of both
//!   sides
//! - `schedule`, `publisher`, `publish_connections`, `backoff`: when messages are due; the open loop
//!   that sends them, and its connections
//! - `clients`, `client`, `disconnect`, `protocol`, `progress`: all clients; one subscriber; why its
//!   connection ended; what it decodes
//! - [`net`]: the raw connection below both
//! - `stats`, `counters`, `range_set`, `message_versions`: what was delivered to each client, what it
//!   cost, and whether all clients received the same
//! - `report`, `usage_report`, `quantiles`, `warnings`: the results
//! - `table`, `columns`, `plot`, `plot_style`, `axis`, `hgrm`: how they are shown
//! - `plan`: what any number of subscribers needs, computed from reports
//! - `sweep`, `crossings`, `sweep_table`, `sweep_plot`: several runs, at several rates
//!
//! Publisher and clients are in one process, so that one clock measures both ends. The meaning
//! of the figures is explained in `docs/performance.md`.
//!
//! This module uses nothing else of the crate: a load generator that shared code with the server
//! would share its mistakes.

mod args;
mod axis;
mod backoff;
mod client;
mod clients;
mod columns;
mod command;
mod context;
mod counters;
mod crossings;
mod disconnect;
mod hgrm;
mod measure;
mod message_versions;
mod mix;
pub mod net;
mod network;
mod plan;
mod plot;
mod plot_style;
mod process;
mod progress;
mod protocol;
mod publish_connections;
mod publisher;
mod quantiles;
mod range_set;
mod report;
mod schedule;
mod stats;
mod sweep;
mod sweep_plot;
mod sweep_table;
mod table;
mod target;
mod targets;
mod usage;
mod usage_report;
mod values;
mod warnings;

pub use args::LoadArgs;
pub use command::main;
pub use counters::{Counters, TransportStats};
pub use measure::{RunResult, measure};
pub use mix::Transport;
pub use plan::plan;
pub use quantiles::Quantiles;
pub use report::{Report, TransportReport};
pub use sweep::{SweepPoint, SweepReport, sweep};
