//! What was measured: all rounds of all servers under all loads.

use std::collections::BTreeMap;
use std::{fmt, io};

use clap::ValueEnum;

/// What is compared, in the order of the tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Technique {
    Ws,
    Longpoll,
    /// Polls that find nothing.
    Poll,
    Publish,
}

impl Technique {
    pub(crate) const ALL: [Self; 4] =
        [Self::Ws, Self::Longpoll, Self::Poll, Self::Publish];

    /// Returns its name in titles.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Ws => "WebSocket",
            Self::Longpoll => "Long poll",
            Self::Poll => "Empty polls",
            Self::Publish => "Publishing",
        }
    }
}

/// Name of this build of Trifold in the tables.
pub(crate) const TRIFOLD: &str = "Trifold";

/// The figures of one server under one load, in one round.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Figures {
    /// CPU time of the server per delivery.
    pub(crate) cpu_us: f64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    /// Memory of the server per subscriber.
    pub(crate) memory_kib: f64,
    pub(crate) lost: u64,
    /// Whether publishing stopped early, because the server could not keep up.
    pub(crate) is_stopped: bool,
    /// Responses per second.
    pub(crate) per_second: f64,
}

impl fmt::Display for Figures {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.per_second > 0.0 {
            return write!(out, "{:.0} per second", self.per_second);
        }
        write!(
            out,
            "{:6.2} µs  p50 {:7.2} ms  p99 {:7.2} ms  {:5.1} KiB  lost {}{}",
            self.cpu_us,
            self.p50_ms,
            self.p99_ms,
            self.memory_kib,
            self.lost,
            if self.is_stopped { "  stopped" } else { "" }
        )
    }
}

/// Returns the first line of an error: some contain a whole response.
pub(crate) fn first_line(error: &io::Error) -> String {
    let text = error.to_string();
    text.lines().next().unwrap_or_default().to_owned()
}

/// What a server was measured with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Load {
    pub(crate) technique: Technique,
    /// Number of subscribers, or of connections.
    pub(crate) subscribers: usize,
}

/// All rounds of one server under one load.
pub(crate) struct Series {
    pub(crate) load: Load,
    pub(crate) name: &'static str,
    /// By the number of the round. One that failed is missing.
    pub(crate) rounds: BTreeMap<usize, Figures>,
    /// Why the others have no figures.
    pub(crate) failures: Vec<String>,
}

impl Series {
    /// Returns the spread of a figure over the rounds, or `None` if all failed.
    pub(crate) fn spread(&self, figure: fn(&Figures) -> f64) -> Option<Spread> {
        Spread::of(self.rounds.values().map(figure))
    }

    pub(crate) fn is_trifold(&self) -> bool {
        let rest = self.name.strip_prefix(TRIFOLD);
        rest.is_some_and(|rest| !rest.contains("other"))
    }
}

/// All rounds of all servers under all loads.
#[derive(Default)]
pub(crate) struct Comparison(Vec<Series>);

impl Comparison {
    /// Adds the figures of one round, or why there are none.
    pub(crate) fn add(
        &mut self,
        round: usize,
        load: Load,
        name: &'static str,
        figures: io::Result<Figures>,
    ) {
        let is_same = |series: &Series| (series.load, series.name) == (load, name);
        let index = self.0.iter().position(is_same).unwrap_or_else(|| {
            self.0.push(Series {
                load,
                name,
                rounds: BTreeMap::new(),
                failures: Vec::new(),
            });
            self.0.len() - 1
        });
        match figures {
            Ok(figures) => drop(self.0[index].rounds.insert(round, figures)),
            Err(error) => self.0[index].failures.push(first_line(&error)),
        }
    }

    /// Returns all loads, sorted.
    pub(crate) fn loads(&self) -> Vec<Load> {
        let mut loads: Vec<Load> = self.0.iter().map(|series| series.load).collect();
        loads.sort();
        loads.dedup();
        loads
    }

    /// Returns the series that `is_wanted`, in the order in which they were measured.
    pub(crate) fn select(&self, is_wanted: impl Fn(&Load) -> bool) -> Vec<&Series> {
        let wanted = self.0.iter().filter(|series| is_wanted(&series.load));
        wanted.collect()
    }

    /// Returns how many measurements of Trifold failed.
    pub(crate) fn trifold_failures(&self) -> usize {
        let trifold = self.0.iter().filter(|series| series.is_trifold());
        trifold.map(|series| series.failures.len()).sum()
    }
}

/// Median, minimum and maximum.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
}

impl Spread {
    /// Returns the spread, or `None` if there are no figures. The median of an even number is the
    /// mean of the two in the middle.
    pub(crate) fn of(figures: impl Iterator<Item = f64>) -> Option<Self> {
        let mut figures: Vec<f64> = figures.collect();
        figures.sort_by(f64::total_cmp);
        let (min, max) = (*figures.first()?, *figures.last()?);
        let middle = figures.len() / 2;
        let median = (figures[middle] + figures[(figures.len() - 1) / 2]) / 2.0;
        Some(Self { median, min, max })
    }
}
