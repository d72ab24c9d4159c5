//! A client that does not response a ping is disconnected; one that does stays connected.

use crate::common;

use std::time::Duration;

use common::{Server, wait_until};
use tokio::time::timeout;

/// Short, so that the test is; a peer that responses has far more than it needs.
const FLAGS: [&str; 2] = ["--ping-interval=500ms", "--pong-timeout=2s"];

/// Far more than the two of them together, for a busy machine.
const DEADLINE: Duration = Duration::from_secs(20);

#[tokio::test]
async fn missing_pong_closes_socket() {
    let server = Server::start(&FLAGS);
    let mut silent = server.connect_raw().await;
    silent.upgrade("", &[]).await;
    let mut alive = server.socket("").await;
    wait_until("both wait", || server.log.waiter_count() == 2).await;

    let drop = async {
        // `frame` and the like would give up sooner than the server does.
        let mut byte = [0];
        silent.stream().peek(&mut byte).await.unwrap();
        assert_eq!(silent.frame().await, (0x89, Vec::new()), "first, a ping");
        silent.stream().peek(&mut byte).await.unwrap();
        let code = silent.close_code().await;
        silent.wait_closed().await;
        code
    };
    let dropped = timeout(DEADLINE, async {
        tokio::select! {
            code = drop => code,
            // Reading is what makes the client response pings.
            heard = std::pin::pin!(quiet(&mut alive)) => panic!("nobody spoke: {heard}"),
        }
    });
    assert_eq!(dropped.await.unwrap(), 1008);
    wait_until("one waits", || server.log.waiter_count() == 1).await;
    alive.assert_open().await;
}

/// Reads on, without the deadline of the other verbs.
async fn quiet(socket: &mut common::WebSocketClient) -> String {
    use futures_util::StreamExt;
    loop {
        match socket.stream.next().await {
            Some(Ok(message)) if message.is_ping() => {}
            other => return format!("{other:?}"),
        }
    }
}
