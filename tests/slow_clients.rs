//! Clients that send slowly, or nothing, are disconnected in time without delaying others.

use crate::common;

use std::time::Duration;

use common::{RawConnection, Server, with_timeout};
use futures_util::future::join_all;
use tokio::io::AsyncWriteExt;
use tokio::time::{Instant, sleep, timeout};

/// How many of each kind there are.
const MANY: usize = 100;

/// Short, so that the test is.
const FLAGS: [&str; 2] = ["--header-timeout=2s", "--body-timeout=4s"];

/// Longer than any of them may stay, and room for a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a slow client sends at once, and what it goes on with, a byte at a time.
struct Slow {
    first: &'static str,
    drip: &'static [u8],
}

const SILENT: Slow = Slow {
    first: "",
    drip: b"",
};

/// Slowloris: a header that never ends.
const SLOW_HEADER: Slow = Slow {
    first: "GET /poll HTTP/1.1\r\nHost: 127.0.0.1\r\n",
    drip: b"X-A: b\r\n",
};

/// R-U-Dead-Yet: a body that never ends.
const SLOW_BODY: Slow = Slow {
    first: "POST /messages HTTP/1.1\r\nHost: 127.0.0.1\r\n\
            Content-Type: application/json\r\nContent-Length: 60000\r\n\r\n",
    drip: b" ",
};

/// Is slow until the server ends it, and returns what it was received before.
async fn be_slow(server: &Server, kind: &Slow) -> String {
    let mut connection = server.connect_raw().await;
    connection.send(kind.first).await;
    let (mut read, mut write) = connection.stream().split();
    let drip = async {
        for byte in kind.drip.iter().cycle() {
            sleep(Duration::from_millis(300)).await;
            if write.write_all(&[*byte]).await.is_err() {
                break;
            }
        }
        std::future::pending::<()>().await;
    };
    let mut received = Vec::new();
    let listen = tokio::io::AsyncReadExt::read_to_end(&mut read, &mut received);
    tokio::select! {
        ended = timeout(PATIENCE, listen) => { let _ = ended.expect("it is ended"); }
        () = drip => {}
    }
    String::from_utf8(received).expect("an response is ASCII")
}

async fn all_slow(server: &Server, kind: &Slow) {
    for received in join_all((0..MANY).map(|_| be_slow(server, kind))).await {
        assert_eq!(received.split(' ').nth(1), Some("408"), "{received:?}");
    }
}

/// Publishes and hears, until it is dropped, and counts the messages.
async fn be_served(server: &Server, served: &mut u64) {
    let mut publisher = server.connect_raw().await;
    let mut reader = server.socket("").await;
    loop {
        let body = br#"{"body":1}"#;
        let done = publisher.post("Content-Type: application/json", body).await;
        assert_eq!(done.status, 201);
        let version = done.json()["version"].clone();
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
                all_slow(&server, &SILENT),
                all_slow(&server, &SLOW_HEADER),
                all_slow(&server, &SLOW_BODY),
            )
        } => {}
        () = be_served(&server, &mut served) => {}
    }
    // Each of these messages came within `soon`, while all of the others were there.
    assert!(started.elapsed() < PATIENCE, "{:?}", started.elapsed());
    assert!(served > 20, "{served} messages in {:?}", started.elapsed());
    // The last one may be in the log and not heard. Nothing of a slow body is.
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
