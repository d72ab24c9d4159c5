//! The program: parses the command line, then serves or measures.

use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;

use trifold::cli::{Cli, Command};
use trifold::diagnostics::Diagnostics;
use trifold::journal::LogWriter;
use trifold::load;
use trifold::server::{self, ServerConfig};

/// The default of `RUST_LOG`. actix-http logs every connection that ends early, which clients
/// cause all the time and the simulated network on purpose.
const DEFAULT_LOG_FILTER: &str = "info,actix_server=warn,actix_http::h1=off";

/// jemalloc keeps small allocations together, apart from actix's buffers: a long poll in flight takes
/// 8.6 KiB with it and 13.2 KiB with glibc's allocator.
#[cfg(all(target_os = "linux", feature = "jemalloc"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    let Cli { command, serve } = Cli::from_env();
    match command {
        Some(Command::Load(load)) => load::main(&load),
        None => match actix_web::rt::System::new().block_on(run(serve.into())) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("error: {error}");
                ExitCode::FAILURE
            }
        },
    }
}

async fn run(config: ServerConfig) -> io::Result<()> {
    let diagnostics = Diagnostics::install(DEFAULT_LOG_FILTER)?;
    let result = run_server(config).await;
    diagnostics.flush();
    result
}

async fn run_server(config: ServerConfig) -> io::Result<()> {
    let writer = LogWriter::open(&config.journal, config.retention).await?;
    let writer = Arc::new(writer);
    let listen = config.listen;
    let bound = server::bind(config, writer.clone(), stop_signal());
    let (server, address) = match bound {
        Ok(bound) => bound,
        Err(error) => {
            writer.close().await;
            let reason = format!("cannot listen on {listen}: {error}");
            return Err(io::Error::new(error.kind(), reason));
        }
    };
    // Standard output may be closed or full.
    if let Err(error) = writeln!(io::stdout(), "listening on http://{address}") {
        log::warn!(
            "listening on http://{address}; cannot write to standard output: {error}"
        );
    }
    server.await?;
    writer.close().await;
    Ok(())
}

/// Resolves when the process is asked to stop: Ctrl-C or, on Unix, SIGTERM.
async fn stop_signal() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            },
            Err(error) => {
                log::warn!("cannot handle SIGTERM: {error}");
                let _ = tokio::signal::ctrl_c().await;
            }
        }
    }
    #[cfg(not(unix))]
    let _ = tokio::signal::ctrl_c().await;
    log::info!("stopping");
}
