//! A server in this process, on a thread and a port of its own.

use std::net::SocketAddr;
use std::sync::{Arc, mpsc};
use std::thread;

use actix_web::web;
use clap::Parser;
use serde_json::{Value, json};
use tokio::sync::Notify;
use trifold::{MessageLog, Options, Sequencer};

use super::lab::in_flight;
use super::{Lab, RawConnection, Response, WebSocketClient, append, soon};

/// A server in this process. It stops when it is dropped.
pub struct Server {
    pub address: SocketAddr,
    pub log: web::Data<MessageLog>,
    pub sequencer: web::Data<Sequencer>,
    stop: Arc<Notify>,
    http: reqwest::Client,
}

impl Server {
    /// A server with these flags besides `--listen`.
    pub fn start(flags: &[&str]) -> Self {
        let first = ["trifold", "--listen=127.0.0.1:0", "--workers=2"];
        let options = Options::parse_from(first.iter().chain(flags));
        let sequencer = Sequencer::open(&options).expect("the journal can be used");
        let sequencer = web::Data::new(sequencer);
        let log = sequencer.log().clone();
        let stop = Arc::new(Notify::new());
        let (tell, told) = mpsc::channel();
        let (its_sequencer, its_stop) = (sequencer.clone(), stop.clone());
        thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let stop = async move { its_stop.notified().await };
                let (server, address) = trifold::bind(options, its_sequencer, stop)
                    .expect("port 0 is always free");
                tell.send(address).expect("the test waits for the address");
                server.await.expect("the server runs");
            });
        });
        Self {
            address: told.recv().expect("the server tells its address"),
            log,
            sequencer,
            stop,
            http: client(),
        }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub async fn get(&self, path: &str) -> Response {
        self.get_with(path, &[]).await
    }

    pub async fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Response {
        let mut request = self.http.get(self.url(path));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        soon(answer(request)).await
    }

    /// The value of a metric, labels included in its name.
    pub async fn metric(&self, name: &str) -> f64 {
        self.get("/metrics").await.metric(name)
    }

    /// How often something was refused because it was past this limit.
    pub async fn refusals(&self, limit: &str) -> f64 {
        let name = format!("trifold_refusals_total{{limit=\"{limit}\"}}");
        self.metric(&name).await
    }

    /// Publishes; the body is sent as it is written.
    pub async fn post(&self, body: impl Into<String>) -> Response {
        let request = self
            .http
            .post(self.url("/messages"))
            .header("content-type", "application/json")
            .body(body.into());
        soon(answer(request)).await
    }

    /// Publishes a message that has nothing but a body.
    pub async fn say(&self, body: &str) -> Value {
        self.post(json!({ "body": body }).to_string()).await.json()
    }

    /// Puts messages `id-1` to `id-count` into the log.
    pub fn fill(&self, count: usize) {
        for number in 1..=count {
            append(&self.log, format!("id-{number}"), "hi");
        }
    }

    /// An open WebSocket.
    pub async fn socket(&self, query: &str) -> WebSocketClient {
        WebSocketClient::connect(self.address, query).await
    }

    /// This client's control channel.
    pub async fn lab(&self, client: &str) -> Lab {
        Lab::open(self.address, client).await
    }

    /// What a client's panes cost by now. A fresh channel tells it at once.
    pub async fn meters(&self, client: &str) -> Value {
        self.lab(client).await.next("meters").await["panes"].take()
    }

    /// Returns once so many of the client's requests are under way, in all panes.
    pub async fn until_in_flight(&self, client: &str, count: u64) {
        let counted = async { while in_flight(&self.meters(client).await) != count {} };
        soon(counted).await;
    }

    /// Returns once the pane's meter reads so many bytes up and down, or panics with what
    /// it reads instead.
    pub async fn until_metered(&self, client: &str, pane: &str, up: usize, down: usize) {
        let mut last = Value::Null;
        let counted = async {
            while (&last["upload_bytes"], &last["download_bytes"])
                != (&json!(up), &json!(down))
            {
                last = self.meters(client).await[pane].take();
            }
        };
        let is_equal = tokio::time::timeout(super::SOON, counted).await.is_ok();
        assert!(is_equal, "{pane}: {last}, and not up {up}, down {down}");
    }

    /// A TCP connection.
    pub async fn wire(&self) -> RawConnection {
        RawConnection::connect(self.address).await
    }

    /// Asks the server to stop.
    pub fn stop(&self) {
        self.stop.notify_one();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

fn client() -> reqwest::Client {
    let client = reqwest::Client::builder().no_proxy();
    client.build().expect("a client needs nothing")
}

async fn answer(request: reqwest::RequestBuilder) -> Response {
    let response = request.send().await.expect("the server answers");
    let headers = response.headers().iter();
    Response {
        status: response.status().as_u16(),
        headers: headers
            .map(|(name, value)| {
                let value = String::from_utf8_lossy(value.as_bytes());
                (name.to_string(), value.into_owned())
            })
            .collect(),
        body: response
            .bytes()
            .await
            .expect("the answer is whole")
            .to_vec(),
    }
}
