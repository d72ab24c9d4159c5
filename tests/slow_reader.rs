//! A WebSocket that is read slowly gets fewer and bigger batches, or a gap, and no queue.

mod common;

use std::time::Duration;

use common::{Server, Socket, append, versions};
use serde_json::Value;
use tokio::net::TcpSocket;
use tokio::time::sleep;

const MESSAGES: usize = 2500;

/// A socket that takes little before its reader reads: the kernel's buffer is kept small.
async fn narrow_socket(server: &Server) -> Socket {
    let tcp = TcpSocket::new_v4().expect("a socket");
    tcp.set_recv_buffer_size(32 << 10).expect("a small buffer");
    let stream = tcp
        .connect(server.address)
        .await
        .expect("the server listens");
    Socket::over(stream, server.address, "?since=0").await
}

/// Publishes 40 MB: more than the kernel buffers for one connection.
async fn publish(server: &Server) {
    let text = "x".repeat(16 << 10);
    for number in 1..=MESSAGES {
        append(&server.log, number.to_string(), &text);
        if number % 16 == 0 {
            sleep(Duration::from_millis(1)).await; // let the server send while it can
        }
    }
}

/// All batches until the head or a gap: how many there were, and the last message.
async fn read(socket: &mut Socket) -> (usize, u64, Value) {
    let (mut batches, mut since) = (0, 0);
    loop {
        let message = socket.json().await;
        if message["type"] == "gap" {
            return (batches, since, message);
        }
        batches += 1;
        for version in versions(&message) {
            assert_eq!(version, since + 1, "a hole");
            since = version;
        }
        if since == MESSAGES as u64 {
            return (batches, since, message);
        }
    }
}

#[tokio::test]
async fn a_slow_reader_gets_all_messages_in_fewer_batches() {
    let server = Server::start(&["--retain=1000000", "--retain-bytes=1000000000"]);
    let mut socket = narrow_socket(&server).await;
    publish(&server).await;
    let (batches, version, last) = read(&mut socket).await;
    assert_eq!((version, &last["type"]), (MESSAGES as u64, &"batch".into()));
    assert!(batches < MESSAGES * 3 / 4, "{batches} batches");
}

#[tokio::test]
async fn a_reader_slower_than_what_is_kept_gets_a_gap() {
    let server = Server::start(&["--retain=50"]);
    let mut socket = narrow_socket(&server).await;
    publish(&server).await;
    let (_, version, gap) = read(&mut socket).await;
    assert_eq!(
        (&gap["type"], &gap["reason"]),
        (&"gap".into(), &"truncated".into())
    );
    assert_eq!(gap["oldest"], MESSAGES - 49);
    assert!(version < MESSAGES as u64 - 50);
    assert_eq!(socket.closed().await, 4010);
}

#[tokio::test]
async fn a_slow_reader_keeps_nobody_waiting() {
    let server = Server::start(&["--retain=1000000", "--retain-bytes=1000000000"]);
    let mut slow = narrow_socket(&server).await;
    let mut quick = server.socket("?since=0").await;
    let ((), (_, version, _)) = tokio::join!(publish(&server), read(&mut quick));
    assert_eq!(version, MESSAGES as u64);
    assert_eq!(read(&mut slow).await.1, version);
}
