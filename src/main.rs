//! Trifold's program: reads the flags, makes one log, serves it. `trifold load` measures.

use std::io;
use std::process::ExitCode;

use actix_web::web;
use clap::Parser;
use env_logger::Env;
use trifold::options::{Command, CommandLine};
use trifold::{Options, Sequencer, load};

/// What is logged where `RUST_LOG` does not say: what happened, and not that actix-http saw a
/// connection end, which clients do all the time and the simulated network on purpose.
const LOGGED: &str = "info,actix_server=warn,actix_http::h1=off";

/// It keeps what is small together, apart from actix's buffers: a held poll takes a third less
/// memory than with the C library's allocator.
#[cfg(all(target_os = "linux", feature = "jemalloc"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    let CommandLine { command, serve } = CommandLine::parse();
    match command {
        Some(Command::Load(load)) => load::main(&load),
        None => match actix_web::rt::System::new().block_on(run(serve)) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("error: {error}");
                ExitCode::FAILURE
            }
        },
    }
}

async fn run(options: Options) -> io::Result<()> {
    env_logger::Builder::from_env(Env::default().default_filter_or(LOGGED)).init();

    let sequencer = web::Data::new(Sequencer::open(&options)?);
    let listen = options.listen;
    let bound = trifold::bind(options, sequencer.clone(), stop());
    let (server, address) = bound.map_err(|error| {
        io::Error::new(error.kind(), format!("cannot listen on {listen}: {error}"))
    })?;
    println!("listening on http://{address}");
    server.await?;
    sequencer.end().await;
    Ok(())
}

/// Resolves when the process is asked to end: Ctrl-C, or SIGTERM where there are signals.
async fn stop() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            },
            Err(error) => {
                log::warn!("SIGTERM will not be noticed: {error}");
                let _ = tokio::signal::ctrl_c().await;
            }
        }
    }
    #[cfg(not(unix))]
    let _ = tokio::signal::ctrl_c().await;
    log::info!("stopping");
}
