//! The command line.

use std::path::PathBuf;

use clap::Parser;

use crate::figures::Technique;
use crate::peers::QUICK;
use crate::program::OwnServer;

/// Compares Trifold with other servers, in rounds, each server in each round.
#[derive(Debug, Parser)]
pub(crate) struct Args {
    /// Number of rounds; the figures are medians over them [default: 5, with --quick 2]
    #[arg(long)]
    rounds: Option<usize>,

    /// Techniques to compare [default: all]
    #[arg(long, value_delimiter = ',')]
    transport: Vec<Technique>,

    /// Numbers of subscribers, each of which is measured [default: 10,100,1000,5000, with --quick
    /// 10,1000,5000]
    #[arg(long, value_delimiter = ',')]
    subscribers: Vec<usize>,

    /// Measure only servers whose name contains one of these
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,

    /// Less than six minutes: nchan, Bun, the baseline and a constant, in short rounds
    #[arg(long, conflicts_with = "write")]
    quick: bool,

    /// Measure another build of Trifold, too
    #[arg(long, value_name = "FILE")]
    pub(crate) also: Option<PathBuf>,

    /// Write the tables to docs/performance.md, the charts to docs/, and one of them to README.md
    #[arg(long)]
    pub(crate) write: bool,

    /// Run a server; this program starts itself with it
    #[arg(long, hide = true)]
    pub(crate) serve: Option<OwnServer>,

    /// Added by cargo
    #[arg(long, hide = true)]
    bench: bool,
}

impl Args {
    pub(crate) fn rounds(&self) -> usize {
        self.rounds.unwrap_or(if self.quick { 2 } else { 5 })
    }

    pub(crate) fn subscribers(&self) -> Vec<usize> {
        match (&*self.subscribers, self.quick) {
            ([], false) => vec![10, 100, 1000, 5000],
            ([], true) => vec![10, 1000, 5000],
            (chosen, _) => chosen.to_vec(),
        }
    }

    /// Returns how long each server is measured.
    pub(crate) fn seconds(&self) -> f64 {
        if self.quick { 2.0 } else { 4.0 }
    }

    pub(crate) fn includes(&self, technique: Technique) -> bool {
        self.transport.is_empty() || self.transport.contains(&technique)
    }

    /// Returns whether a server is measured.
    pub(crate) fn selects(&self, name: &str) -> bool {
        let is_quick = QUICK.iter().any(|part| name.contains(part));
        let is_chosen = self.only.iter().any(|part| name.contains(part.as_str()));
        (is_quick || !self.quick) && (is_chosen || self.only.is_empty())
    }
}
