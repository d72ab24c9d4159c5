//! Invalid messages on a WebSocket get an error or a close code.

use crate::common;

use common::{
    INPUT_MARKER, RawConnection, Server, deepest_body, invalid_messages, masked_frame,
};
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

async fn raw_socket(server: &Server) -> RawConnection {
    let mut connection = server.connect_raw().await;
    assert_eq!(connection.upgrade("", &[]).await.status, 101);
    connection
}

/// Asserts that these bytes close the socket with this code, and affect nothing else.
async fn assert_closes(server: &Server, bytes: &[u8], code: u16) {
    let mut connection = raw_socket(server).await;
    connection.send(bytes).await;
    assert_eq!(
        connection.close_code().await,
        code,
        "for {:?}",
        &bytes[..bytes.len().min(20)]
    );
    connection.wait_closed().await;
    assert_eq!(server.log.head(), 0);
    assert_eq!(server.get("/poll").await.status, 200);
}

async fn assert_errors(messages: impl IntoIterator<Item = (String, &str)>) {
    let server = Server::start(&[]);
    let mut socket = server.socket("").await;
    for (message, expected) in messages {
        socket.send_text(message.as_str()).await;
        let error = socket.text().await;
        assert!(!error.contains(INPUT_MARKER), "{error}");
        let error: serde_json::Value =
            serde_json::from_str(&error).expect("an error is JSON");
        assert_eq!(
            (&error["type"], &error["status"]),
            (&"error".into(), &400.into())
        );
        let title = error["title"].as_str().expect("a title");
        assert!(
            title.contains(expected),
            "{title:?} lacks {expected:?}: {message}"
        );
        socket.assert_open().await;
    }
    assert_eq!(server.log.head(), 0);
}

#[tokio::test]
async fn invalid_message_keeps_socket_open() {
    let invalid = invalid_messages().into_iter();
    assert_errors(
        invalid.map(|(fields, expected)| {
            (format!(r#"{{"type":"publish",{fields}"#), expected)
        }),
    )
    .await;
}

#[tokio::test]
async fn unknown_command_is_an_error() {
    let invalid = [
        ("", "Invalid JSON"),
        (INPUT_MARKER, "Invalid JSON"),
        (r#"["zz-marker-zz"]"#, "must be an object"),
        ("null", "must be an object"),
        ("{}", "`type`"),
        (r#"{"body":"zz-marker-zz"}"#, "`type`"),
        (r#"{"type":7}"#, "`type`"),
        (r#"{"type":"zz-marker-zz"}"#, "`type`"),
        (r#"{"type":"zz-marker-zz that is long"}"#, "`type`"),
        (r#"{"type":"Publish","body":"zz-marker-zz"}"#, "`type`"),
        (r#"{"type":"ping"}"#, "`t`"),
    ];
    assert_errors(invalid.map(|(message, expected)| (message.to_owned(), expected)))
        .await;
}

#[tokio::test]
async fn deepest_body_is_accepted() {
    let server = Server::start(&[]);
    let mut socket = server.socket("").await;
    socket
        .send_text(format!(r#"{{"type":"publish","body":{}}}"#, deepest_body()))
        .await;
    assert_eq!(socket.next("published").await["version"], 1);
}

#[tokio::test]
async fn ping_command_echoes_t() {
    let server = Server::start(&[]);
    let mut socket = server.socket("").await;
    let before = server.get("/time").await.json()["at"].as_f64().unwrap();
    socket.send_text(r#"{"type":"ping","t":123.400}"#).await;
    let pong = socket.text().await;
    assert!(
        pong.starts_with(r#"{"type":"pong","t":123.400,"at":"#),
        "{pong}"
    );
    let pong: serde_json::Value = serde_json::from_str(&pong).unwrap();
    assert!(pong["at"].as_f64().unwrap() >= before);
}

#[tokio::test]
async fn ping_frame_echoes_data() {
    let server = Server::start(&[]);
    let mut connection = raw_socket(&server).await;
    connection.send(masked_frame(0x89, b"some data")).await;
    assert_eq!(connection.frame().await, (0x8a, b"some data".to_vec()));
}

#[tokio::test]
async fn fragments_with_ping_between() {
    let server = Server::start(&[]);
    let mut connection = raw_socket(&server).await;
    connection
        .send(masked_frame(0x01, br#"{"type":"publish","body":"#))
        .await;
    connection.send(masked_frame(0x89, b"")).await;
    connection
        .send(masked_frame(0x00, "\"\u{e9}\"".as_bytes().split_at(2).0))
        .await;
    connection.send(masked_frame(0x80, b"\xa9\"}")).await;
    assert_eq!(connection.frame().await.0, 0x8a);
    common::wait_until("the message is published", || server.log.head() == 1).await;
    let batch = server.get("/poll").await.json();
    assert_eq!(batch["messages"][0]["body"], "é");
}

#[tokio::test]
async fn frames_arrive_byte_by_byte() {
    let server = Server::start(&[]);
    let mut connection = raw_socket(&server).await;
    for size in [1, 200, 2000] {
        let text = format!(r#"{{"type":"publish","body":"{}"}}"#, "x".repeat(size));
        for byte in masked_frame(0x81, text.as_bytes()) {
            connection.send([byte]).await;
            tokio::task::yield_now().await;
        }
    }
    common::wait_until("all are published", || server.log.head() == 3).await;
}

#[tokio::test]
async fn binary_frame_closes_with_1003() {
    let server = Server::start(&[]);
    assert_closes(&server, &masked_frame(0x82, br#"{"body":1}"#), 1003).await;
    let mut socket = server.socket("").await;
    socket.send(Message::binary(b"zz-marker-zz".to_vec())).await;
    assert_eq!(socket.close_code().await, 1003);
}

#[tokio::test]
async fn invalid_utf8_closes_with_1007() {
    let server = Server::start(&[]);
    assert_closes(&server, &masked_frame(0x81, b"{\"a\":\"\xff\"}"), 1007).await;
    let mut fragments = masked_frame(0x01, b"{\"a\":\"\xc3");
    fragments.extend(masked_frame(0x80, b"\x28\"}"));
    assert_closes(&server, &fragments, 1007).await;
}

#[tokio::test]
async fn oversized_message_closes_with_1009() {
    let server = Server::start(&["--max-message-bytes=100"]);
    assert_closes(&server, &masked_frame(0x81, &[b' '; 101]), 1009).await;
    let mut fragments = masked_frame(0x01, &[b' '; 60]);
    fragments.extend(masked_frame(0x80, &[b' '; 60]));
    assert_closes(&server, &fragments, 1009).await;
    // 4 GiB, of which no byte was sent: the header alone is enough to reject the frame.
    let header = [0x81, 0xff, 0, 0, 0, 1, 0, 0, 0, 0, 1, 2, 3, 4];
    assert_closes(&server, &header, 1009).await;

    let mut socket = server.socket("").await;
    let largest = json!({ "type": "publish", "body": "x".repeat(72) }).to_string();
    assert_eq!(largest.len(), 100);
    socket.send_text(largest).await;
    socket.next("published").await;
}

#[tokio::test]
async fn malformed_frame_closes_with_1002() {
    let server = Server::start(&[]);
    let text = br#"{"type":"ping","t":1}"#;
    let unmasked = [&[0x81, text.len() as u8], &text[..]].concat();
    assert_closes(&server, &unmasked, 1002).await;
    for first in [0xc1, 0xa1, 0x91, 0x83, 0x8b] {
        // Reserved bits 1, 2, 3; reserved opcodes for data and for control.
        assert_closes(&server, &masked_frame(first, text), 1002).await;
    }
    assert_closes(&server, &masked_frame(0x80, text), 1002).await; // a continuation of no message
    assert_closes(&server, &masked_frame(0x09, text), 1002).await; // a fragmented ping
    assert_closes(&server, &masked_frame(0x89, &[0; 126]), 1002).await; // a ping that is too long
    for second in [0x81, 0x01] {
        // A new message, whole or fragmented, before the last fragment of another.
        let both = [masked_frame(0x01, text), masked_frame(second, text)].concat();
        assert_closes(&server, &both, 1002).await;
    }
}
