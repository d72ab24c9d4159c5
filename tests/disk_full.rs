//! A full disk stops publishing, and nothing else, until there is space again.

#![cfg(target_os = "linux")]

use crate::common;

use std::process::{Command, Stdio};

use common::{JournalFile, Program, WebSocketClient, versions};
use serde_json::json;

/// Starts a program whose file size can be limited. A full disk sends no signal, but this limit
/// does (SIGXFSZ): without the trap it would kill the program.
fn start(file: &JournalFile, retain: &str) -> Program {
    let mut shell = Command::new("sh");
    shell
        .args(["-c", r#"trap "" XFSZ; exec "$0" "$@""#])
        .arg(env!("CARGO_BIN_EXE_trifold"))
        .args(["--listen=127.0.0.1:0", "--workers=2", retain])
        .arg(file.flag())
        .stdout(Stdio::piped());
    Program::run(shell)
}

/// Limits the size of the program's files.
fn limit_file_size(program: &Program, bytes: &str) {
    let status = Command::new("prlimit")
        .arg(format!("--fsize={bytes}:"))
        .arg(format!("--pid={}", program.id()))
        .status();
    assert!(status.expect("there is a prlimit command").success());
}

#[tokio::test]
async fn disk_full_stops_only_publishing() {
    let file = JournalFile::new();
    let program = start(&file, "--retain-messages=8");
    for id in ["a", "b", "c"] {
        let message = json!({ "id": id, "body": 1 }).to_string();
        assert_eq!(program.post(&message).await.status, 201);
    }
    let mut long_poll = program.connect_raw().await;
    long_poll.request("GET /longpoll?since=3", &[]).await;
    let mut socket = WebSocketClient::connect(program.address, "?since=3").await;

    for round in 0..20 {
        limit_file_size(&program, "1");
        let id = format!("d-{round}");
        let message = json!({ "id": id, "body": "x".repeat(9000) });
        for _ in 0..3 {
            let rejected = program.post(&message.to_string()).await;
            rejected.assert_problem(503, "could not be written");
            assert_eq!(rejected.header("retry-after"), Some("1"));
        }
        let mut command = message.clone();
        command["type"] = "publish".into();
        socket.send_text(command.to_string()).await;
        assert_eq!(socket.next("error").await["status"], 503);
        let known = program.post(r#"{"id":"c","body":1}"#).await;
        if round == 0 {
            assert_eq!(known.status, 200, "a duplicate needs no space");
            long_poll.assert_silent();
        }
        let since = 2 + round;
        let batch = program.get(&format!("/poll?since={since}")).await.json();
        assert_eq!(
            versions(&batch),
            [3 + round],
            "a failed publish used up a version"
        );

        limit_file_size(&program, "unlimited");
        let published = program.post(&message.to_string()).await;
        assert_eq!(
            (published.status, published.json()["version"].clone()),
            (201, (4 + round).into())
        );
        if round == 0 {
            assert_eq!(versions(&long_poll.response().await.json()), [4]);
        }
        assert_eq!(versions(&socket.next("batch").await), [4 + round]);
    }
    let before = program.get("/poll?since=15").await;
    assert_eq!(before.status, 200);
    program.kill();
    let program = start(&file, "--retain-messages=8");
    assert_eq!(program.get("/poll?since=15").await.text(), before.text());
    assert_eq!(file.versions(), (16..=23).collect::<Vec<_>>());
}

#[tokio::test]
async fn failed_checkpoint_keeps_data() {
    let file = JournalFile::new();
    let program = start(&file, "--retain-messages=1000");
    let message = json!({ "body": "x".repeat(3000) }).to_string();
    for _ in 0..20 {
        assert_eq!(program.post(&message).await.status, 201);
    }
    let before = program.get("/poll").await;
    // Part of the write-ahead log still fits into the file, the rest does not.
    let length = std::fs::metadata(&file.path).unwrap().len();
    limit_file_size(&program, &length.to_string());
    program.stop().await;
    assert!(std::fs::metadata(&file.path).unwrap().len() <= length);

    let program = start(&file, "--retain-messages=1000");
    assert_eq!(program.get("/poll").await.text(), before.text());
    program.stop().await;
    assert_eq!(file.all().len(), 1, "a write-ahead log is left");
}

#[tokio::test]
async fn disk_full_reuses_trimmed_space() {
    let file = JournalFile::new();
    let program = start(&file, "--retain-messages=8");
    let message = json!({ "body": "x".repeat(3000) }).to_string();
    for _ in 0..20 {
        assert_eq!(program.post(&message).await.status, 201);
    }
    let wal = format!("{}-wal", file.path.display());
    let length = std::fs::metadata(&wal).unwrap().len();
    limit_file_size(&program, &length.to_string());
    for _ in 0..100 {
        assert_eq!(program.post(&message).await.status, 201);
    }
    assert_eq!(std::fs::metadata(&wal).unwrap().len(), length);
    assert_eq!(file.versions(), (113..=120).collect::<Vec<_>>());
}
