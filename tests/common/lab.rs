//! A page's control channel.

use std::net::SocketAddr;

use serde_json::{Value, json};

use super::{SOON, Socket};

/// The control channel of one client.
pub struct Lab {
    pub socket: Socket,
}

impl Lab {
    pub async fn open(address: SocketAddr, client: &str) -> Self {
        let socket = Socket::at(address, &format!("/lab?client={client}")).await;
        Self { socket }
    }

    /// Says something, and returns the next message of the type that answers it.
    pub async fn ask(&mut self, message: Value, answer: &str) -> Value {
        self.socket.say(message.to_string()).await;
        self.socket.next(answer).await
    }

    /// Takes this client's link down, or up again.
    pub async fn link(&mut self, down: bool) {
        let told = self.ask(json!({ "type": "link", "down": down }), "link");
        assert_eq!(told.await["down"], down);
    }

    /// Returns once so many members are told to be here.
    pub async fn until_here(&mut self, count: usize) {
        while self.socket.next("room").await["here"] != count {}
    }

    /// Returns once so many of this client's requests are told to be under way.
    pub async fn until_told_in_flight(&mut self, count: u64) {
        loop {
            let panes = self.socket.next("meters").await["panes"].take();
            if in_flight(&panes) == count {
                return;
            }
        }
    }

    /// Returns once the pane's meter is told to read this, or panics with what was told last.
    pub async fn until_told(&mut self, pane: &str, wanted: Value) {
        let mut last = Value::Null;
        let told = async {
            while last != wanted {
                last = self.socket.next("meters").await["panes"][pane].take();
            }
        };
        let is_equal = tokio::time::timeout(SOON, told).await.is_ok();
        assert!(is_equal, "{pane}: {last}, and not {wanted}");
    }
}

/// How many requests are under way, in all panes.
pub fn in_flight(panes: &Value) -> u64 {
    let panes = panes.as_object().expect("panes by name").values();
    panes.filter_map(|pane| pane["inFlight"].as_u64()).sum()
}
