//! The command line reports where the server listens, or why it cannot.

use crate::common;

use std::process::Stdio;

use common::{Program, RawConnection};

#[tokio::test]
async fn first_line_is_listen_address() {
    let program = Program::start(&[]);
    assert_ne!(program.address.port(), 0);
    assert_eq!(
        program.first_line,
        format!("listening on http://{}\n", program.address)
    );
    let mut connection = RawConnection::connect(program.address).await;
    assert_eq!(connection.get("/health").await.status, 200);
}

#[tokio::test]
async fn every_flag_has_an_environment_variable() {
    let mut command = Program::command(&["--listen=127.0.0.1:0", "--help"]);
    let help = command.output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let flags = help
        .lines()
        .filter_map(|line| line.trim().strip_prefix("--"));
    let names = flags.map(|flag| flag.split(' ').next().unwrap().replace('-', "_"));
    let names: Vec<_> = names.collect();
    assert!(names.len() >= 8, "{help}");
    for name in names {
        let variable = format!("[env: TRIFOLD_{}", name.to_uppercase());
        let is_shown = |end| help.contains(&format!("{variable}{end}"));
        // The value of a secret is not shown.
        assert!(is_shown("=") || is_shown("]"), "{variable} in {help}");
    }
}

#[tokio::test]
async fn address_in_use_is_reported() {
    let first = Program::start(&[]);
    let address = first.address.to_string();
    let second = Program::command(&["--listen", &address]).output().unwrap();
    assert!(!second.status.success());
    assert!(second.stdout.is_empty());
    let message = String::from_utf8(second.stderr).unwrap();
    assert!(message.contains(&address), "{message}");
}

#[tokio::test]
async fn out_of_range_flag_is_reported() {
    for flag in [
        "--retain-messages=0",
        "--retain-bytes=0",
        "--max-message-bytes=0",
        "--workers=0",
    ] {
        let output = Program::command(&["--listen=127.0.0.1:0", flag])
            .output()
            .unwrap();
        assert!(!output.status.success());
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(
            message.contains(flag.split('=').next().unwrap()),
            "{message}"
        );
    }
}

#[tokio::test]
async fn host_that_can_never_match_is_rejected() {
    for host in ["http://lecture.example", "*.example", "bücher.example"] {
        let output = Program::fails_to_start(&["--allow-host", host]).await;
        assert!(output.contains("--allow-host"), "{output}");
    }
}

#[tokio::test]
async fn empty_environment_variable_is_not_given() {
    let mut command = Program::command(&["--listen=127.0.0.1:0"]);
    for variable in [
        "TRIFOLD_ALLOW_HOST",
        "TRIFOLD_JOURNAL",
        "TRIFOLD_MAX_POLL_WAIT",
    ] {
        command.env(variable, "");
    }
    let program = Program::run(command);
    assert_eq!(program.get("/health").await.json()["max_wait_ms"], 25_000);
}

/// Starts a server with this standard output, and asserts that it serves.
async fn assert_serves_with(stdout: impl Into<Stdio>) {
    let probe = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = probe.local_addr().expect("it is bound");
    drop(probe);
    let listen = address.to_string();
    let mut command = Program::command(&["--listen", &listen]);
    let mut child = command.stdout(stdout).spawn().expect("it starts");
    let connected = || std::net::TcpStream::connect(address).is_ok();
    common::wait_until("the server listens", connected).await;
    // It listens before it prints, so only a response shows that it has survived.
    let health = RawConnection::connect(address).await.get("/health").await;
    assert_eq!(health.status, 200);
    child.kill().expect("it runs");
    child.wait().expect("it is our child");
}

#[tokio::test]
#[cfg(target_os = "linux")]
async fn full_standard_output_does_not_stop_server() {
    let full = std::fs::File::options().write(true).open("/dev/full");
    assert_serves_with(full.unwrap()).await;
}

#[tokio::test]
async fn closed_standard_output_does_not_stop_server() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    assert_serves_with(writer).await;
}

#[tokio::test]
async fn stalled_standard_error_holds_up_nothing() {
    let mut command = Program::command(&["--listen=127.0.0.1:0", "--workers=2"]);
    command.env("RUST_LOG", "trace");
    let program = Program::run_with_stderr(command);
    let dropped = async || {
        let metrics = program.get("/metrics").await;
        let name = "trifold_diagnostics_dropped_lines_total ";
        let value = metrics
            .text()
            .lines()
            .find_map(|line| line.strip_prefix(name));
        value.unwrap().parse::<u64>().unwrap()
    };
    let mut connection = program.connect_raw().await;
    // A pipe holds 64 KiB, and each request logs some hundred bytes.
    for _ in 0..100 {
        for _ in 0..100 {
            assert_eq!(connection.get("/poll").await.status, 200);
        }
        if dropped().await > 0 {
            break;
        }
    }
    assert!(dropped().await > 0);
    program.stop().await;
}
