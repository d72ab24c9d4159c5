//! Servers that share a log through a Redis stream. Skipped if Redis is not installed; `./test`
//! installs it.

mod balanced;
mod catch_up;
mod clients;
mod clock;
mod equivalence;
mod failover;
mod faults;
mod history;
mod scene;
mod sequence;
mod start;
mod unavailable;

use crate::common;
