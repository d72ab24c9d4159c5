//! A reader that switches transports during a burst gets every message once and in order.

use crate::common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use common::{Event, Server, append};
use futures_util::future::join_all;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use tokio::task::yield_now;

const READERS: u64 = 5;
const SWITCHES: usize = 100;
const LAST: &str = "the end";

/// A reader, and the version and id of each message that it has received.
struct Reader {
    server: Arc<Server>,
    random: StdRng,
    history: Vec<(u64, String)>,
}

impl Reader {
    fn is_done(&self) -> bool {
        self.history.last().is_some_and(|(_, id)| id == LAST)
    }

    fn query(&mut self) -> String {
        let (since, epoch) = (self.history.len(), self.server.log.epoch());
        let limit = self.random.random_range(1..=40);
        format!("?since={since}&epoch={epoch}&limit={limit}")
    }

    fn record(&mut self, batch: &Value) {
        assert_eq!(batch["type"], "batch");
        assert_eq!(
            batch["since"],
            self.history.len(),
            "the batch does not start at the cursor"
        );
        for message in batch["messages"].as_array().expect("messages") {
            let id = message["id"].as_str().expect("an id").to_owned();
            self.history
                .push((message["version"].as_u64().expect("a version"), id));
        }
        assert_eq!(
            batch["version"],
            self.history.len(),
            "a gap, or a duplicate"
        );
    }

    async fn get(&mut self, path: &str) {
        let url = format!("{path}{}", self.query());
        let response = self.server.get(&url).await;
        assert_eq!(response.status, 200, "{response:?}");
        self.record(&response.json());
    }

    async fn follow(&mut self) {
        let query = self.query();
        let mut socket = self.server.socket(&query).await;
        for _ in 0..self.random.random_range(1..=4) {
            match socket.recv().await {
                Event::Text(text) => {
                    self.record(&serde_json::from_str(&text).expect("a batch"))
                }
                end => panic!("the socket ended: {end:?}"),
            }
            if self.is_done() {
                return;
            }
        }
        if self.random.random() {
            let _ = socket.stream.close(None).await; // otherwise disconnect without a close frame
        }
    }

    /// Reads until the last message, switching transports.
    async fn read(mut self, switches: &AtomicUsize) -> Vec<(u64, String)> {
        let mut transport = 0;
        while !self.is_done() {
            transport = (transport + self.random.random_range(1..=2)) % 3;
            for _ in 0..self.random.random_range(1..=3) {
                match transport {
                    0 => self.get("/poll").await,
                    1 if !self.is_done() => self.get("/longpoll").await,
                    2 if !self.is_done() => self.follow().await,
                    _ => {}
                }
            }
            switches.fetch_add(1, Ordering::Relaxed);
        }
        self.history
    }
}

/// Publishes by POST until the readers are done, and returns how many messages.
async fn publish_by_post(server: &Server, name: &str, switches: &AtomicUsize) -> usize {
    let mut count = 0;
    while switches.load(Ordering::Relaxed) < SWITCHES {
        count += 1;
        let message = json!({ "id": format!("{name}-{count}"), "body": count });
        assert_eq!(server.post(message.to_string()).await.status, 201);
    }
    count
}

/// Publishes by WebSocket, several at a time: a socket replies in order.
async fn publish_by_socket(server: &Server, name: &str, switches: &AtomicUsize) -> usize {
    let mut socket = server.socket("?since=0&limit=1000").await;
    let mut count = 0;
    while switches.load(Ordering::Relaxed) < SWITCHES {
        for number in count + 1..=count + 3 {
            let id = format!("{name}-{number}");
            let message = json!({ "type": "publish", "id": id, "body": number });
            socket.send_text(message.to_string()).await;
        }
        for number in count + 1..=count + 3 {
            let published = socket.next("published").await;
            assert_eq!(published["id"], format!("{name}-{number}"));
        }
        count += 3;
        yield_now().await;
    }
    count
}

#[tokio::test]
async fn switching_transports_loses_nothing() {
    let server = Arc::new(Server::start(&["--retain-messages=1000000"]));
    let switches = Arc::new(AtomicUsize::new(0));
    let readers: Vec<_> = (0..READERS)
        .map(|seed| {
            let (server, switches) = (server.clone(), switches.clone());
            let random = StdRng::seed_from_u64(seed);
            tokio::spawn(async move {
                let history = Vec::new();
                let reader = Reader {
                    server,
                    random,
                    history,
                };
                reader.read(&switches).await
            })
        })
        .collect();

    let (a, b, c, d) = tokio::join!(
        publish_by_post(&server, "a", &switches),
        publish_by_post(&server, "b", &switches),
        publish_by_socket(&server, "c", &switches),
        publish_by_socket(&server, "d", &switches),
    );
    append(&server.log, LAST, "");

    let count = a + b + c + d + 1;
    let histories: Vec<_> = join_all(readers)
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();
    for history in &histories {
        let versions: Vec<_> = history.iter().map(|(version, _)| *version).collect();
        assert_eq!(versions, (1..=count as u64).collect::<Vec<_>>());
        assert!(
            *history == histories[0],
            "two readers received different messages"
        );
    }
    for (name, count) in [("a-", a), ("b-", b), ("c-", c), ("d-", d)] {
        let ids = histories[0].iter().map(|(_, id)| id.as_str());
        let received: Vec<_> = ids.filter(|id| id.starts_with(name)).collect();
        let sent: Vec<_> = (1..=count)
            .map(|number| format!("{name}{number}"))
            .collect();
        assert_eq!(
            received, sent,
            "not in the order in which they were published"
        );
    }
}
