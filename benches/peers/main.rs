//! Compares Trifold with the servers that a user would choose instead: the same load, the same
//! client, interleaved in one run. `benches/peers/run` installs what is needed and starts this.
//!
//! - `args`, `peers`, `workload`: the command line; which servers are compared; what is published
//! - `program`, `server`, `baseline`, `axum_server`: how servers are started; two that are built in
//! - `protocol`, `websocket`, `longpoll`: how subscribers subscribe
//! - `client`, `subscriber`, `publisher`, `measurement`: the client, and one measurement
//! - `throughput`: requests per second, with wrk
//! - `figures`, `report`, `versions`, `chart`, `chart_style`, `document`: the results

mod args;
mod axum_server;
mod baseline;
mod chart;
mod chart_style;
mod client;
mod document;
mod figures;
mod longpoll;
mod measurement;
mod peers;
mod program;
mod protocol;
mod publisher;
mod report;
mod server;
mod subscriber;
mod throughput;
mod versions;
mod websocket;
mod workload;

use std::io;

use clap::Parser;

use args::Args;
use client::PeerClient;
use figures::{Comparison, Figures, Load, TRIFOLD, Technique, first_line};
use peers::{OTHER_BUILD, protocols, trifold};
use program::{OwnServer, Program};
use protocol::Protocol;
use server::Server;
use throughput::{CONNECTIONS, Throughput};
use workload::Workload;

fn main() -> io::Result<()> {
    let args = Args::parse();
    match args.serve {
        Some(OwnServer::Baseline) => return baseline::serve(),
        Some(OwnServer::Axum) => return axum_server::serve(),
        None => {}
    }
    let mut comparison = Comparison::default();
    for round in 1..=args.rounds() {
        for technique in Technique::ALL {
            if args.includes(technique) {
                eprintln!("round {round} of {}: {}", args.rounds(), technique.title());
                measure_all(&args, technique, round, &mut comparison);
            }
        }
    }
    let tables = report::tables(&comparison, &versions::versions());
    println!("{tables}");
    if args.write {
        document::write(&comparison, &tables)?;
    }
    match comparison.trifold_failures() {
        0 => Ok(()),
        count => {
            let what = "measurements of Trifold failed; they are listed above";
            Err(io::Error::other(format!("{count} {what}")))
        }
    }
}

/// Measures every server once with this technique.
fn measure_all(
    args: &Args,
    technique: Technique,
    round: usize,
    comparison: &mut Comparison,
) {
    let mut add = |subscribers, name, figures: io::Result<Figures>| {
        match &figures {
            Ok(figures) => eprintln!("  {subscribers:>5} {name:<20} {figures}"),
            Err(error) => {
                eprintln!(
                    "  {subscribers:>5} {name:<20} failed: {}",
                    first_line(error)
                );
            }
        }
        let load = Load {
            technique,
            subscribers,
        };
        comparison.add(round, load, name, figures);
    };
    for subscribers in args.subscribers() {
        for protocol in protocols(technique, args.also.as_deref()) {
            if args.selects(protocol.name()) {
                let workload = Workload::new(subscribers, args.seconds());
                add(subscribers, protocol.name(), measure(&*protocol, workload));
            }
        }
    }
    for (name, program, load) in throughputs(args, technique) {
        if args.selects(name) {
            let figures = throughput::measure(&program, load, args.seconds() as u32);
            add(CONNECTIONS, name, figures);
        }
    }
}

/// Returns the servers whose requests per second are measured.
fn throughputs(args: &Args, technique: Technique) -> Vec<Throughput> {
    let mut servers = match technique {
        Technique::Poll => throughput::polls(trifold()),
        Technique::Publish => throughput::publishing(trifold()),
        Technique::Ws | Technique::Longpoll => Vec::new(),
    };
    if let Some(also) = &args.also {
        let this = servers.iter().find(|(name, ..)| name.starts_with(TRIFOLD));
        let load = this.map(|(.., load)| *load);
        let program = Program::Trifold(also.clone());
        servers.extend(load.map(|load| (OTHER_BUILD, program, load)));
    }
    servers
}

/// Starts a server and measures it.
fn measure(protocol: &dyn Protocol, workload: Workload) -> io::Result<Figures> {
    let subscribers = workload.subscribers;
    let server = Server::start(&protocol.server())?;
    server.settle();
    let empty = server.memory();
    let mut client = PeerClient::open(protocol, server.address, subscribers)?;
    server.settle();
    let full = server.memory();
    let mut before = 0;
    let result = client.run(workload, || before = server.cpu())?;
    let spent = server.cpu() - before;
    if result.latency.is_empty() {
        let what = format!("none of {} messages was delivered", workload.messages);
        return Err(io::Error::other(what));
    }
    Ok(Figures {
        cpu_us: spent as f64 / 1000.0 / result.delivered as f64,
        p50_ms: result.latency.value_at_quantile(0.5) as f64 / 1e6,
        p99_ms: result.latency.value_at_quantile(0.99) as f64 / 1e6,
        memory_kib: (full as f64 - empty as f64) / 1024.0 / subscribers as f64,
        lost: result.lost,
        is_stopped: result.is_stopped,
        per_second: 0.0,
    })
}
