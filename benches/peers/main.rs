//! Compares Trifold with the servers that a user would choose instead: the same load, the same
//! client, interleaved in one run. `benches/peers/run` installs what is needed and starts this.

mod baseline;
mod client;
mod protocols;
mod report;
mod server;

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use clap::Parser;

use client::{PeerClient, Workload};
use protocols::{
    Longpoll, NchanLongpoll, Protocol, SocketIoPolling, SocketIoWebSocket, WebSocket,
};
use report::{Comparison, Figures, PeerTransport};
use server::{Program, Server};

/// Compares Trifold with other servers, in rounds, each server in each round.
#[derive(Debug, Parser)]
struct Args {
    /// Number of rounds; the figures are medians over them
    #[arg(long, default_value_t = 5)]
    rounds: usize,

    /// Transports to compare [default: all]
    #[arg(long, value_delimiter = ',')]
    transport: Vec<PeerTransport>,

    /// Numbers of subscribers, each of which is measured
    #[arg(long, value_delimiter = ',', default_values_t = [10, 1000, 5000])]
    subscribers: Vec<usize>,

    /// Measure only servers whose name contains one of these
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,

    /// Measure another build of Trifold, too
    #[arg(long, value_name = "FILE")]
    also: Option<PathBuf>,

    /// Write the tables to docs/performance.md
    #[arg(long)]
    write: bool,

    /// Run the baseline server; this program starts itself with it
    #[arg(long, hide = true)]
    baseline: bool,

    /// Added by cargo
    #[arg(long, hide = true)]
    bench: bool,
}

/// Bytes of a message.
const MESSAGE_BYTES: usize = 100;

/// Maximum rates of deliveries and of messages: less than two cores can do, so that latency is not
/// that of a queue.
const MAX_DELIVERIES_PER_SECOND: f64 = 20_000.0;
const MAX_MESSAGES_PER_SECOND: f64 = 20.0;

/// Durations of the measurement and of the warm-up before it.
const MEASURED_SECONDS: f64 = 4.0;
const WARM_UP_SECONDS: f64 = 1.0;

/// Name of another build of Trifold in the tables.
const OTHER_BUILD: &str = "Trifold, other build";

fn main() -> io::Result<()> {
    let args = Args::parse();
    if args.baseline {
        return baseline::serve();
    }
    let mut report = Comparison::default();
    for round in 1..=args.rounds {
        for transport in [
            PeerTransport::Ws,
            PeerTransport::Longpoll,
            PeerTransport::Poll,
        ] {
            if !args.transport.is_empty() && !args.transport.contains(&transport) {
                continue;
            }
            eprintln!("round {round} of {}: {transport:?}", args.rounds);
            if transport == PeerTransport::Poll {
                empty_polls(&args, &mut report)?;
                continue;
            }
            for &subscribers in &args.subscribers {
                for protocol in protocols(transport, args.also.as_deref()) {
                    if is_selected(&args, protocol.name(), transport, subscribers) {
                        let figures = measure(&*protocol, subscribers)?;
                        eprintln!("  {subscribers:>5} {:<20} {figures}", protocol.name());
                        report.add(transport, subscribers, protocol.name(), figures);
                    }
                }
            }
        }
    }
    let tables = report.tables();
    println!("{tables}");
    if args.write {
        report::write(&tables)?;
    }
    Ok(())
}

fn is_selected(
    args: &Args,
    name: &str,
    transport: PeerTransport,
    subscribers: usize,
) -> bool {
    // Its latency is seconds at 1000 subscribers; 5000 would take the whole run.
    let collapses = name == "Express" && transport == PeerTransport::Longpoll;
    (args.only.is_empty() || args.only.iter().any(|part| name.contains(part.as_str())))
        && !(collapses && subscribers > 1000)
}

fn protocols(transport: PeerTransport, also: Option<&Path>) -> Vec<Box<dyn Protocol>> {
    let socket = |name, program, path| -> Box<dyn Protocol> {
        Box::new(WebSocket {
            name,
            program,
            path,
        })
    };
    let longpoll =
        |name, program| -> Box<dyn Protocol> { Box::new(Longpoll { name, program }) };
    let trifold = || Program::Trifold(PathBuf::from(env!("CARGO_BIN_EXE_trifold")));
    let mut protocols = match transport {
        PeerTransport::Ws => vec![
            socket("baseline", Program::Baseline, "/"),
            socket("Trifold", trifold(), "/ws?since=0"),
            socket("nginx with nchan", Program::Nginx, "/subscribe"),
            socket("ws", Program::Node("ws.js"), "/"),
            Box::new(SocketIoWebSocket),
        ],
        PeerTransport::Longpoll => vec![
            longpoll("Trifold", trifold()),
            Box::new(NchanLongpoll),
            Box::new(SocketIoPolling),
            longpoll("Express", Program::Node("express.js")),
        ],
        PeerTransport::Poll => Vec::new(),
    };
    if let Some(also) = also {
        let program = Program::Trifold(also.to_owned());
        protocols.extend(match transport {
            PeerTransport::Ws => Some(socket(OTHER_BUILD, program, "/ws?since=0")),
            PeerTransport::Longpoll => Some(longpoll(OTHER_BUILD, program)),
            PeerTransport::Poll => None,
        });
    }
    protocols
}

fn measure(protocol: &dyn Protocol, subscribers: usize) -> io::Result<Figures> {
    let rate =
        (MAX_DELIVERIES_PER_SECOND / subscribers as f64).min(MAX_MESSAGES_PER_SECOND);
    let workload = Workload {
        subscribers,
        rate,
        messages: (rate * MEASURED_SECONDS) as usize,
        warm_up: (rate * WARM_UP_SECONDS) as usize,
        message_bytes: MESSAGE_BYTES,
    };
    let server = Server::start(&protocol.server())?;
    std::thread::sleep(Duration::from_millis(300));
    let empty = server.memory();
    let mut client = PeerClient::open(protocol, server.address, subscribers)?;
    std::thread::sleep(Duration::from_millis(500)); // let the last subscribers arrive
    let full = server.memory();
    let mut before = 0;
    let result = client.run(workload, || before = server.cpu())?;
    let spent = server.cpu() - before;
    Ok(Figures {
        cpu_us: spent as f64 / 1000.0 / result.delivered as f64,
        p50_ms: result.latency.value_at_quantile(0.5) as f64 / 1e6,
        p99_ms: result.latency.value_at_quantile(0.99) as f64 / 1e6,
        memory_kib: (full as f64 - empty as f64) / 1024.0 / subscribers as f64,
        lost: result.lost,
        per_second: result.delivered as f64 / result.elapsed.as_secs_f64(),
    })
}

/// Measures how many empty polls per second each server can serve, with wrk.
fn empty_polls(args: &Args, report: &mut Comparison) -> io::Result<()> {
    let trifold = PathBuf::from(env!("CARGO_BIN_EXE_trifold"));
    let mut servers = vec![
        ("nginx, a constant", Program::Nginx, "/constant"),
        ("Trifold", Program::Trifold(trifold), "/poll?since=0"),
        ("Express", Program::Node("express.js"), "/poll?since=0"),
    ];
    if let Some(also) = &args.also {
        servers.push((OTHER_BUILD, Program::Trifold(also.clone()), "/poll?since=0"));
    }
    for (name, program, path) in servers {
        if !is_selected(args, name, PeerTransport::Poll, 0) {
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
            .ok_or_else(|| io::Error::other(format!("wrk printed {text}")))?;
        eprintln!("        {name:<20} {per_second:.0} per second");
        let figures = Figures {
            per_second,
            ..Figures::default()
        };
        report.add(PeerTransport::Poll, 64, name, figures);
    }
    Ok(())
}
