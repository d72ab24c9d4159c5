//! Clients that know several servers and send each request to another one. They wait for no server
//! and retry what fails.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use futures_util::StreamExt;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::Message;

use super::history::History;

/// Time between two attempts.
const RETRY_INTERVAL: Duration = Duration::from_millis(20);

/// How long a client waits for a server, which may be stopped.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(4);

/// The servers, and what all clients count together.
pub(super) struct Room {
    pub(super) servers: Vec<SocketAddr>,
    pub(super) acknowledged: AtomicUsize,
    pub(super) is_over: AtomicBool,
}

/// A publisher's acknowledgements: the epoch of each id.
pub(super) type Acknowledged = HashMap<String, String>;

pub(super) fn http() -> reqwest::Client {
    let client = reqwest::Client::builder()
        .no_proxy()
        .timeout(REQUEST_TIMEOUT);
    client.build().expect("the client can be built")
}

/// Publishes numbered messages until the room is over, each until a server acknowledges it.
pub(super) async fn publish(room: Arc<Room>, name: String) -> Acknowledged {
    let http = http();
    let mut acknowledged = Acknowledged::new();
    let mut turn = name.len();
    while !room.is_over.load(SeqCst) {
        let id = format!("{name}-{}", acknowledged.len() + 1);
        let message = json!({ "id": id, "body": acknowledged.len() });
        loop {
            turn += 1;
            let server = room.servers[turn % room.servers.len()];
            let request = http
                .post(format!("http://{server}/messages"))
                .json(&message);
            let Ok(response) = request.send().await else {
                sleep(RETRY_INTERVAL).await;
                continue;
            };
            match response.status().as_u16() {
                200 | 201 => {
                    let Ok(ack) = response.json::<Value>().await else {
                        continue; // it was killed before it had sent all of it
                    };
                    let epoch = ack["epoch"].as_str().expect("an epoch").to_owned();
                    acknowledged.insert(id, epoch);
                    room.acknowledged.fetch_add(1, SeqCst);
                    break;
                }
                // A proxy does not repeat a POST that it has sent to a server that was killed.
                502 | 503 => sleep(RETRY_INTERVAL).await,
                status => panic!("{status}: {:?}", response.text().await),
            }
            if room.is_over.load(SeqCst) {
                return acknowledged;
            }
        }
        sleep(Duration::from_millis(1)).await;
    }
    acknowledged
}

/// Reads by polling or long polling until it has the last message.
pub(super) async fn read(
    room: Arc<Room>,
    path: &'static str,
    last: &'static str,
) -> History {
    let http = http();
    let mut history = History::default();
    let mut turn = 0;
    while history.ids().last() != Some(&last) {
        turn += 1;
        let server = room.servers[turn % room.servers.len()];
        let url = format!("http://{server}{path}{}&wait_ms=500", history.query());
        let Ok(response) = http.get(url).send().await else {
            sleep(RETRY_INTERVAL).await;
            continue;
        };
        match response.status().as_u16() {
            // The body of a server that is killed can be incomplete.
            status @ (200 | 410) => match (status, response.json().await) {
                (200, Ok(batch)) => history.record(&batch),
                (_, Ok(gap)) => history.record_gap(&gap),
                (_, Err(_)) => {}
            },
            502 | 503 => sleep(RETRY_INTERVAL).await,
            status => panic!("{status}: {:?}", response.text().await),
        }
    }
    history
}

/// Reads by WebSocket, and from another server after each disconnect.
pub(super) async fn follow(room: Arc<Room>, last: &'static str) -> History {
    let mut history = History::default();
    let mut turn = 0;
    while history.ids().last() != Some(&last) {
        turn += 1;
        let server = room.servers[turn % room.servers.len()];
        let follow = follow_one(server, &mut history, last);
        if follow.await.is_none() {
            sleep(RETRY_INTERVAL).await;
        }
    }
    history
}

/// Follows one server until the socket ends. Returns `None` if it was disconnected.
async fn follow_one(server: SocketAddr, history: &mut History, last: &str) -> Option<()> {
    let tcp = TcpStream::connect(server).await.ok()?;
    let url = format!("ws://{server}/ws{}", history.query());
    let handshake = timeout(REQUEST_TIMEOUT, client_async(url, tcp));
    let (mut socket, _) = handshake.await.ok()?.ok()?;
    while history.ids().last() != Some(&last) {
        // Some sockets are left although nothing is wrong, to use another server.
        let received = timeout(REQUEST_TIMEOUT, socket.next()).await;
        let Ok(Some(Ok(Message::Text(text)))) = received else {
            return None;
        };
        let message: Value = serde_json::from_str(&text).expect("JSON");
        match message["type"].as_str() {
            Some("batch") => history.record(&message),
            Some("gap") => {
                history.record_gap(&message);
                return Some(());
            }
            other => panic!("unexpected {other:?}"),
        }
    }
    Some(())
}
