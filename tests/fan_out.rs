//! One message ends ten thousand long polls, and disconnected ones are not counted.

use crate::common;

use std::net::SocketAddr;
use std::time::Duration;

use common::{Program, RawConnection, with_timeout};
use futures_util::StreamExt;
use futures_util::stream::iter;
use tokio::net::TcpSocket;
use tokio::time::timeout;

/// How long ten thousand long polls may take, in a debug build and in parallel with other tests.
const FAN_OUT_TIMEOUT: Duration = Duration::from_secs(60);

/// Returns how many long polls the limit of open files allows, 10 000 at most.
fn max_long_polls() -> usize {
    let files = rlimit::increase_nofile_limit(u64::MAX).unwrap_or(1024) as usize;
    files.saturating_sub(300).min(10_000)
}

/// Starts a long poll. Its address is one of several, because ports and the server's
/// connections are limited per address.
async fn long_poll(server: SocketAddr, number: usize) -> RawConnection {
    let socket = TcpSocket::new_v4().expect("a socket");
    let from = SocketAddr::from(([127, 0, 0, 1 + (number % 5) as u8], 0));
    socket.bind(from).expect("loopback has many addresses");
    let stream = with_timeout(socket.connect(server)).await;
    let mut connection = RawConnection::from_stream(stream.expect("the server listens"));
    connection.request("GET /longpoll?since=now", &[]).await;
    connection
}

async fn wait_long_polls(server: &Program, count: usize) {
    let wait = async {
        let mut connection = server.connect_raw().await;
        let in_flight =
            |response: &common::Response| response.metric("trifold_long_polls_in_flight");
        while in_flight(&connection.get("/metrics").await) != count as f64 {}
    };
    let waited = timeout(FAN_OUT_TIMEOUT, wait).await;
    waited.unwrap_or_else(|_| panic!("{count} long polls expected"));
}

#[cfg(target_os = "linux")] // elsewhere loopback has one address
#[tokio::test]
async fn fan_out_to_10k_long_polls() {
    let server = Program::start(&[]);
    let count = max_long_polls();
    assert!(count > 0, "the limit of open files is too low");
    let polls = iter(0..count).map(|number| long_poll(server.address, number));
    let mut polls: Vec<RawConnection> = polls.buffer_unordered(64).collect().await;
    wait_long_polls(&server, count).await;

    assert_eq!(server.post(r#"{"body":"all"}"#).await.status, 201);
    for poll in &mut polls {
        assert_eq!(poll.response().await.json()["version"], 1);
    }
    wait_long_polls(&server, 0).await;

    for poll in &mut polls {
        poll.request("GET /longpoll?since=now", &[]).await;
    }
    wait_long_polls(&server, count).await;
    polls.truncate(count / 2);
    wait_long_polls(&server, count / 2).await;
    drop(polls);
    wait_long_polls(&server, 0).await;
}
