//! A WebSocket client.

use std::net::SocketAddr;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, client_async};

use super::soon;

/// A WebSocket client.
pub struct Socket {
    pub stream: WebSocketStream<TcpStream>,
}

/// What came over a socket.
#[derive(Debug, PartialEq)]
pub enum Heard {
    /// One message.
    Text(String),
    /// The close frame, or the end without one (1006, as browsers count it).
    Closed(u16),
}

impl Socket {
    pub async fn open(address: SocketAddr, query: &str) -> Self {
        Self::at(address, &format!("/ws{query}")).await
    }

    /// Opens at any path.
    pub async fn at(address: SocketAddr, path: &str) -> Self {
        let tcp = TcpStream::connect(address).await;
        let url = format!("ws://{address}{path}");
        let opened = soon(client_async(url, tcp.expect("the server listens"))).await;
        let (stream, _) = opened.expect("the server upgrades");
        Self { stream }
    }

    /// Opens over a TCP connection that is there already.
    pub async fn over(tcp: TcpStream, address: SocketAddr, query: &str) -> Self {
        let url = format!("ws://{address}/ws{query}");
        let opened = soon(client_async(url, tcp)).await;
        let (stream, _) = opened.expect("the server upgrades");
        Self { stream }
    }

    pub async fn send(&mut self, message: Message) {
        let sent = soon(self.stream.send(message)).await;
        sent.expect("the socket takes a message");
    }

    pub async fn say(&mut self, text: impl Into<String>) {
        self.send(Message::text(text.into())).await;
    }

    /// The next message, or the end.
    pub async fn hear(&mut self) -> Heard {
        loop {
            match soon(self.stream.next()).await {
                Some(Ok(Message::Text(text))) => return Heard::Text(text.to_string()),
                Some(Ok(Message::Close(Some(frame)))) => {
                    return Heard::Closed(frame.code.into());
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                _ => return Heard::Closed(1006),
            }
        }
    }

    /// The next message's text.
    pub async fn text(&mut self) -> String {
        match self.hear().await {
            Heard::Text(text) => text,
            end => panic!("a message was expected, not {end:?}"),
        }
    }

    /// The next message.
    pub async fn json(&mut self) -> Value {
        serde_json::from_str(&self.text().await).expect("a message is JSON")
    }

    /// The next message of this type; what comes before it is not looked at.
    pub async fn next(&mut self, kind: &str) -> Value {
        loop {
            let message = self.json().await;
            if message["type"] == kind {
                return message;
            }
        }
    }

    /// The close code; messages before it are not looked at.
    pub async fn closed(&mut self) -> u16 {
        loop {
            if let Heard::Closed(code) = self.hear().await {
                return code;
            }
        }
    }

    /// Asserts that the socket is open: a ping is answered.
    pub async fn assert_open(&mut self) {
        self.say(json!({ "type": "ping", "t": 7 }).to_string())
            .await;
        assert_eq!(self.next("pong").await["t"], 7);
    }
}
