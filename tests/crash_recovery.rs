//! After `kill -9` in mid-burst, fifty times, every acknowledged message is there once, and
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

/// How many messages a socket has under way.
const UNDER_WAY: usize = 8;

/// A message as everybody must see it.
type Told = (u64, String);

fn told(message: &Value) -> Told {
    let id = message["id"].as_str().expect("an id").to_owned();
    (message["version"].as_u64().expect("a version"), id)
}

async fn open(address: SocketAddr, query: &str) -> Option<WebSocketStream<TcpStream>> {
    let tcp = TcpStream::connect(address).await.ok()?;
    let url = format!("ws://{address}/ws{query}");
    let (socket, _) = client_async(url, tcp).await.ok()?;
    Some(socket)
}

/// The next message; `None` when the server is gone.
async fn hear(socket: &mut WebSocketStream<TcpStream>) -> Option<Value> {
    match socket.next().await?.ok()? {
        Message::Text(text) => serde_json::from_str(&text).ok(),
        _ => None,
    }
}

/// One who publishes messages `name-1`, `name-2`, … and begins again with the first that was
/// not answered.
struct Publisher {
    name: String,
    answered: Vec<Told>,
}

impl Publisher {
    fn id(&self, ahead: usize) -> String {
        format!("{}-{}", self.name, self.answered.len() + 1 + ahead)
    }

    fn take(&mut self, published: &Value, count: &AtomicUsize) {
        assert_eq!(published["type"], "published", "{published}");
        let told = told(published);
        assert_eq!(told.1, self.id(0));
        self.answered.push(told);
        count.fetch_add(1, Ordering::Relaxed);
    }

    /// Publishes until the server is gone.
    async fn post(
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
            self.take(&published, count);
        }
    }

    /// The same by WebSocket, several at a time.
    async fn say(&mut self, at: SocketAddr, count: &AtomicUsize) -> Option<()> {
        let mut socket = open(at, "?since=now").await?;
        for ahead in 0..UNDER_WAY - 1 {
            self.say_one(&mut socket, ahead).await?;
        }
        loop {
            self.say_one(&mut socket, UNDER_WAY - 1).await?;
            let published = loop {
                let message = hear(&mut socket).await?;
                if message["type"] != "batch" {
                    break message;
                }
            };
            self.take(&published, count);
        }
    }

    async fn say_one(
        &self,
        socket: &mut WebSocketStream<TcpStream>,
        ahead: usize,
    ) -> Option<()> {
        let message = json!({ "type": "publish", "id": self.id(ahead), "body": "hi" });
        let message = Message::text(message.to_string());
        socket.send(message).await.ok()
    }
}

/// One who reads, and has one cursor for all of the server's lives.
struct Reader {
    path: &'static str,
    epoch: Option<String>,
    story: Vec<Told>,
}

impl Reader {
    fn query(&self) -> String {
        let since = self.story.len();
        match &self.epoch {
            None => format!("?since={since}"),
            Some(epoch) => format!("?since={since}&epoch={epoch}"),
        }
    }

    fn take(&mut self, batch: &Value) {
        assert_eq!(batch["type"], "batch", "the cursor fits: {batch}");
        assert_eq!(batch["since"], self.story.len());
        let epoch = batch["epoch"].as_str().expect("an epoch");
        assert_eq!(self.epoch.get_or_insert(epoch.to_owned()), epoch);
        let messages = batch["messages"].as_array().expect("messages");
        self.story.extend(messages.iter().map(told));
    }

    /// Asks until the server is gone, or there is nothing after `last`.
    async fn ask(&mut self, http: &reqwest::Client, at: SocketAddr, last: usize) {
        while self.story.len() < last {
            let url = format!("http://{at}{}{}", self.path, self.query());
            let Ok(response) = http.get(url).send().await else {
                return;
            };
            let Ok(batch) = response.json().await else {
                return;
            };
            self.take(&batch);
        }
    }

    /// The same by WebSocket.
    async fn listen(&mut self, at: SocketAddr, last: usize) -> Option<()> {
        let mut socket = open(at, &self.query()).await?;
        while self.story.len() < last {
            let batch = hear(&mut socket).await?;
            self.take(&batch);
        }
        Some(())
    }

    async fn read(&mut self, http: &reqwest::Client, at: SocketAddr, last: usize) {
        match self.path {
            "/ws" => _ = self.listen(at, last).await,
            _ => self.ask(http, at, last).await,
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
        answered: Vec::new(),
    };
    let [mut a, mut b, mut c, mut d] = ["a", "b", "c", "d"].map(publisher);
    let [mut poll, mut longpoll, mut ws] =
        ["/poll", "/longpoll", "/ws"].map(|path| Reader {
            path,
            epoch: None,
            story: Vec::new(),
        });

    for _ in 0..ROUNDS {
        let program = Program::start(&flags);
        let at = program.address;
        let count = AtomicUsize::new(0);
        let lives_for = rand::rng().random_range(1..=60);
        let kill = async {
            wait_until("the burst goes on", || {
                count.load(Ordering::Relaxed) >= lives_for
            })
            .await;
            program.kill();
        };
        with_timeout(async {
            tokio::join!(
                kill,
                a.post(&http, at, &count),
                b.post(&http, at, &count),
                c.say(at, &count),
                d.say(at, &count),
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
    let story = &poll.story;
    let versions: Vec<_> = story.iter().map(|(version, _)| *version).collect();
    assert_eq!(versions, (1..=head).collect::<Vec<_>>());
    assert!(*story == longpoll.story && *story == ws.story);
    assert!(poll.epoch == longpoll.epoch && poll.epoch == ws.epoch);
    let ids: HashSet<_> = story.iter().map(|(_, id)| id).collect();
    assert_eq!(ids.len(), story.len(), "nothing is there twice");

    for Publisher { name, answered } in [a, b, c, d] {
        assert!(answered.len() > ROUNDS / 10, "{name} had its share");
        let prefix = format!("{name}-");
        let own = story.iter().filter(|(_, id)| id.starts_with(&prefix));
        let own: Vec<_> = own.cloned().collect();
        assert!(own.starts_with(&answered), "{name} was told what is not so");
        assert!(own.len() <= answered.len() + UNDER_WAY);
    }
}
