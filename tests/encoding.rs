//! A batch is the same bytes on all three transports, and a body is passed byte for byte.

use crate::common;

use common::Server;

/// Bodies that a parser and printer in between would change.
const BODIES: [&str; 14] = [
    "null",
    "1e400",
    "-0",
    "1.0000000000000000000000000001",
    "123456789012345678901234567890",
    "1E+2",
    r#""\u0041\/\u00e9é\ud83d\ude00""#,
    r#""</script>\u0000\"\\""#,
    "[ 1 ,\t2\n,\r\n3 ]",
    "{ \"b\" : 1, \"a\":2 , \"b\":3}",
    "[]",
    "\"\"",
    "false",
    r#""}]}\",\"[{""#,
];

/// Asserts that all three transports send the same batch for a query, and returns it.
async fn read_all_transports(server: &Server, query: &str) -> String {
    let poll = server.get(&format!("/poll{query}")).await;
    let longpoll = server.get(&format!("/longpoll{query}")).await;
    let frame = server.socket(query).await.text().await;
    assert_eq!(poll.text(), frame);
    assert_eq!(longpoll.text(), frame);
    frame
}

fn assert_has_bodies(batch: &str) {
    for body in BODIES {
        assert!(
            batch.contains(&format!(r#""body":{body}}}"#)),
            "{body} in {batch}"
        );
    }
}

#[tokio::test]
async fn posted_body_is_unchanged() {
    let server = Server::start(&[]);
    for body in BODIES {
        let message = format!("{{\"sender\":\"ana\", \"body\" : {body} }}");
        assert_eq!(server.post(message).await.status, 201);
    }
    assert_has_bodies(&read_all_transports(&server, "").await);
}

#[tokio::test]
async fn socket_body_is_unchanged() {
    let server = Server::start(&[]);
    let mut socket = server.socket("?since=now").await;
    for body in BODIES {
        let message = format!("{{\"body\":\n{body}\n,\"type\":\"publish\"}}");
        socket.send_text(message).await;
        // The batches in between are not parsed: not every JSON parser accepts 1e400.
        while !socket.text().await.starts_with(r#"{"type":"published""#) {}
    }
    assert_has_bodies(&read_all_transports(&server, "").await);
}

#[tokio::test]
async fn same_bytes_on_all_transports() {
    let server = Server::start(&[]);
    server.append_messages(30);
    let epoch = server.log.epoch();
    for query in [
        "",
        "?since=7",
        "?limit=1",
        "?since=29&limit=1000",
        "?since=11&limit=7",
    ] {
        read_all_transports(&server, query).await;
    }
    read_all_transports(&server, &format!("?since=3&epoch={epoch}")).await;
}

#[tokio::test]
async fn batch_field_order() {
    let server = Server::start(&[]);
    server
        .post(r#"{"body":1,"kind":"k","sender":"s","id":"i"}"#)
        .await;
    let batch = read_all_transports(&server, "").await;
    let at = server.get("/poll").await.json()["messages"][0]["at"].clone();
    let epoch = server.log.epoch();
    let expected = format!(
        r#"{{"type":"batch","epoch":"{epoch}","since":0,"version":1,"head":1,"messages":[{{"version":1,"id":"i","at":{at},"sender":"s","kind":"k","body":1}}]}}"#
    );
    assert_eq!(batch, expected);
}

#[tokio::test]
async fn empty_batch_is_identical() {
    let server = Server::start(&[]);
    server.append_messages(4);
    let poll = server.get("/poll?since=now").await;
    let longpoll = server.get("/longpoll?since=now&wait_ms=1").await;
    assert_eq!(poll.text(), longpoll.text());
    let epoch = server.log.epoch();
    let expected = format!(
        r#"{{"type":"batch","epoch":"{epoch}","since":4,"version":4,"head":4,"messages":[]}}"#
    );
    assert_eq!(poll.text(), expected);
}
