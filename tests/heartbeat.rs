//! A client that does not reply to a ping is disconnected; one that does stays connected.

use crate::common;

use std::time::Duration;

use common::{Server, wait_until};
use tokio::time::timeout;

/// Short, to keep the test short, but ample for a peer that replies.
const FLAGS: [&str; 2] = ["--ping-interval=500ms", "--pong-timeout=2s"];

/// Far longer than both together, for a busy machine.
const DEADLINE: Duration = Duration::from_secs(20);

#[tokio::test]
async fn missing_pong_closes_socket() {
    let server = Server::start(&FLAGS);
    let mut silent = server.connect_raw().await;
    silent.upgrade("", &[]).await;
    let mut alive = server.socket("").await;
    wait_until("both wait", || server.log.waiter_count() == 2).await;

    let disconnect = async {
        // `peek` has no timeout; `frame` would give up before the server does.
        let mut byte = [0];
        silent.stream().peek(&mut byte).await.unwrap();
        assert_eq!(
            silent.frame().await,
            (0x89, Vec::new()),
            "no ping before the close"
        );
        silent.stream().peek(&mut byte).await.unwrap();
        let code = silent.close_code().await;
        silent.wait_closed().await;
        code
    };
    let disconnected = timeout(DEADLINE, async {
        tokio::select! {
            code = disconnect => code,
            // The client replies to pings while it is read.
            other = std::pin::pin!(next_non_ping(&mut alive)) => panic!("unexpected {other}"),
        }
    });
    assert_eq!(disconnected.await.unwrap(), 1008);
    wait_until("one waits", || server.log.waiter_count() == 1).await;
    alive.assert_open().await;
}

/// Reads until something other than a ping arrives, without a timeout.
async fn next_non_ping(socket: &mut common::WebSocketClient) -> String {
    use futures_util::StreamExt;
    loop {
        match socket.stream.next().await {
            Some(Ok(message)) if message.is_ping() => {}
            other => return format!("{other:?}"),
        }
    }
}
