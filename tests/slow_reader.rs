//! A WebSocket that is read slowly gets fewer and larger batches or a gap; nothing is queued.

use crate::common;

use common::{Server, WebSocketClient, append, versions};
use serde_json::Value;
use tokio::net::TcpSocket;

const MESSAGES: u64 = 2560;

/// Opens a socket with a small receive buffer, so that the server notices a slow reader.
async fn narrow_socket(server: &Server) -> WebSocketClient {
    let tcp = TcpSocket::new_v4().expect("a socket");
    tcp.set_recv_buffer_size(32 << 10)
        .expect("the buffer size can be set");
    let stream = tcp
        .connect(server.address)
        .await
        .expect("the server listens");
    WebSocketClient::connect_over(stream, server.address, "?since=0").await
}

/// Publishes 40 MB: more than the kernel buffers for one connection. A fast reader sets the
/// pace, so the server has time to send to both. That it receives everything shows that a slow
/// reader does not delay others.
async fn publish(server: &Server) {
    let mut fast = server.socket("?since=0").await;
    let text = "x".repeat(16 << 10);
    for since in (0..MESSAGES).step_by(16) {
        for number in since + 1..=since + 16 {
            append(&server.log, number.to_string(), &text);
        }
        assert_eq!(read(&mut fast, since, since + 16).await.1, since + 16);
    }
}

/// Reads up to a version or a gap. Returns the number of batches, the last version, and the last
/// message.
async fn read(
    socket: &mut WebSocketClient,
    mut since: u64,
    until: u64,
) -> (usize, u64, Value) {
    let mut batches = 0;
    loop {
        let message = socket.json().await;
        if message["type"] == "gap" {
            return (batches, since, message);
        }
        batches += 1;
        for version in versions(&message) {
            assert_eq!(version, since + 1, "a version is missing");
            since = version;
        }
        if since == until {
            return (batches, since, message);
        }
    }
}

#[tokio::test]
async fn slow_reader_gets_larger_batches() {
    let server =
        Server::start(&["--retain-messages=1000000", "--retain-bytes=1000000000"]);
    let mut socket = narrow_socket(&server).await;
    publish(&server).await;
    let (batches, version, last) = read(&mut socket, 0, MESSAGES).await;
    assert_eq!((version, &last["type"]), (MESSAGES, &"batch".into()));
    assert!(batches < MESSAGES as usize * 3 / 4, "{batches} batches");
}

#[tokio::test]
async fn too_slow_reader_gets_gap() {
    let server = Server::start(&["--retain-messages=50"]);
    let mut socket = narrow_socket(&server).await;
    publish(&server).await;
    let (_, version, gap) = read(&mut socket, 0, MESSAGES).await;
    assert_eq!(
        (&gap["type"], &gap["reason"]),
        (&"gap".into(), &"truncated".into())
    );
    assert_eq!(gap["oldest"], MESSAGES - 49);
    assert!(version < MESSAGES - 50);
    assert_eq!(socket.close_code().await, 4010);
}
