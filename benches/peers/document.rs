//! Writes the tables and the charts into the documentation.

use std::{fs, io};

use crate::chart;
use crate::figures::{Comparison, Technique};

/// A chart: its file in docs/, its text for readers who cannot see it, and what it shows.
struct Chart {
    file: &'static str,
    text: &'static str,
    techniques: &'static [Technique],
}

const CHARTS: [Chart; 2] = [
    Chart {
        file: "peers-websocket.svg",
        text: "WebSocket: CPU time per delivery and p99 latency over the number of subscribers",
        techniques: &[Technique::Ws],
    },
    Chart {
        file: "peers-longpoll.svg",
        text: "Long poll: CPU time per delivery and p99 latency over the number of subscribers",
        techniques: &[Technique::Longpoll],
    },
];

const OVERVIEW: Chart = Chart {
    file: "peers.svg",
    text: "Trifold and other servers: CPU time per delivery and p99 latency over the number of \
           subscribers, for WebSockets and long polls",
    techniques: &[Technique::Ws, Technique::Longpoll],
};

/// Writes the charts to docs/, and the tables and links to the charts to docs/performance.md and
/// README.md.
///
/// # Errors
/// When a file cannot be written, or a document lacks the comments around its part.
pub(crate) fn write(comparison: &Comparison, tables: &str) -> io::Result<()> {
    let mut images = String::new();
    for chart in &CHARTS {
        draw(comparison, chart)?;
        let Chart { text, file, .. } = chart;
        images += &format!("![{text}]({file})\n\n");
    }
    draw(comparison, &OVERVIEW)?;
    let Chart { text, file, .. } = OVERVIEW;
    let link = "docs/performance.md#comparison-with-other-servers";
    let overview = format!("[![{text}](docs/{file})]({link})");
    replace("README.md", "chart", &format!("{overview}\n"))?;
    replace(
        "docs/performance.md",
        "tables",
        &format!("\n{images}{tables}"),
    )
}

fn draw(comparison: &Comparison, chart: &Chart) -> io::Result<()> {
    let svg = chart::svg(comparison, chart.techniques)?;
    fs::write(path(&format!("docs/{}", chart.file)), svg)
}

fn path(file: &str) -> String {
    format!("{}/{file}", env!("CARGO_MANIFEST_DIR"))
}

/// Replaces what is between the comments of this name in a document.
fn replace(file: &str, name: &str, text: &str) -> io::Result<()> {
    let document = fs::read_to_string(path(file))?;
    let begin = format!("<!-- the {name} of benches/peers begin -->\n");
    let end = format!("<!-- the {name} of benches/peers end -->");
    let parts = document
        .split_once(&begin)
        .and_then(|(before, rest)| Some((before, rest.split_once(&end)?.1)));
    let (before, after) = parts.ok_or_else(|| {
        let what = "a part of it is replaced, and must be between the lines";
        io::Error::other(format!("{file}: {what} {begin}{end}"))
    })?;
    fs::write(path(file), format!("{before}{begin}{text}{end}{after}"))
}
