//! The tables: medians over the rounds with their spread, and ratios within each round.

use std::fmt::{self, Write};
use std::{fs, io};

use clap::ValueEnum;

/// How subscribers receive messages, in the order of the tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum PeerTransport {
    Ws,
    Longpoll,
    Poll,
}

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
    /// Deliveries, or responses, per second.
    pub(crate) per_second: f64,
}

impl fmt::Display for Figures {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "{:6.2} µs  p50 {:7.2} ms  p99 {:7.2} ms  {:5.1} KiB  {:.0}/s  lost {}",
            self.cpu_us,
            self.p50_ms,
            self.p99_ms,
            self.memory_kib,
            self.per_second,
            self.lost
        )
    }
}

/// All rounds of one server under one load.
struct Series {
    transport: PeerTransport,
    subscribers: usize,
    name: &'static str,
    rounds: Vec<Figures>,
}

/// All rounds of all servers under all loads.
#[derive(Default)]
pub(crate) struct Comparison(Vec<Series>);

/// A column: its title, its figure, and the number of decimals.
type Column = (&'static str, fn(&Figures) -> f64, usize);

const COLUMNS: [Column; 4] = [
    ("CPU µs per delivery", |figures| figures.cpu_us, 2),
    ("p50 ms", |figures| figures.p50_ms, 2),
    ("p99 ms", |figures| figures.p99_ms, 2),
    ("KiB per client", |figures| figures.memory_kib, 1),
];

const POLL_COLUMNS: [Column; 1] =
    [("responses per second", |figures| figures.per_second, 0)];

impl Comparison {
    pub(crate) fn add(
        &mut self,
        transport: PeerTransport,
        subscribers: usize,
        name: &'static str,
        figures: Figures,
    ) {
        let existing = self.0.iter_mut().find(|series| {
            (series.transport, series.subscribers, series.name)
                == (transport, subscribers, name)
        });
        match existing {
            Some(series) => series.rounds.push(figures),
            None => self.0.push(Series {
                transport,
                subscribers,
                name,
                rounds: vec![figures],
            }),
        }
    }

    /// Returns the tables as Markdown: median, minimum and maximum of all rounds; below them
    /// Trifold's figures divided by those of each other server in the same round.
    pub(crate) fn tables(&self) -> String {
        let mut text = String::new();
        let mut loads: Vec<(PeerTransport, usize)> = Vec::new();
        for series in &self.0 {
            if !loads.contains(&(series.transport, series.subscribers)) {
                loads.push((series.transport, series.subscribers));
            }
        }
        loads.sort();
        for (transport, subscribers) in loads {
            let title = match transport {
                PeerTransport::Ws => format!("WebSocket, {subscribers} subscribers"),
                PeerTransport::Longpoll => {
                    format!("Long poll, {subscribers} subscribers")
                }
                PeerTransport::Poll => format!("Empty polls, {subscribers} connections"),
            };
            let columns: &[Column] = match transport {
                PeerTransport::Poll => &POLL_COLUMNS,
                _ => &COLUMNS,
            };
            let series: Vec<&Series> = self
                .0
                .iter()
                .filter(|series| {
                    (series.transport, series.subscribers) == (transport, subscribers)
                })
                .collect();
            let _ = table(&mut text, &title, columns, &series);
        }
        text
    }
}

fn table(
    out: &mut String,
    title: &str,
    columns: &[Column],
    series: &[&Series],
) -> fmt::Result {
    let rounds = series.first().map_or(0, |first| first.rounds.len());
    writeln!(
        out,
        "#### {title}\n\n{rounds} rounds; median (minimum to maximum).\n"
    )?;
    write!(out, "| server |")?;
    for (title, ..) in columns {
        write!(out, " {title} |")?;
    }
    write!(out, " lost |\n|---|")?;
    writeln!(out, "{}---:|", "---:|".repeat(columns.len()))?;
    for server in series {
        let lost: u64 = server.rounds.iter().map(|round| round.lost).sum();
        write!(out, "| {} |", server.name)?;
        for (_, figure, digits) in columns {
            write!(
                out,
                " {} |",
                spread(server.rounds.iter().map(figure), *digits)
            )?;
        }
        writeln!(out, " {lost} |")?;
    }
    let Some(trifold) = series.iter().find(|server| server.name == "Trifold") else {
        return writeln!(out);
    };
    for other in series.iter().filter(|server| server.name != "Trifold") {
        write!(out, "| *Trifold ÷ {}* |", other.name)?;
        for (_, figure, _) in columns {
            let pairs = trifold.rounds.iter().zip(&other.rounds);
            let ratios = pairs
                .filter(|(_, other)| figure(other) > MIN_DIVISOR)
                .map(|(trifold, other)| figure(trifold) / figure(other));
            write!(out, " {} |", spread(ratios, 2))?;
        }
        writeln!(out, " |")?;
    }
    writeln!(out)
}

/// Figures below this count as zero, and are not used as divisors.
const MIN_DIVISOR: f64 = 0.05;

/// Formats median, minimum and maximum.
fn spread(figures: impl Iterator<Item = f64>, digits: usize) -> String {
    let mut figures: Vec<f64> = figures.collect();
    figures.sort_by(f64::total_cmp);
    let (Some(min), Some(max)) = (figures.first(), figures.last()) else {
        return "–".to_owned();
    };
    let median = figures[figures.len() / 2];
    format!("**{median:.digits$}** ({min:.digits$} to {max:.digits$})")
}

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/performance.md");
const BEGIN: &str = "<!-- the tables of benches/peers begin -->\n";
const END: &str = "<!-- the tables of benches/peers end -->";

/// Replaces the tables in docs/performance.md.
///
/// # Errors
/// When the file cannot be written, or the comments around the tables are missing.
pub(crate) fn write(tables: &str) -> io::Result<()> {
    let document = fs::read_to_string(DOCUMENT)?;
    let parts = document
        .split_once(BEGIN)
        .and_then(|(before, rest)| Some((before, rest.split_once(END)?.1)));
    let (before, after) = parts.ok_or_else(|| {
        io::Error::other(format!("{DOCUMENT} lacks the comments around the tables"))
    })?;
    fs::write(DOCUMENT, format!("{before}{BEGIN}\n{tables}{END}{after}"))
}
