//! The clock of Redis dates the messages of all servers, so one server's wrong clock changes nothing.
//! Skipped without `faketime`; `./test` installs it.

use super::common;

use std::env;

use common::proxy::find_program;
use common::{Program, Redis};
use trifold::log::unix_millis;

/// Far more than a slow machine takes, and far less than an hour, in milliseconds.
const TOLERANCE: f64 = 60_000.0;

#[tokio::test]
async fn wrong_clock_of_one_server_changes_nothing() {
    let Some(redis) = Redis::start(&[]) else {
        return;
    };
    if find_program("faketime").is_none() {
        assert!(env::var_os("CI").is_none(), "faketime is not installed");
        println!("skipped: faketime is not installed");
        return;
    }
    let flag = redis.flag();
    let right = Program::start(&[&flag]);
    let mut command = std::process::Command::new("faketime");
    command
        .args([
            "-f",
            "-1h",
            env!("CARGO_BIN_EXE_trifold"),
            "--listen=127.0.0.1:0",
        ])
        .args(["--workers=2", &flag])
        .stdout(std::process::Stdio::piped());
    let wrong = Program::run(command);
    for number in 0..10 {
        let server = [&right, &wrong][number % 2];
        assert_eq!(server.post(r#"{"body":"hi"}"#).await.status, 201);
    }
    let logs = [right.get("/poll").await, wrong.get("/poll").await];
    assert_eq!(logs[0].text(), logs[1].text());
    let log = logs[0].json();
    let times: Vec<f64> = log["messages"]
        .as_array()
        .expect("messages")
        .iter()
        .map(|message| message["at"].as_f64().expect("a time"))
        .collect();
    assert!(times.is_sorted(), "{times:?}");
    assert!((times[0] - unix_millis()).abs() < TOLERANCE);
    for server in [&right, &wrong] {
        let time = server.get("/time").await.json()["at"]
            .as_f64()
            .expect("a time");
        assert!((time - unix_millis()).abs() < TOLERANCE);
    }
}
