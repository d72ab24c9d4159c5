//! What a WebSocket's peer gets wrong is refused: the socket stays open, or says why it closes.

use crate::common;

use common::{MARKER, RawConnection, Server, deepest_body, masked_frame, wrong_members};
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

async fn raw_socket(server: &Server) -> RawConnection {
    let mut wire = server.wire().await;
    assert_eq!(wire.upgrade("", &[]).await.status, 101);
    wire
}

/// Asserts that these bytes end a socket with this code, and are all that ends.
async fn assert_closes(server: &Server, bytes: &[u8], code: u16) {
    let mut wire = raw_socket(server).await;
    wire.send(bytes).await;
    assert_eq!(
        wire.close_code().await,
        code,
        "for {:?}",
        &bytes[..bytes.len().min(20)]
    );
    wire.closed().await;
    assert_eq!(server.log.head(), 0);
    assert_eq!(server.get("/poll").await.status, 200);
}

async fn assert_refuses(messages: impl IntoIterator<Item = (String, &str)>) {
    let server = Server::start(&[]);
    let mut socket = server.socket("").await;
    for (message, named) in messages {
        socket.send_text(message.as_str()).await;
        let error = socket.text().await;
        assert!(!error.contains(MARKER), "{error}");
        let error: serde_json::Value =
            serde_json::from_str(&error).expect("an error is JSON");
        assert_eq!(
            (&error["type"], &error["status"]),
            (&"error".into(), &400.into())
        );
        let title = error["title"].as_str().expect("a title");
        assert!(
            title.contains(named),
            "{title:?} does not name {named:?}: {message}"
        );
        socket.assert_open().await;
    }
    assert_eq!(server.log.head(), 0);
}

#[tokio::test]
async fn a_message_that_is_wrong_gets_an_error_and_the_socket_stays_open() {
    let wrong = wrong_members().into_iter();
    assert_refuses(
        wrong.map(|(members, named)| (format!(r#"{{"type":"publish",{members}"#), named)),
    )
    .await;
}

#[tokio::test]
async fn what_is_no_publish_and_no_ping_gets_an_error() {
    let wrong = [
        ("", "does not parse"),
        (MARKER, "does not parse"),
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
    assert_refuses(wrong.map(|(message, named)| (message.to_owned(), named))).await;
}

#[tokio::test]
async fn the_deepest_body_that_is_allowed_is_taken() {
    let server = Server::start(&[]);
    let mut socket = server.socket("").await;
    socket
        .send_text(format!(r#"{{"type":"publish","body":{}}}"#, deepest_body()))
        .await;
    assert_eq!(socket.next("published").await["version"], 1);
}

#[tokio::test]
async fn a_ping_gets_its_own_t_back_and_the_time() {
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
async fn a_protocol_ping_is_answered_with_its_data() {
    let server = Server::start(&[]);
    let mut wire = raw_socket(&server).await;
    wire.send(masked_frame(0x89, b"are you there")).await;
    assert_eq!(wire.frame().await, (0x8a, b"are you there".to_vec()));
}

#[tokio::test]
async fn a_message_in_fragments_is_taken_with_a_ping_in_between() {
    let server = Server::start(&[]);
    let mut wire = raw_socket(&server).await;
    wire.send(masked_frame(0x01, br#"{"type":"publish","body":"#))
        .await;
    wire.send(masked_frame(0x89, b"")).await;
    wire.send(masked_frame(0x00, "\"\u{e9}\"".as_bytes().split_at(2).0))
        .await;
    wire.send(masked_frame(0x80, b"\xa9\"}")).await;
    assert_eq!(wire.frame().await.0, 0x8a);
    common::until("it is published", || server.log.head() == 1).await;
    let batch = server.get("/poll").await.json();
    assert_eq!(batch["messages"][0]["body"], "é");
}

#[tokio::test]
async fn frames_that_come_byte_by_byte_are_taken() {
    let server = Server::start(&[]);
    let mut wire = raw_socket(&server).await;
    for size in [1, 200, 2000] {
        let text = format!(r#"{{"type":"publish","body":"{}"}}"#, "x".repeat(size));
        for byte in masked_frame(0x81, text.as_bytes()) {
            wire.send([byte]).await;
            tokio::task::yield_now().await;
        }
    }
    common::until("all are published", || server.log.head() == 3).await;
}

#[tokio::test]
async fn a_binary_frame_closes_with_1003() {
    let server = Server::start(&[]);
    assert_closes(&server, &masked_frame(0x82, br#"{"body":1}"#), 1003).await;
    let mut socket = server.socket("").await;
    socket.send(Message::binary(b"zz-marker-zz".to_vec())).await;
    assert_eq!(socket.closed().await, 1003);
}

#[tokio::test]
async fn a_text_that_is_not_utf_8_closes_with_1007() {
    let server = Server::start(&[]);
    assert_closes(&server, &masked_frame(0x81, b"{\"a\":\"\xff\"}"), 1007).await;
    let mut fragments = masked_frame(0x01, b"{\"a\":\"\xc3");
    fragments.extend(masked_frame(0x80, b"\x28\"}"));
    assert_closes(&server, &fragments, 1007).await;
}

#[tokio::test]
async fn a_message_that_is_too_big_closes_with_1009() {
    let server = Server::start(&["--max-message-bytes=100"]);
    assert_closes(&server, &masked_frame(0x81, &[b' '; 101]), 1009).await;
    let mut fragments = masked_frame(0x01, &[b' '; 60]);
    fragments.extend(masked_frame(0x80, &[b' '; 60]));
    assert_closes(&server, &fragments, 1009).await;
    // 4 GiB, of which nothing has come: it is refused by its header, not after it is read.
    let announced = [0x81, 0xff, 0, 0, 0, 1, 0, 0, 0, 0, 1, 2, 3, 4];
    assert_closes(&server, &announced, 1009).await;

    let mut socket = server.socket("").await;
    let fits = json!({ "type": "publish", "body": "x".repeat(72) }).to_string();
    assert_eq!(fits.len(), 100);
    socket.send_text(fits).await;
    socket.next("published").await;
}

#[tokio::test]
async fn a_malformed_frame_closes_with_1002() {
    let server = Server::start(&[]);
    let text = br#"{"type":"ping","t":1}"#;
    let unmasked = [&[0x81, text.len() as u8], &text[..]].concat();
    assert_closes(&server, &unmasked, 1002).await;
    for first in [0xc1, 0xa1, 0x91, 0x83, 0x8b] {
        // reserved bits 1, 2, 3; reserved opcodes for data and for control
        assert_closes(&server, &masked_frame(first, text), 1002).await;
    }
    assert_closes(&server, &masked_frame(0x80, text), 1002).await; // continues nothing
    assert_closes(&server, &masked_frame(0x09, text), 1002).await; // a ping in fragments
    assert_closes(&server, &masked_frame(0x89, &[0; 126]), 1002).await; // and too long
    for second in [0x81, 0x01] {
        // a message, whole or in fragments, before the last fragment of another
        let both = [masked_frame(0x01, text), masked_frame(second, text)].concat();
        assert_closes(&server, &both, 1002).await;
    }
}
