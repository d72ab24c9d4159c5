//! Clients that send slowly, or nothing, are disconnected in time, and do not delay others.

use crate::common;

use std::time::Duration;

use common::{RawConnection, Server, with_timeout};
use futures_util::future::join_all;
use tokio::io::AsyncWriteExt;
use tokio::time::{Instant, sleep, timeout};

/// How many clients of each kind there are.
const CLIENTS: usize = 100;

/// Short, to keep the test short.
const FLAGS: [&str; 2] = ["--header-timeout=2s", "--body-timeout=4s"];

/// Longer than any slow client may stay connected, even on a busy machine.
const DEADLINE: Duration = Duration::from_secs(30);

/// What a slow client sends at once, and what it then repeats, a byte at a time.
struct SlowClient {
    first: &'static str,
    drip_bytes: &'static [u8],
}

const SILENT: SlowClient = SlowClient {
    first: "",
    drip_bytes: b"",
};

/// Slowloris: a header that never ends.
const SLOW_HEADER: SlowClient = SlowClient {
    first: "GET /poll HTTP/1.1\r\nHost: 127.0.0.1\r\n",
    drip_bytes: b"X-A: b\r\n",
};

/// R-U-Dead-Yet: a body that never ends.
const SLOW_BODY: SlowClient = SlowClient {
    first: "POST /messages HTTP/1.1\r\nHost: 127.0.0.1\r\n\
            Content-Type: application/json\r\nContent-Length: 60000\r\n\r\n",
    drip_bytes: b" ",
};

/// Sends slowly until the server disconnects, and returns what was received.
async fn run_slow_client(server: &Server, kind: &SlowClient) -> String {
    let mut connection = server.connect_raw().await;
    connection.send(kind.first).await;
    let (mut read, mut write) = connection.stream().split();
    let drip = async {
        for byte in kind.drip_bytes.iter().cycle() {
            sleep(Duration::from_millis(300)).await;
            if write.write_all(&[*byte]).await.is_err() {
                break;
            }
        }
        std::future::pending::<()>().await;
    };
    let mut received = Vec::new();
    let receive = tokio::io::AsyncReadExt::read_to_end(&mut read, &mut received);
    tokio::select! {
        result = timeout(DEADLINE, receive) => {
            let _ = result.expect("the server disconnects");
        }
        () = drip => {}
    }
    String::from_utf8(received).expect("the response is UTF-8")
}

async fn run_slow_clients(server: &Server, kind: &SlowClient) {
    for received in join_all((0..CLIENTS).map(|_| run_slow_client(server, kind))).await {
        assert_eq!(received.split(' ').nth(1), Some("408"), "{received:?}");
    }
}

/// Publishes and receives messages until it is dropped, and counts them.
async fn run_healthy_client(server: &Server, served: &mut u64) {
    let mut publisher = server.connect_raw().await;
    let mut reader = server.socket("").await;
    loop {
        let body = br#"{"body":1}"#;
        let response = publisher.post("Content-Type: application/json", body).await;
        assert_eq!(response.status, 201);
        let version = response.json()["version"].clone();
        while reader.next("batch").await["version"] != version {}
        *served += 1;
        sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn slow_clients_are_disconnected() {
    let server = Server::start(&FLAGS);
    let mut served = 0_u64;
    let started = Instant::now();
    tokio::select! {
        _ = async {
            tokio::join!(
                run_slow_clients(&server, &SILENT),
                run_slow_clients(&server, &SLOW_HEADER),
                run_slow_clients(&server, &SLOW_BODY),
            )
        } => {}
        () = run_healthy_client(&server, &mut served) => {}
    }
    // Each of these messages arrived before the test timeout, among all the slow clients.
    assert!(started.elapsed() < DEADLINE, "{:?}", started.elapsed());
    assert!(served > 20, "{served} messages in {:?}", started.elapsed());
    // The last message may be in the log and not yet received. No slow body is in the log.
    let head = server.log.head();
    assert!(head == served || head == served + 1, "{head}, {served}");
}

#[tokio::test]
async fn idle_connections_do_not_block() {
    let server = Server::start(&[]);
    let silent = join_all((0..1000).map(|_| server.connect_raw())).await;
    let mut connection: RawConnection = with_timeout(server.connect_raw()).await;
    assert_eq!(connection.get("/poll").await.status, 200);
    drop(silent);
}
