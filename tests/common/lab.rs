//! A page's control channel.

use std::net::SocketAddr;

use serde_json::{Value, json};

use super::{SOON, WebSocketClient};

/// The control channel of one client.
pub struct Lab {
    pub socket: WebSocketClient,
    /// What the client's panes were told to cost, last.
    panes: Value,
}

impl Lab {
    pub async fn open(address: SocketAddr, client: &str) -> Self {
        Self {
            socket: WebSocketClient::connect_path(
                address,
                &format!("/lab?client={client}"),
            )
            .await,
            panes: json!({}),
        }
    }

    /// The next message of this type. Meters that come before it are remembered.
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

    /// Says something, and returns the next message of the type that answers it.
    pub async fn ask(&mut self, message: Value, answer: &str) -> Value {
        self.socket.send_text(message.to_string()).await;
        self.next(answer).await
    }

    /// Takes this client's link down, or up again.
    pub async fn link(&mut self, down: bool) {
        let told = self.ask(json!({ "type": "link", "down": down }), "link");
        assert_eq!(told.await["down"], down);
    }

    /// Returns once so many members are told to be here.
    pub async fn until_here(&mut self, count: usize) {
        while self.next("presence").await["online"] != count {}
    }

    /// Returns once so many of this client's requests are told to be under way.
    pub async fn until_told_in_flight(&mut self, count: u64) {
        while in_flight(&self.panes) != count {
            self.next("meters").await;
        }
    }

    /// Returns once the pane's meter is told to read this, or panics with what was told last.
    pub async fn until_told(&mut self, pane: &str, wanted: Value) {
        let told = async {
            while self.panes[pane] != wanted {
                self.next("meters").await;
            }
        };
        let is_equal = tokio::time::timeout(SOON, told).await.is_ok();
        assert!(is_equal, "{pane}: {}, and not {wanted}", self.panes[pane]);
    }
}

/// How many requests are under way, in all panes.
pub fn in_flight(panes: &Value) -> u64 {
    let panes = panes.as_object().expect("panes by name").values();
    panes.filter_map(|pane| pane["in_flight"].as_u64()).sum()
}
