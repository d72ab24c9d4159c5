//! Clients that send each request to another server, on any transport, see one sequence, and the
//! same bytes for the same version.

use super::common;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use common::{Event, Redis, Server, WebSocketClient, with_timeout};
use futures_util::future::join_all;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::clients::http;

const RUNS: u64 = 100;

/// Runs that use the same servers.
const RUNS_PER_PAIR: u64 = 10;

const READERS: u64 = 3;

#[derive(Deserialize)]
struct Batch {
    since: u64,
    version: u64,
    messages: Vec<Box<RawValue>>,
}

/// A reader, and the bytes of each message that it has received.
struct Reader {
    servers: Arc<[Server; 2]>,
    http: reqwest::Client,
    random: StdRng,
    since: u64,
    messages: BTreeMap<u64, String>,
}

impl Reader {
    /// Returns a server and a query, each time another one.
    fn next_request(&mut self) -> (SocketAddr, String) {
        let server = &self.servers[self.random.random_range(0..2)];
        let (epoch, limit) = (server.log.epoch(), self.random.random_range(1..=10));
        let query = format!("?since={}&epoch={epoch}&limit={limit}", self.since);
        (server.address, query)
    }

    fn record(&mut self, json: &str) {
        let batch: Batch = serde_json::from_str(json).expect("a batch");
        assert_eq!(batch.since, self.since, "it does not start at the cursor");
        for message in batch.messages {
            self.since += 1;
            let start = format!("{{\"version\":{},", self.since);
            assert!(message.get().starts_with(&start), "{message}");
            self.messages.insert(self.since, message.get().to_owned());
        }
        assert_eq!(batch.version, self.since);
    }

    async fn get(&mut self, path: &str) {
        let (server, query) = self.next_request();
        let url = format!("http://{server}{path}{query}&wait_ms=100");
        let response = with_timeout(self.http.get(url).send()).await;
        let response = response.expect("a response");
        let (status, text) = (response.status(), response.text().await.expect("text"));
        assert_eq!(status, 200, "{text}");
        self.record(&text);
    }

    async fn follow(&mut self, last: u64) {
        let (server, query) = self.next_request();
        let mut socket = WebSocketClient::connect(server, &query).await;
        for _ in 0..self.random.random_range(1..=4) {
            if self.since == last {
                return;
            }
            match socket.recv().await {
                Event::Text(text) => self.record(&text),
                end => panic!("the socket ended: {end:?}"),
            }
        }
    }

    /// Reads until this version.
    async fn read(mut self, last: u64) -> BTreeMap<u64, String> {
        while self.since < last {
            match self.random.random_range(0..3) {
                0 => self.get("/poll").await,
                1 => self.get("/longpoll").await,
                _ => self.follow(last).await,
            }
        }
        self.messages
    }
}

/// Publishes messages at both servers by turns, in their order, and some of them twice.
async fn publish(
    servers: Arc<[Server; 2]>,
    name: String,
    count: usize,
    mut random: StdRng,
) {
    let http = http();
    let mut sockets = Vec::new();
    for server in servers.iter() {
        let query = format!("?since=now&epoch={}&limit=1000", server.log.epoch());
        sockets.push(server_socket(server, &query).await);
    }
    for number in 1..=count {
        let message = json!({ "id": format!("{name}-{number}"), "body": number });
        for is_again in [false, true] {
            if is_again && random.random_ratio(3, 4) {
                continue;
            }
            let at = random.random_range(0..2);
            let ack = match random.random() {
                true => post(&http, servers[at].address, &message).await,
                false => send(&mut sockets[at], &message).await,
            };
            assert!(!is_again || ack["duplicate"] == true, "{ack}");
        }
    }
}

async fn server_socket(server: &Server, query: &str) -> WebSocketClient {
    WebSocketClient::connect(server.address, query).await
}

async fn post(http: &reqwest::Client, server: SocketAddr, message: &Value) -> Value {
    let request = http.post(format!("http://{server}/messages")).json(message);
    let response = with_timeout(request.send()).await.expect("a response");
    response.json().await.expect("an acknowledgement")
}

async fn send(socket: &mut WebSocketClient, message: &Value) -> Value {
    let mut command = message.clone();
    command["type"] = json!("publish");
    socket.send_text(command.to_string()).await;
    socket.next("published").await
}

async fn run(servers: &Arc<[Server; 2]>, seed: u64) {
    let mut random = StdRng::seed_from_u64(seed);
    let start = servers[0].log.head().max(servers[1].log.head());
    let counts: Vec<usize> = (0..random.random_range(1..=4))
        .map(|_| random.random_range(1..=20))
        .collect();
    let last = start + counts.iter().sum::<usize>() as u64;
    let publishers = counts.iter().enumerate().map(|(index, count)| {
        let random = StdRng::seed_from_u64(seed * 100 + index as u64);
        publish(servers.clone(), format!("{seed}-{index}"), *count, random)
    });
    let readers = (0..READERS).map(|index| {
        let reader = Reader {
            servers: servers.clone(),
            http: http(),
            random: StdRng::seed_from_u64(seed * 100 + 50 + index),
            since: start,
            messages: BTreeMap::new(),
        };
        reader.read(last)
    });
    let (_, sequences) = tokio::join!(join_all(publishers), join_all(readers));
    assert_eq!(sequences[0].len() as u64, last - start);
    assert!(
        sequences.iter().all(|sequence| *sequence == sequences[0]),
        "two readers have other bytes (seed {seed})"
    );
}

#[tokio::test]
async fn any_request_may_go_to_any_server() {
    let Some(redis) = Redis::start(&[]) else {
        return;
    };
    let mut servers = None;
    for seed in 0..RUNS {
        if seed % RUNS_PER_PAIR == 0 {
            let flags = [&*redis.flag(), &format!("--stream=runs-{seed}")];
            servers = Some(Arc::new([Server::start(&flags), Server::start(&flags)]));
        }
        run(servers.as_ref().expect("they were started"), seed).await;
    }
}
