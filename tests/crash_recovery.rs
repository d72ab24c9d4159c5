//! After `kill -9` during a burst, fifty times, every acknowledged message is there once, and
//! readers continue from their cursors.

use crate::common;

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};

use common::{JournalFile, Program, wait_until, with_timeout};
use futures_util::{SinkExt, StreamExt};
use rand::RngExt;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, client_async};

const ROUNDS: usize = 50;

/// How many messages a socket has in flight.
const IN_FLIGHT: usize = 8;

/// The version and id of a message, which every reader must see.
type Entry = (u64, String);

fn entry(message: &Value) -> Entry {
    let id = message["id"].as_str().expect("an id").to_owned();
    (message["version"].as_u64().expect("a version"), id)
}

async fn open(address: SocketAddr, query: &str) -> Option<WebSocketStream<TcpStream>> {
    let tcp = TcpStream::connect(address).await.ok()?;
    let url = format!("ws://{address}/ws{query}");
    let (socket, _) = client_async(url, tcp).await.ok()?;
    Some(socket)
}

/// Returns the next message, or `None` when the server is gone.
async fn receive(socket: &mut WebSocketStream<TcpStream>) -> Option<Value> {
    match socket.next().await?.ok()? {
        Message::Text(text) => serde_json::from_str(&text).ok(),
        _ => None,
    }
}

/// Publishes messages `name-1`, `name-2`, …, and resumes with the first one that was not
/// acknowledged.
struct Publisher {
    name: String,
    acknowledged: Vec<Entry>,
}

impl Publisher {
    fn id(&self, ahead: usize) -> String {
        format!("{}-{}", self.name, self.acknowledged.len() + 1 + ahead)
    }

    fn record_ack(&mut self, published: &Value, count: &AtomicUsize) {
        assert_eq!(published["type"], "published", "{published}");
        let acknowledged = entry(published);
        assert_eq!(acknowledged.1, self.id(0));
        self.acknowledged.push(acknowledged);
        count.fetch_add(1, Ordering::Relaxed);
    }

    /// Publishes by POST until the server is gone.
    async fn publish_by_post(
        &mut self,
        http: &reqwest::Client,
        at: SocketAddr,
        count: &AtomicUsize,
    ) {
        loop {
            let message = json!({ "id": self.id(0), "body": "hi" });
            let request = http.post(format!("http://{at}/messages")).json(&message);
            let Ok(response) = request.send().await else {
                return;
            };
            let Ok(published) = response.json().await else {
                return;
            };
            self.record_ack(&published, count);
        }
    }

    /// Publishes by WebSocket, several at a time, until the server is gone.
    async fn publish_by_socket(
        &mut self,
        at: SocketAddr,
        count: &AtomicUsize,
    ) -> Option<()> {
        let mut socket = open(at, "?since=now").await?;
        for ahead in 0..IN_FLIGHT - 1 {
            self.send_one(&mut socket, ahead).await?;
        }
        loop {
            self.send_one(&mut socket, IN_FLIGHT - 1).await?;
            let published = loop {
                let message = receive(&mut socket).await?;
                if message["type"] != "batch" {
                    break message;
                }
            };
            self.record_ack(&published, count);
        }
    }

    async fn send_one(
        &self,
        socket: &mut WebSocketStream<TcpStream>,
        ahead: usize,
    ) -> Option<()> {
        let message = json!({ "type": "publish", "id": self.id(ahead), "body": "hi" });
        let message = Message::text(message.to_string());
        socket.send(message).await.ok()
    }
}

/// A reader that keeps its cursor across restarts of the server.
struct Reader {
    path: &'static str,
    epoch: Option<String>,
    history: Vec<Entry>,
}

impl Reader {
    fn query(&self) -> String {
        let since = self.history.len();
        match &self.epoch {
            None => format!("?since={since}"),
            Some(epoch) => format!("?since={since}&epoch={epoch}"),
        }
    }

    fn record(&mut self, batch: &Value) {
        assert_eq!(batch["type"], "batch", "no batch: {batch}");
        assert_eq!(batch["since"], self.history.len());
        let epoch = batch["epoch"].as_str().expect("an epoch");
        assert_eq!(self.epoch.get_or_insert(epoch.to_owned()), epoch);
        let messages = batch["messages"].as_array().expect("messages");
        self.history.extend(messages.iter().map(entry));
    }

    /// Reads by polling until the server is gone or `last` was received.
    async fn read_by_polling(
        &mut self,
        http: &reqwest::Client,
        at: SocketAddr,
        last: usize,
    ) {
        while self.history.len() < last {
            let url = format!("http://{at}{}{}", self.path, self.query());
            let Ok(response) = http.get(url).send().await else {
                return;
            };
            let Ok(batch) = response.json().await else {
                return;
            };
            self.record(&batch);
        }
    }

    /// Reads by WebSocket until the server is gone or `last` was received.
    async fn read_by_socket(&mut self, at: SocketAddr, last: usize) -> Option<()> {
        let mut socket = open(at, &self.query()).await?;
        while self.history.len() < last {
            let batch = receive(&mut socket).await?;
            self.record(&batch);
        }
        Some(())
    }

    async fn read(&mut self, http: &reqwest::Client, at: SocketAddr, last: usize) {
        match self.path {
            "/ws" => _ = self.read_by_socket(at, last).await,
            _ => self.read_by_polling(http, at, last).await,
        }
    }
}

#[tokio::test]
async fn acknowledged_messages_survive_kill() {
    let file = JournalFile::new();
    let flags = [&*file.flag(), "--retain-messages=1000000"];
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let publisher = |name: &str| Publisher {
        name: name.to_owned(),
        acknowledged: Vec::new(),
    };
    let [mut a, mut b, mut c, mut d] = ["a", "b", "c", "d"].map(publisher);
    let [mut poll, mut longpoll, mut ws] =
        ["/poll", "/longpoll", "/ws"].map(|path| Reader {
            path,
            epoch: None,
            history: Vec::new(),
        });

    for _ in 0..ROUNDS {
        let program = Program::start(&flags);
        let at = program.address;
        let count = AtomicUsize::new(0);
        let kill_after = rand::rng().random_range(1..=60);
        let kill = async {
            wait_until("enough messages are acknowledged", || {
                count.load(Ordering::Relaxed) >= kill_after
            })
            .await;
            program.kill();
        };
        with_timeout(async {
            tokio::join!(
                kill,
                a.publish_by_post(&http, at, &count),
                b.publish_by_post(&http, at, &count),
                c.publish_by_socket(at, &count),
                d.publish_by_socket(at, &count),
                poll.read(&http, at, usize::MAX),
                longpoll.read(&http, at, usize::MAX),
                ws.read(&http, at, usize::MAX),
            )
        })
        .await;
    }

    let program = Program::start(&flags);
    let head = program.get("/health").await.json()["head"]
        .as_u64()
        .unwrap();
    for reader in [&mut poll, &mut longpoll, &mut ws] {
        with_timeout(reader.read(&http, program.address, head as usize)).await;
    }
    let history = &poll.history;
    let versions: Vec<_> = history.iter().map(|(version, _)| *version).collect();
    assert_eq!(versions, (1..=head).collect::<Vec<_>>());
    assert!(*history == longpoll.history && *history == ws.history);
    assert!(poll.epoch == longpoll.epoch && poll.epoch == ws.epoch);
    let ids: HashSet<_> = history.iter().map(|(_, id)| id).collect();
    assert_eq!(ids.len(), history.len(), "an id appears twice");

    for Publisher { name, acknowledged } in [a, b, c, d] {
        assert!(
            acknowledged.len() > ROUNDS / 10,
            "{name} published too little"
        );
        let prefix = format!("{name}-");
        let received = history.iter().filter(|(_, id)| id.starts_with(&prefix));
        let received: Vec<_> = received.cloned().collect();
        assert!(
            received.starts_with(&acknowledged),
            "{name} lost an acknowledged message"
        );
        assert!(received.len() <= acknowledged.len() + IN_FLIGHT);
    }
}
