//! The tables: medians over the rounds with their spread, and ratios within each round.

use std::fmt::{self, Write};

use crate::figures::{Comparison, Figures, Load, Series, Spread, Technique};

/// A column: its title, its figure, and the number of decimals.
type Column = (&'static str, fn(&Figures) -> f64, usize);

const COLUMNS: [Column; 4] = [
    ("CPU µs per delivery", |figures| figures.cpu_us, 2),
    ("p50 ms", |figures| figures.p50_ms, 2),
    ("p99 ms", |figures| figures.p99_ms, 2),
    ("KiB per client", |figures| figures.memory_kib, 1),
];

const THROUGHPUT: [Column; 1] =
    [("responses per second", |figures| figures.per_second, 0)];

/// Returns the tables as Markdown: median, minimum and maximum of all rounds; below them
/// Trifold's figures divided by those of each other server in the same round.
pub(crate) fn tables(comparison: &Comparison, versions: &[(String, String)]) -> String {
    let mut text = String::from("#### Versions\n\n| | version |\n|---|---|\n");
    for (name, version) in versions {
        let _ = writeln!(text, "| {name} | {version} |");
    }
    for load in comparison.loads() {
        let series = comparison.select(|other| *other == load);
        let _ = table(&mut text, load, &series);
    }
    text.push('\n');
    text
}

fn table(out: &mut String, load: Load, series: &[&Series]) -> fmt::Result {
    let title = load.technique.title();
    let (columns, unit): (&[Column], _) = match load.technique {
        Technique::Poll | Technique::Publish => (&THROUGHPUT, "connections"),
        Technique::Ws | Technique::Longpoll => (&COLUMNS, "subscribers"),
    };
    let count = |series: &&Series| series.rounds.len() + series.failures.len();
    let rounds = series.iter().map(count).max().unwrap_or_default();
    writeln!(out, "\n#### {title}, {} {unit}\n", load.subscribers)?;
    writeln!(out, "Rounds: {rounds}; median (minimum to maximum).\n")?;
    let titles: Vec<_> = columns.iter().map(|(title, ..)| *title).collect();
    let has_losses = columns.len() > 1;
    let lost = if has_losses { " lost |" } else { "" };
    writeln!(out, "| server | {} |{lost}", titles.join(" | "))?;
    let count = columns.len() + usize::from(has_losses);
    writeln!(out, "|---|{}", "---:|".repeat(count))?;
    for server in series {
        write!(out, "| {} |", server.name)?;
        for (_, figure, digits) in columns {
            write!(out, " {} |", show(server.spread(*figure), *digits))?;
        }
        if has_losses {
            let lost: u64 = server.rounds.values().map(|round| round.lost).sum();
            write!(out, " {lost} |")?;
        }
        writeln!(out)?;
    }
    for trifold in series.iter().filter(|server| server.is_trifold()) {
        for other in series.iter().filter(|server| !server.is_trifold()) {
            ratios(out, columns, trifold, other)?;
        }
    }
    series.iter().try_for_each(|server| remarks(out, server))
}

fn ratios(
    out: &mut String,
    columns: &[Column],
    trifold: &Series,
    other: &Series,
) -> fmt::Result {
    write!(out, "| *{} ÷ {}* |", trifold.name, other.name)?;
    for (_, figure, _) in columns {
        let pairs = other.rounds.iter().filter_map(|(round, other)| {
            Some((figure(trifold.rounds.get(round)?), figure(other)))
        });
        let ratios = pairs
            .filter(|(_, other)| *other > MIN_DIVISOR)
            .map(|(trifold, other)| trifold / other);
        write!(out, " {} |", show(Spread::of(ratios), 2))?;
    }
    writeln!(out, "{}", if columns.len() > 1 { " |" } else { "" })
}

/// Writes what the figures of a server do not show.
fn remarks(out: &mut String, server: &Series) -> fmt::Result {
    let is_stopped = |round: &&Figures| round.is_stopped;
    let stopped = server.rounds.values().filter(is_stopped).count();
    if stopped > 0 {
        let what = "did not keep up: publishing stopped when a message was 2 s late";
        writeln!(out, "\n{} {what} (rounds: {stopped}).", server.name)?;
    }
    if let Some(last) = server.failures.last() {
        let count = server.failures.len();
        writeln!(out, "\n{} failed (rounds: {count}): {last}", server.name)?;
    }
    Ok(())
}

/// Figures below this count as zero, and are not used as divisors.
const MIN_DIVISOR: f64 = 0.05;

fn show(spread: Option<Spread>, digits: usize) -> String {
    match spread {
        None => "–".to_owned(),
        Some(Spread { median, min, max }) => {
            format!("**{median:.digits$}** ({min:.digits$} to {max:.digits$})")
        }
    }
}
