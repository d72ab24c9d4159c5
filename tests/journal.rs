//! A journal survives a restart byte for byte, in one table that any program can read.

use crate::common;

use common::{JournalFile, Program, WebSocketClient, test_message, versions};
use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use trifold::journal::{JournalConfig, LogWriter, PublishError};
use trifold::log::Retention;

/// Bodies that a parser and printer in between, or SQLite, would change.
const BODIES: [&str; 8] = [
    "null",
    "1e400",
    "-0",
    "1.0000000000000000000000000001",
    r#""\u0041\/\u00e9é\ud83d\ude00\u0000""#,
    "[ 1 ,\t2\n,\r\n3 ]",
    "{ \"b\" : 1, \"a\":2 , \"b\":3}",
    "\"it's; DROP TABLE messages\"",
];

fn start(file: &JournalFile) -> Program {
    Program::start(&[&file.flag()])
}

async fn publish(program: &Program, id: &str) -> (u16, Value) {
    let message = json!({ "id": id, "body": id }).to_string();
    let response = program.post(&message).await;
    (response.status, response.json()["version"].take())
}

#[tokio::test]
async fn restart_preserves_bytes() {
    let file = JournalFile::new();
    let program = start(&file);
    for body in BODIES {
        let name = r#""a\u0000\u00df\u2028""#;
        let message =
            format!(r#"{{"id":"{}","sender":{name},"body":{body}}}"#, body.len());
        assert!(program.post(&message).await.status <= 201);
    }
    for _ in 0..200 {
        program.post(r#"{"body":"hi"}"#).await; // each with a different `at`
    }
    let before = program.get("/poll?limit=1000").await;
    assert!(before.text().contains("1e400"));
    program.stop().await;
    let program = start(&file);
    assert_eq!(program.get("/poll?limit=1000").await.text(), before.text());
    program.kill();
    assert_eq!(
        start(&file).get("/poll?limit=1000").await.text(),
        before.text()
    );
}

#[tokio::test]
async fn restart_preserves_ids_and_versions() {
    let file = JournalFile::new();
    let program = start(&file);
    for (id, version) in [("a", 1), ("b", 2)] {
        assert_eq!(publish(&program, id).await, (201, version.into()));
    }
    program.kill();
    let program = start(&file);
    for (id, status, version) in [("b", 200, 2), ("c", 201, 3), ("a", 200, 1)] {
        assert_eq!(publish(&program, id).await, (status, version.into()));
    }
}

#[tokio::test]
async fn empty_journal_keeps_epoch() {
    let file = JournalFile::new();
    let epoch = async || {
        let program = start(&file);
        let health = program.get("/health").await.json();
        assert_eq!((&health["oldest"], &health["head"]), (&1.into(), &0.into()));
        program.kill();
        health["epoch"].clone()
    };
    let first = epoch().await;
    assert_eq!(epoch().await, first);
}

#[tokio::test]
async fn file_is_trimmed_with_window() {
    let file = JournalFile::new();
    let start_retaining =
        |count| Program::start(&[&file.flag(), &format!("--retain-messages={count}")]);
    let program = start_retaining(3);
    let message = r#"{"body":"hi"}"#;
    let published = join_all((0..7).map(|_| program.post(message))).await; // some share a commit
    assert!(published.iter().all(|response| response.status == 201));
    let batch = program.get("/poll?since=4").await.json();
    assert_eq!(versions(&batch), [5, 6, 7]);
    assert_eq!(file.versions(), [5, 6, 7]);
    program.kill();

    let program = start_retaining(2);
    assert_eq!(file.versions(), [6, 7]);
    assert_eq!(program.get("/health").await.json()["oldest"], 6);
    program.kill();

    let program = Program::start(&[&file.flag(), "--retain-bytes=200"]);
    let big = json!({ "body": "x".repeat(300) }).to_string();
    for (message, retained) in [(&*big, 8), (r#"{"body":1}"#, 9)] {
        assert_eq!(program.post(message).await.status, 201);
        assert_eq!(
            file.versions(),
            [retained],
            "not only the newest message is retained"
        );
    }
    program.kill();
    let program = start(&file);
    assert_eq!(program.get("/poll?since=8").await.json()["head"], 9);
    program
        .get("/poll?since=7")
        .await
        .assert_problem(410, "cursor");
}

#[tokio::test]
async fn other_programs_can_read_journal() {
    let file = JournalFile::new();
    let program = start(&file);
    program
        .post(r#"{"id":"c-1","sender":"ana","body":{"x":1}}"#)
        .await;
    let tool = file.open();
    tool.execute_batch("BEGIN").unwrap();
    let row = |row: &rusqlite::Row| {
        let at = row.get::<_, f64>(5)?;
        Ok((
            row.get(0)?,
            row.get(1)?,
            row.get(2)?,
            row.get(3)?,
            row.get(4)?,
            at,
        ))
    };
    let query = "SELECT version, id, sender, kind, body, at FROM messages";
    let (version, id, sender, kind, body, at): (
        i64,
        String,
        String,
        String,
        String,
        f64,
    ) = tool.query_row(query, [], row).unwrap();
    assert_eq!(
        (version, &*id, &*sender, &*kind, &*body),
        (1, "c-1", "ana", "chat", r#"{"x":1}"#)
    );
    let batch = program.get("/poll").await.json();
    assert_eq!(batch["messages"][0]["at"].as_f64(), Some(at));
    for number in 2..20 {
        assert_eq!(publish(&program, "").await.0, 400);
        assert_eq!(publish(&program, &format!("c-{number}")).await.0, 201);
    }
    drop(tool);
    program.stop().await;
    let names: Vec<_> = file.all().into_iter().map(|(name, _)| name).collect();
    assert_eq!(
        names,
        [file.path.to_str().unwrap()],
        "a write-ahead log is left"
    );
    assert_eq!(file.versions(), (1..20).collect::<Vec<_>>());
}

/// While a commit takes long, a socket that waits for its replies is not read, so its pongs are not
/// seen either; it must not be closed for that.
#[tokio::test]
async fn slow_commit_does_not_time_out_pongs() {
    const PUBLISHES: u64 = 40; // more than the replies that a socket may wait for
    let file = JournalFile::new();
    let flags = ["--ping-interval=100ms", "--pong-timeout=100ms"];
    let program = Program::start(&[&[&*file.flag()], &flags[..]].concat());
    let mut socket = WebSocketClient::connect(program.address, "?since=now").await;
    let tool = file.open();
    tool.execute_batch("BEGIN IMMEDIATE").unwrap(); // blocks the writer
    for _ in 0..PUBLISHES {
        socket.send_text(r#"{"type":"publish","body":1}"#).await;
    }
    tokio::time::sleep(std::time::Duration::from_secs(1)).await; // how long the commit takes
    tool.execute_batch("COMMIT").unwrap();
    for version in 1..=PUBLISHES {
        assert_eq!(socket.next("published").await["version"], version);
    }
    socket.assert_open().await;
}

#[tokio::test]
async fn replies_in_order_during_slow_commit() {
    let file = JournalFile::new();
    let program = start(&file);
    let mut socket = WebSocketClient::connect(program.address, "?since=now").await;
    socket.assert_open().await;
    let tool = file.open();
    tool.execute_batch("BEGIN IMMEDIATE").unwrap(); // blocks the writer
    for command in [
        r#"{"type":"publish","id":"a","body":1}"#,
        r#"{"type":"ping","t":1}"#,
        r#"{"type":"publish","id":"a","body":1}"#,
        r#"{"type":"publish"}"#,
        r#"{"type":"publish","id":"b","body":1}"#,
    ] {
        socket.send_text(command).await;
    }
    socket.send(Message::Ping("during the commit".into())).await;
    let pong =
        common::with_timeout(futures_util::StreamExt::next(&mut socket.stream)).await;
    assert!(matches!(pong, Some(Ok(Message::Pong(_)))), "{pong:?}");
    socket.stream.close(None).await.unwrap(); // the reply to the close frame comes last

    tool.execute_batch("COMMIT").unwrap();
    let mut replies = Vec::new();
    while let common::Event::Text(text) = socket.recv().await {
        let text: Value = serde_json::from_str(&text).unwrap();
        if text["type"] != "batch" {
            replies.push(json!([text["type"], text["version"], text["duplicate"]]));
        }
    }
    let expected = [
        json!(["published", 1, false]),
        json!(["pong", null, null]),
        json!(["published", 1, true]),
        json!(["error", null, null]),
        json!(["published", 2, false]),
    ];
    assert_eq!(replies, expected);
}

#[tokio::test]
async fn uncommitted_message_is_invisible() {
    let file = JournalFile::new();
    let program = start(&file);
    let tool = file.open();
    tool.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut publisher = program.connect_raw().await;
    publisher.publish("", r#"{"body":"hi"}"#).await;
    let empty = program.get("/longpoll?wait_ms=200").await.json();
    assert_eq!(empty["head"], 0);
    publisher.assert_silent();
    tool.execute_batch("COMMIT").unwrap();
    assert_eq!(publisher.response().await.status, 201);
    assert_eq!(program.get("/poll").await.json()["head"], 1);
}

#[tokio::test]
async fn shutdown_resolves_pending_publishes() {
    let file = JournalFile::new();
    let program = start(&file);
    let tool = file.open();
    tool.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut publishers = Vec::new();
    for id in ["a", "b", "c"] {
        let mut publisher = program.connect_raw().await;
        publisher
            .publish("", &json!({ "id": id, "body": 1 }).to_string())
            .await;
        publishers.push(publisher);
    }
    let mut socket = WebSocketClient::connect(program.address, "").await;
    socket.assert_open().await;
    program.signal("TERM");
    assert_eq!(socket.close_code().await, 1001);

    tool.execute_batch("COMMIT").unwrap();
    let mut published = 0;
    for publisher in &mut publishers {
        let response = publisher.response().await;
        match response.status {
            201 => published += 1,
            _ => response.assert_problem(503, "shutting down"),
        }
    }
    program.stop().await;
    assert_eq!(file.versions(), (1..=published).collect::<Vec<_>>());
}

#[tokio::test]
async fn full_journal_queue_returns_503() {
    let file = JournalFile::new();
    let retention = Retention {
        messages: 10_000,
        bytes: 64 << 20,
    };
    let writer = LogWriter::open(&JournalConfig::Sqlite(file.path.clone()), retention)
        .await
        .unwrap();
    let tool = file.open();
    tool.execute_batch("BEGIN IMMEDIATE").unwrap();
    let publish = |number| writer.publish(test_message(format!("id-{number}"), "hi"));
    let mut published = join_all((0..8000).map(publish));
    assert!(futures_util::poll!(&mut published).is_pending());
    tool.execute_batch("COMMIT").unwrap();

    let (mut versions, mut rejected) = (Vec::new(), Vec::new());
    for response in common::with_timeout(published).await {
        match response {
            Ok(published) => versions.push(published.version),
            Err(error) => rejected.push(error),
        }
    }
    assert!(
        rejected
            .iter()
            .all(|error| *error == PublishError::QueueFull),
        "{rejected:?}"
    );
    assert!(
        rejected.len() > 1000 && versions.len() >= 4096,
        "{} rejected",
        rejected.len()
    );
    assert_eq!(file.versions(), versions);
    common::with_timeout(writer.close()).await;
}
