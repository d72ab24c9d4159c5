//! A server in this process, on its own thread and port.

use std::net::SocketAddr;
use std::sync::{Arc, mpsc};
use std::thread;

use clap::Parser;
use serde_json::{Value, json};
use tokio::sync::Notify;
use trifold::cli::ServeArgs;
use trifold::journal::LogWriter;
use trifold::log::MessageLog;
use trifold::server::{self, ServerConfig};

use super::control_channel::in_flight;
use super::{
    ControlChannel, RawConnection, Response, WebSocketClient, append, with_timeout,
};

/// A server in this process. It stops on drop.
pub struct Server {
    pub address: SocketAddr,
    pub log: Arc<MessageLog>,
    pub writer: Arc<LogWriter>,
    stop: Arc<Notify>,
    http: reqwest::Client,
}

impl Server {
    /// Starts a server on a free port with these flags.
    pub fn start(flags: &[&str]) -> Self {
        Self::start_on("127.0.0.1:0", flags)
    }

    /// Starts a server on this address.
    pub fn start_on(address: &str, flags: &[&str]) -> Self {
        let listen = format!("--listen={address}");
        let first = ["trifold", &listen, "--workers=2"];
        let args = ServeArgs::parse_from(first.iter().chain(flags));
        let config = ServerConfig::from(args);
        let stop = Arc::new(Notify::new());
        let (started_tx, started_rx) = mpsc::channel();
        let stop_clone = stop.clone();
        thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let writer = LogWriter::open(&config.journal, config.retention).await;
                let writer = Arc::new(writer.expect("the journal can be opened"));
                let stop = async move { stop_clone.notified().await };
                let (server, address) = server::bind(config, writer.clone(), stop)
                    .expect("port 0 is always free");
                let sent = started_tx.send((address, writer));
                sent.expect("the test waits for the address");
                server.await.expect("the server runs");
            });
        });
        let (address, writer) = started_rx.recv().expect("the server starts");
        Self {
            address,
            log: writer.log().clone(),
            writer,
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
        with_timeout(response(request)).await
    }

    /// Returns the value of a metric; the name includes its labels.
    pub async fn metric(&self, name: &str) -> f64 {
        self.get("/metrics").await.metric(name)
    }

    /// Returns how often this limit was exceeded.
    pub async fn limit_exceeded(&self, limit: &str) -> f64 {
        let name = format!("trifold_limit_exceeded_total{{limit=\"{limit}\"}}");
        self.metric(&name).await
    }

    /// Sends a `POST /messages` request with exactly this body.
    pub async fn post(&self, body: impl Into<String>) -> Response {
        let request = self
            .http
            .post(self.url("/messages"))
            .header("content-type", "application/json")
            .body(body.into());
        with_timeout(response(request)).await
    }

    /// Publishes a message that has only a body.
    pub async fn publish(&self, body: &str) -> Value {
        self.post(json!({ "body": body }).to_string()).await.json()
    }

    /// Appends messages `id-1` to `id-count` to the log.
    pub fn append_messages(&self, count: usize) {
        for number in 1..=count {
            append(&self.log, format!("id-{number}"), "hi");
        }
    }

    /// Opens a WebSocket.
    pub async fn socket(&self, query: &str) -> WebSocketClient {
        WebSocketClient::connect(self.address, query).await
    }

    /// Opens this client's control channel.
    pub async fn control_channel(&self, client: &str) -> ControlChannel {
        ControlChannel::connect(self.address, client).await
    }

    /// Returns the client's current meters by pane. A new channel reports them at once.
    pub async fn meters(&self, client: &str) -> Value {
        let mut channel = self.control_channel(client).await;
        channel.next("meters").await["panes"].take()
    }

    /// Waits until this number of the client's requests is in flight, in all panes.
    pub async fn wait_in_flight(&self, client: &str, count: u64) {
        let counted = async { while in_flight(&self.meters(client).await) != count {} };
        with_timeout(counted).await;
    }

    /// Waits until the pane's meter has counted these bytes, or panics with the latest meter.
    pub async fn wait_metered(&self, client: &str, pane: &str, up: usize, down: usize) {
        let mut last = Value::Null;
        let counted = async {
            while (&last["upload_bytes"], &last["download_bytes"])
                != (&json!(up), &json!(down))
            {
                last = self.meters(client).await[pane].take();
            }
        };
        let is_equal = tokio::time::timeout(super::TEST_TIMEOUT, counted)
            .await
            .is_ok();
        assert!(is_equal, "{pane}: {last} instead of up {up}, down {down}");
    }

    /// Opens a TCP connection.
    pub async fn connect_raw(&self) -> RawConnection {
        RawConnection::connect(self.address).await
    }

    /// Tells the server to stop, without waiting until it has.
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
    client.build().expect("the client can be built")
}

async fn response(request: reqwest::RequestBuilder) -> Response {
    let response = request.send().await.expect("the server responds");
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
            .expect("the response is complete")
            .to_vec(),
    }
}
