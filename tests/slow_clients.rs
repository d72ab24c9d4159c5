//! Clients that are slow on purpose, or say nothing at all, are ended in time, and meanwhile
//! nobody else waits for them.

use crate::common;

use std::time::Duration;

use common::{RawConnection, Server, soon};
use futures_util::future::join_all;
use tokio::io::AsyncWriteExt;
use tokio::time::{Instant, sleep, timeout};

/// How many of each kind there are.
const MANY: usize = 100;

/// Longer than any of them may stay: 10 s for a body, and room for a busy machine.
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

/// Is slow until the server ends it, and returns what it was told before.
async fn be_slow(server: &Server, kind: &Slow) -> String {
    let mut wire = server.wire().await;
    wire.send(kind.first).await;
    let (mut read, mut write) = wire.stream().split();
    let drip = async {
        for byte in kind.drip.iter().cycle() {
            sleep(Duration::from_millis(300)).await;
            if write.write_all(&[*byte]).await.is_err() {
                break;
            }
        }
        std::future::pending::<()>().await;
    };
    let mut told = Vec::new();
    let listen = tokio::io::AsyncReadExt::read_to_end(&mut read, &mut told);
    tokio::select! {
        ended = timeout(PATIENCE, listen) => { let _ = ended.expect("it is ended"); }
        () = drip => {}
    }
    String::from_utf8(told).expect("an answer is ASCII")
}

async fn all_slow(server: &Server, kind: &Slow) {
    for told in join_all((0..MANY).map(|_| be_slow(server, kind))).await {
        assert_eq!(told.split(' ').nth(1), Some("408"), "{told:?}");
    }
}

/// Publishes and hears, until it is dropped, and counts the messages.
async fn be_served(server: &Server, served: &mut u64) {
    let mut publisher = server.wire().await;
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
async fn slow_clients_are_ended_and_nobody_else_notices() {
    let server = Server::start(&[]);
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
    assert!(served > 100, "{served} messages in {:?}", started.elapsed());
    // The last one may be in the log and not heard. Nothing of a slow body is.
    let head = server.log.head();
    assert!(head == served || head == served + 1, "{head}, {served}");
}

#[tokio::test]
async fn a_thousand_connections_that_say_nothing_keep_nobody_out() {
    let server = Server::start(&[]);
    let silent = join_all((0..1000).map(|_| server.wire())).await;
    let mut wire: RawConnection = soon(server.wire()).await;
    assert_eq!(wire.get("/poll").await.status, 200);
    drop(silent);
}
