//! A crowd of held polls: one message answers all of them, and who is gone is not counted.

use crate::common;

use std::net::SocketAddr;
use std::time::Duration;

use common::{Program, RawConnection, soon};
use futures_util::StreamExt;
use futures_util::stream::iter;
use tokio::net::TcpSocket;
use tokio::time::timeout;

/// How long ten thousand may take, in a debug build and beside other tests.
const FOR_ALL: Duration = Duration::from_secs(60);

/// As many as there may be files for, 10 000 at the most.
fn crowd() -> usize {
    let files = rlimit::increase_nofile_limit(u64::MAX).unwrap_or(1024) as usize;
    files.saturating_sub(300).min(10_000)
}

/// A connection that holds a poll. They come from several addresses, each with its own ports
/// and its own share of the server's connections.
async fn held(server: SocketAddr, number: usize) -> RawConnection {
    let socket = TcpSocket::new_v4().expect("a socket");
    let from = SocketAddr::from(([127, 0, 0, 1 + (number % 5) as u8], 0));
    socket.bind(from).expect("loopback has many addresses");
    let stream = soon(socket.connect(server)).await;
    let mut wire = RawConnection::from_stream(stream.expect("the server listens"));
    wire.request("GET /longpoll?since=now", &[]).await;
    wire
}

async fn until_held(server: &Program, count: usize) {
    let wait = async {
        let mut wire = server.wire().await;
        let held = |answer: &common::Response| answer.metric("trifold_held_polls");
        while held(&wire.get("/metrics").await) != count as f64 {}
    };
    let waited = timeout(FOR_ALL, wait).await;
    waited.unwrap_or_else(|_| panic!("{count} polls are not held"));
}

#[cfg(target_os = "linux")] // elsewhere loopback has one address
#[tokio::test]
async fn one_message_answers_ten_thousand_polls_and_those_who_leave_are_not_waited_for() {
    let server = Program::start(&[]);
    let crowd = crowd();
    let polls = iter(0..crowd).map(|number| held(server.address, number));
    let mut polls: Vec<RawConnection> = polls.buffer_unordered(64).collect().await;
    until_held(&server, crowd).await;

    assert_eq!(server.post(r#"{"body":"all"}"#).await.status, 201);
    for poll in &mut polls {
        assert_eq!(poll.response().await.json()["version"], 1);
    }
    until_held(&server, 0).await;

    for poll in &mut polls {
        poll.request("GET /longpoll?since=now", &[]).await;
    }
    until_held(&server, crowd).await;
    polls.truncate(crowd / 2);
    until_held(&server, crowd / 2).await;
    drop(polls);
    until_held(&server, 0).await;
}
