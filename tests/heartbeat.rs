//! A peer that does not answer the server's ping is dropped; one that answers stays.

use crate::common;

use std::time::Duration;

use common::{Server, until};
use tokio::time::timeout;
use trifold::socket::{PING_EVERY, PONG_WITHIN};

// The server's clock cannot be paused over real sockets, so this test takes 30 s. It compares
// two peers that were pinged in the same second.
#[tokio::test]
async fn a_peer_that_answers_no_ping_is_dropped_and_one_that_does_stays() {
    let server = Server::start(&[]);
    let mut silent = server.wire().await;
    silent.upgrade("", &[]).await;
    let mut alive = server.socket("").await;
    until("both wait", || server.log.waiting() == 2).await;

    let drop = async {
        // `frame` and the like would give up sooner than the server does.
        let mut byte = [0];
        silent.stream().peek(&mut byte).await.unwrap();
        assert_eq!(silent.frame().await, (0x89, Vec::new()), "first, a ping");
        silent.stream().peek(&mut byte).await.unwrap();
        let code = silent.close_code().await;
        silent.closed().await;
        code
    };
    let slack = Duration::from_secs(10);
    let dropped = timeout(PING_EVERY + PONG_WITHIN + slack, async {
        tokio::select! {
            code = drop => code,
            // Reading is what makes the client answer pings.
            heard = std::pin::pin!(quiet(&mut alive)) => panic!("nobody spoke: {heard}"),
        }
    });
    assert_eq!(dropped.await.unwrap(), 1008);
    until("one waits", || server.log.waiting() == 1).await;
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
