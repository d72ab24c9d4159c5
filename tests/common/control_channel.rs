//! The control channel of one client.

use std::net::SocketAddr;

use serde_json::{Value, json};

use super::{TEST_TIMEOUT, WebSocketClient};

/// A control channel. It remembers the latest meters.
pub struct ControlChannel {
    pub socket: WebSocketClient,
    panes: Value,
}

impl ControlChannel {
    pub async fn connect(address: SocketAddr, client: &str) -> Self {
        let path = format!("/lab?client={client}");
        Self {
            socket: WebSocketClient::connect_path(address, &path).await,
            panes: json!({}),
        }
    }

    /// Returns the next message of this type, and skips others before it.
    pub async fn next(&mut self, kind: &str) -> Value {
        loop {
            let message = self.socket.json().await;
            if message["type"] == "meters" {
                self.panes = message["panes"].clone();
            }
            if message["type"] == kind {
                return message;
            }
        }
    }

    /// Sends a command, and returns the next message of the type that replies to it.
    pub async fn command(&mut self, message: Value, reply: &str) -> Value {
        self.socket.send_text(message.to_string()).await;
        self.next(reply).await
    }

    /// Takes this client's link down, or restores it.
    pub async fn set_link_down(&mut self, down: bool) {
        let reply = self.command(json!({ "type": "link", "down": down }), "link");
        assert_eq!(reply.await["down"], down);
    }

    /// Waits until this number of clients is reported to be online.
    pub async fn wait_online(&mut self, count: usize) {
        while self.next("presence").await["online"] != count {}
    }

    /// Waits until this number of the client's requests is reported to be in flight.
    pub async fn wait_in_flight(&mut self, count: u64) {
        while in_flight(&self.panes) != count {
            self.next("meters").await;
        }
    }

    /// Waits until the pane's meter is reported with these values, or panics with the latest
    /// report.
    pub async fn wait_meter(&mut self, pane: &str, expected: Value) {
        let reported = async {
            while self.panes[pane] != expected {
                self.next("meters").await;
            }
        };
        let is_equal = tokio::time::timeout(TEST_TIMEOUT, reported).await.is_ok();
        let latest = &self.panes[pane];
        assert!(is_equal, "{pane}: {latest} instead of {expected}");
    }
}

/// Returns how many requests are in flight, in all panes.
pub fn in_flight(panes: &Value) -> u64 {
    let panes = panes.as_object().expect("panes by name").values();
    panes.filter_map(|pane| pane["in_flight"].as_u64()).sum()
}
