//! Servers that share a log through a Redis stream. Skipped if Redis is not installed; `./test`
//! installs it.

mod clients;
mod equivalence;
mod faults;
mod history;

use crate::common;
