//! A WebSocket's TCP connection ends at once after the close frame, which always arrives (RFC
//! 6455 §5.5.1, §7.1.1).

use crate::common;

use std::time::{Duration, Instant};

use tokio::io::AsyncReadExt;

use common::{RawConnection, Server, masked_frame, wait_until, with_timeout};

const SOCKETS: usize = 1000;

/// How long TCP may take to end. A busy machine may exceed it once in a hundred times.
const PROMPT: Duration = Duration::from_millis(50);

/// Reads until TCP ends, and returns how long that took after the close frame.
async fn wait_end(mut connection: RawConnection, code: u16) -> Duration {
    assert_eq!(connection.close_code().await, code);
    connection.assert_no_bytes();
    let received_at = Instant::now();
    let end = with_timeout(connection.stream().read(&mut [0])).await;
    assert_eq!(end.expect("the connection is not reset"), 0);
    received_at.elapsed()
}

/// Opens sockets one after another, lets each be closed, and asserts that it ends promptly.
async fn assert_prompt(query: &str, code: u16, sent: &[u8]) {
    let server = Server::start(&[]);
    let mut late = 0;
    for _ in 0..SOCKETS {
        let mut connection = server.connect_raw().await;
        connection.upgrade(query, &[]).await;
        connection.send(sent).await;
        late += usize::from(wait_end(connection, code).await > PROMPT);
    }
    assert!(late <= SOCKETS / 100, "{late} of {SOCKETS} ended late");
    wait_until("no socket waits", || server.log.waiter_count() == 0).await;
    let mut connection = server.connect_raw().await;
    let only_this = async {
        let open = "trifold_connections_open";
        while connection.get("/metrics").await.metric(open) > 1.0 {}
    };
    with_timeout(only_this).await;
}

#[tokio::test]
async fn client_closes_first() {
    assert_prompt("", 1000, &masked_frame(0x88, &[0x03, 0xe8])).await;
}

#[tokio::test]
async fn client_closes_first_and_sends_on() {
    let mut sent = masked_frame(0x88, &[0x03, 0xe8]);
    sent.extend(masked_frame(0x81, &[b'x'; 20_000]));
    assert_prompt("", 1000, &sent).await;
}

#[tokio::test]
async fn server_closes_after_gap() {
    assert_prompt("?since=9", 4010, &[]).await;
}

#[tokio::test]
async fn server_closes_after_gap_with_unread_input() {
    assert_prompt("?since=9", 4010, &masked_frame(0x81, &[b'x'; 60_000])).await;
}

#[tokio::test]
async fn server_closes_after_malformed_frame_with_unread_input() {
    let mut sent = masked_frame(0xc1, b"reserved bit");
    sent.extend(masked_frame(0x81, &[b'x'; 60_000]));
    assert_prompt("", 1002, &sent).await;
}

#[tokio::test]
async fn server_closes_all_when_it_stops() {
    let server = Server::start(&[]);
    let mut connections = Vec::new();
    for _ in 0..SOCKETS {
        let mut connection = server.connect_raw().await;
        connection.upgrade("", &[]).await;
        connections.push(connection);
    }
    server.stop();
    for connection in connections {
        wait_end(connection, 1001).await;
    }
}

#[tokio::test]
async fn client_may_finish_after_server() {
    let server = Server::start(&[]);
    let mut resets = 0;
    for _ in 0..100 {
        let mut connection = server.connect_raw().await;
        connection.upgrade("?since=9", &[]).await;
        assert_eq!(connection.close_code().await, 4010);
        let close = masked_frame(0x88, &4010_u16.to_be_bytes());
        connection.try_send(&close).await;
        // A reset would be reported to this write, or end the connection before its FIN.
        let end = with_timeout(connection.stream().read(&mut [0])).await;
        resets += usize::from(end.is_err() || !connection.try_send(b"late").await);
    }
    assert!(resets <= 1, "{resets} of 100 were reset");
}
