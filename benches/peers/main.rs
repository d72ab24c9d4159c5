//! Trifold beside what a user would pick instead: the same load, the same client, interleaved
//! in one run. `benches/peers/run` installs what is needed and starts this.

mod client;
mod floor;
mod report;
mod servers;

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use clap::{Parser, ValueEnum};

use client::{Client, Load};
use report::{Measure, Report};
use servers::{
    Dialect, Longpoll, NchanLongpoll, Program, Server, Socket, SocketIoPolling,
    SocketIoSocket,
};

/// Compares Trifold with other servers, in rounds, each server in each round.
#[derive(Debug, Parser)]
struct Flags {
    /// Rounds; the figures are medians over them
    #[arg(long, default_value_t = 5)]
    rounds: usize,

    /// Techniques to compare [default: all]
    #[arg(long, value_delimiter = ',')]
    technique: Vec<Technique>,

    /// Subscribers, for each of which everything is measured
    #[arg(long, value_delimiter = ',', default_values_t = [10, 1000, 5000])]
    subscribers: Vec<usize>,

    /// Only servers whose name contains one of these
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,

    /// Another build of Trifold, measured beside this one
    #[arg(long, value_name = "FILE")]
    also: Option<PathBuf>,

    /// Writes the tables into docs/performance.md
    #[arg(long)]
    write: bool,

    /// Serves the floor; this program starts itself with it
    #[arg(long, hide = true)]
    floor: bool,

    /// What cargo adds
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Technique {
    Ws,
    Longpoll,
    Poll,
}

/// Bytes of a message, and messages a second that reach subscribers in all at most: what two
/// cores carry with room to spare, so that latency is not that of a queue.
const SIZE: usize = 100;
const DELIVERIES_A_SECOND: f64 = 20_000.0;
const MESSAGES_A_SECOND: f64 = 20.0;

/// How long is measured, and how long before it is not, in seconds.
const MEASURED: f64 = 4.0;
const WARM_UP: f64 = 1.0;

fn main() -> io::Result<()> {
    let flags = Flags::parse();
    if flags.floor {
        return floor::serve();
    }
    let mut report = Report::default();
    for round in 1..=flags.rounds {
        for technique in [Technique::Ws, Technique::Longpoll, Technique::Poll] {
            if !flags.technique.is_empty() && !flags.technique.contains(&technique) {
                continue;
            }
            eprintln!("round {round} of {}: {technique:?}", flags.rounds);
            if technique == Technique::Poll {
                empty_polls(&flags, &mut report)?;
                continue;
            }
            for &subscribers in &flags.subscribers {
                for dialect in dialects(technique, flags.also.as_deref()) {
                    if is_wanted(&flags, dialect.name(), technique, subscribers) {
                        let measure = measure(&*dialect, subscribers)?;
                        eprintln!("  {subscribers:>5} {:<18} {measure}", dialect.name());
                        report.add(technique, subscribers, dialect.name(), measure);
                    }
                }
            }
        }
    }
    let tables = report.tables();
    println!("{tables}");
    if flags.write {
        report::write(&tables)?;
    }
    Ok(())
}

fn is_wanted(
    flags: &Flags,
    name: &str,
    technique: Technique,
    subscribers: usize,
) -> bool {
    // Its latency is seconds at 1000 subscribers; 5000 would take the whole run.
    let collapses = name == "Express" && technique == Technique::Longpoll;
    (flags.only.is_empty() || flags.only.iter().any(|own| name.contains(own.as_str())))
        && !(collapses && subscribers > 1000)
}

fn dialects(technique: Technique, also: Option<&Path>) -> Vec<Box<dyn Dialect>> {
    let socket = |name, program, path| -> Box<dyn Dialect> {
        Box::new(Socket {
            name,
            program,
            path,
        })
    };
    let longpoll =
        |name, program| -> Box<dyn Dialect> { Box::new(Longpoll { name, program }) };
    let own = || Program::Trifold(PathBuf::from(env!("CARGO_BIN_EXE_trifold")));
    let mut dialects = match technique {
        Technique::Ws => vec![
            socket("floor", Program::Floor, "/"),
            socket("Trifold", own(), "/ws?since=0"),
            socket("nginx with nchan", Program::Nginx, "/subscribe"),
            socket("ws", Program::Node("ws.js"), "/"),
            Box::new(SocketIoSocket),
        ],
        Technique::Longpoll => vec![
            longpoll("Trifold", own()),
            Box::new(NchanLongpoll),
            Box::new(SocketIoPolling),
            longpoll("Express", Program::Node("express.js")),
        ],
        Technique::Poll => Vec::new(),
    };
    if let Some(also) = also {
        let program = Program::Trifold(also.to_owned());
        dialects.extend(match technique {
            Technique::Ws => Some(socket(ALSO, program, "/ws?since=0")),
            Technique::Longpoll => Some(longpoll(ALSO, program)),
            Technique::Poll => None,
        });
    }
    dialects
}

/// The name of another build.
const ALSO: &str = "Trifold, other build";

fn measure(dialect: &dyn Dialect, subscribers: usize) -> io::Result<Measure> {
    let rate = (DELIVERIES_A_SECOND / subscribers as f64).min(MESSAGES_A_SECOND);
    let load = Load {
        subscribers,
        rate,
        messages: (rate * MEASURED) as usize,
        warm_up: (rate * WARM_UP) as usize,
        size: SIZE,
    };
    let server = Server::start(&dialect.server())?;
    std::thread::sleep(Duration::from_millis(300));
    let empty = server.memory();
    let mut client = Client::open(dialect, server.address, subscribers)?;
    std::thread::sleep(Duration::from_millis(500)); // what is held by then is held
    let full = server.memory();
    let mut before = 0;
    let outcome = client.run(load, || before = server.cpu())?;
    let spent = server.cpu() - before;
    Ok(Measure {
        cpu_us: spent as f64 / 1000.0 / outcome.delivered as f64,
        p50_ms: outcome.latency.value_at_quantile(0.5) as f64 / 1e6,
        p99_ms: outcome.latency.value_at_quantile(0.99) as f64 / 1e6,
        memory_kib: (full as f64 - empty as f64) / 1024.0 / subscribers as f64,
        lost: outcome.lost,
        per_second: outcome.delivered as f64 / outcome.took.as_secs_f64(),
    })
}

/// How many empty polls a second one server answers; wrk asks.
fn empty_polls(flags: &Flags, report: &mut Report) -> io::Result<()> {
    let own = PathBuf::from(env!("CARGO_BIN_EXE_trifold"));
    let mut servers = vec![
        ("nginx, a constant", Program::Nginx, "/constant"),
        ("Trifold", Program::Trifold(own), "/poll?since=0"),
        ("Express", Program::Node("express.js"), "/poll?since=0"),
    ];
    if let Some(also) = &flags.also {
        servers.push((ALSO, Program::Trifold(also.clone()), "/poll?since=0"));
    }
    for (name, program, path) in servers {
        if !is_wanted(flags, name, Technique::Poll, 0) {
            continue;
        }
        let server = Server::start(&program)?;
        let url = format!("http://{}{path}", server.address);
        let output = Command::new("wrk")
            .args(["-t1", "-c64", "-d5s", &url])
            .output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        let per_second = text
            .lines()
            .find_map(|line| line.strip_prefix("Requests/sec:"))
            .and_then(|figure| figure.trim().parse::<f64>().ok())
            .filter(|_| !text.contains("Non-2xx"))
            .ok_or_else(|| io::Error::other(format!("wrk said {text}")))?;
        eprintln!("        {name:<18} {per_second:.0} a second");
        let measure = Measure {
            per_second,
            ..Measure::default()
        };
        report.add(Technique::Poll, 64, name, measure);
    }
    Ok(())
}
