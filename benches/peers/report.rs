//! Medians over the rounds, with their spread, and ratios taken within each round.

use std::fmt::{self, Write};
use std::{fs, io};

use crate::Technique;

/// One server under one load, in one round.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Measure {
    /// Processor time of the server for each message delivered to a subscriber.
    pub(crate) cpu_us: f64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    /// Memory that each subscriber takes in the server.
    pub(crate) memory_kib: f64,
    pub(crate) lost: u64,
    /// Deliveries, or answers, a second.
    pub(crate) per_second: f64,
}

impl fmt::Display for Measure {
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
    technique: Technique,
    subscribers: usize,
    name: &'static str,
    rounds: Vec<Measure>,
}

/// Everything that was measured.
#[derive(Default)]
pub(crate) struct Report(Vec<Series>);

/// A column: its title, its figure, and how it is written.
type Column = (&'static str, fn(&Measure) -> f64, usize);

const COLUMNS: [Column; 4] = [
    ("CPU µs a delivery", |own| own.cpu_us, 2),
    ("p50 ms", |own| own.p50_ms, 2),
    ("p99 ms", |own| own.p99_ms, 2),
    ("KiB a client", |own| own.memory_kib, 1),
];

const POLLS: [Column; 1] = [("answers a second", |own| own.per_second, 0)];

impl Report {
    pub(crate) fn add(
        &mut self,
        technique: Technique,
        subscribers: usize,
        name: &'static str,
        measure: Measure,
    ) {
        let known = self.0.iter_mut().find(|own| {
            (own.technique, own.subscribers, own.name) == (technique, subscribers, name)
        });
        match known {
            Some(series) => series.rounds.push(measure),
            None => self.0.push(Series {
                technique,
                subscribers,
                name,
                rounds: vec![measure],
            }),
        }
    }

    /// The tables, as Markdown: a median and the least and most of all rounds; below, Trifold's
    /// figure divided by each other server's of the same round.
    pub(crate) fn tables(&self) -> String {
        let mut text = String::new();
        let mut loads: Vec<(Technique, usize)> = Vec::new();
        for own in &self.0 {
            if !loads.contains(&(own.technique, own.subscribers)) {
                loads.push((own.technique, own.subscribers));
            }
        }
        loads.sort_by_key(|&(technique, subscribers)| (technique as u8, subscribers));
        for (technique, subscribers) in loads {
            let title = match technique {
                Technique::Ws => format!("WebSocket, {subscribers} subscribers"),
                Technique::Longpoll => format!("Long poll, {subscribers} subscribers"),
                Technique::Poll => format!("Empty polls, {subscribers} connections"),
            };
            let columns: &[Column] = match technique {
                Technique::Poll => &POLLS,
                _ => &COLUMNS,
            };
            let series: Vec<&Series> = self
                .0
                .iter()
                .filter(|own| {
                    (own.technique, own.subscribers) == (technique, subscribers)
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
    let rounds = series.first().map_or(0, |own| own.rounds.len());
    writeln!(
        out,
        "#### {title}\n\n{rounds} rounds; median (least to most).\n"
    )?;
    write!(out, "| server |")?;
    for (title, ..) in columns {
        write!(out, " {title} |")?;
    }
    write!(out, " lost |\n|---|")?;
    writeln!(out, "{}---:|", "---:|".repeat(columns.len()))?;
    for own in series {
        let lost: u64 = own.rounds.iter().map(|round| round.lost).sum();
        write!(out, "| {} |", own.name)?;
        for (_, figure, digits) in columns {
            write!(out, " {} |", spread(own.rounds.iter().map(figure), *digits))?;
        }
        writeln!(out, " {lost} |")?;
    }
    let Some(ours) = series.iter().find(|own| own.name == "Trifold") else {
        return writeln!(out);
    };
    for other in series.iter().filter(|own| own.name != "Trifold") {
        write!(out, "| *Trifold ÷ {}* |", other.name)?;
        for (_, figure, _) in columns {
            let pairs = ours.rounds.iter().zip(&other.rounds);
            let ratios = pairs
                .filter(|(_, theirs)| figure(theirs) > NOTHING)
                .map(|(ours, theirs)| figure(ours) / figure(theirs));
            write!(out, " {} |", spread(ratios, 2))?;
        }
        writeln!(out, " |")?;
    }
    writeln!(out)
}

/// Below this a figure is none, and nothing is divided by it.
const NOTHING: f64 = 0.05;

/// A median, and the least and most beside it.
fn spread(figures: impl Iterator<Item = f64>, digits: usize) -> String {
    let mut figures: Vec<f64> = figures.collect();
    figures.sort_by(f64::total_cmp);
    let (Some(least), Some(most)) = (figures.first(), figures.last()) else {
        return "–".to_owned();
    };
    let median = figures[figures.len() / 2];
    format!("**{median:.digits$}** ({least:.digits$} to {most:.digits$})")
}

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/performance.md");
const BEGIN: &str = "<!-- the tables of benches/peers begin -->\n";
const END: &str = "<!-- the tables of benches/peers end -->";

/// Puts the tables where docs/performance.md has them.
///
/// # Errors
/// When the file has no place for them.
pub(crate) fn write(tables: &str) -> io::Result<()> {
    let page = fs::read_to_string(PAGE)?;
    let parts = page
        .split_once(BEGIN)
        .and_then(|(before, rest)| Some((before, rest.split_once(END)?.1)));
    let (before, after) =
        parts.ok_or_else(|| io::Error::other(format!("{PAGE} has no place for them")))?;
    fs::write(PAGE, format!("{before}{BEGIN}\n{tables}{END}{after}"))
}
