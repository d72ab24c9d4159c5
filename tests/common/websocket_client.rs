//! A WebSocket client that shares no code with the server or with `load::net`.

use std::net::SocketAddr;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, client_async};

use super::with_timeout;

/// A WebSocket client.
pub struct WebSocketClient {
    pub stream: WebSocketStream<TcpStream>,
}

/// What a WebSocket received.
#[derive(Debug, PartialEq)]
pub enum Event {
    /// One message.
    Text(String),
    /// A close frame, or the end without one (1006, as in browsers).
    Closed(u16),
}

impl WebSocketClient {
    pub async fn connect(address: SocketAddr, query: &str) -> Self {
        Self::connect_path(address, &format!("/ws{query}")).await
    }

    /// Connects to any path.
    pub async fn connect_path(address: SocketAddr, path: &str) -> Self {
        let tcp = TcpStream::connect(address).await;
        let url = format!("ws://{address}{path}");
        let opened =
            with_timeout(client_async(url, tcp.expect("the server listens"))).await;
        let (stream, _) = opened.expect("the server upgrades");
        Self { stream }
    }

    /// Connects over an existing TCP connection.
    pub async fn connect_over(tcp: TcpStream, address: SocketAddr, query: &str) -> Self {
        let url = format!("ws://{address}/ws{query}");
        let opened = with_timeout(client_async(url, tcp)).await;
        let (stream, _) = opened.expect("the server upgrades");
        Self { stream }
    }

    pub async fn send(&mut self, message: Message) {
        let sent = with_timeout(self.stream.send(message)).await;
        sent.expect("the socket is open");
    }

    pub async fn send_text(&mut self, text: impl Into<String>) {
        self.send(Message::text(text.into())).await;
    }

    /// Returns the next message, or the end.
    pub async fn recv(&mut self) -> Event {
        loop {
            match with_timeout(self.stream.next()).await {
                Some(Ok(Message::Text(text))) => return Event::Text(text.to_string()),
                Some(Ok(Message::Close(Some(frame)))) => {
                    return Event::Closed(frame.code.into());
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                _ => return Event::Closed(1006),
            }
        }
    }

    /// Returns the text of the next message.
    pub async fn text(&mut self) -> String {
        match self.recv().await {
            Event::Text(text) => text,
            end => panic!("expected a message, not {end:?}"),
        }
    }

    /// Returns the next message.
    pub async fn json(&mut self) -> Value {
        serde_json::from_str(&self.text().await).expect("a message is JSON")
    }

    /// Returns the next message of this type, and skips others before it.
    pub async fn next(&mut self, kind: &str) -> Value {
        loop {
            let message = self.json().await;
            if message["type"] == kind {
                return message;
            }
        }
    }

    /// Returns the close code, and skips messages before it.
    pub async fn close_code(&mut self) -> u16 {
        loop {
            if let Event::Closed(code) = self.recv().await {
                return code;
            }
        }
    }

    /// Asserts that the socket is open: the server replies to a ping.
    pub async fn assert_open(&mut self) {
        self.send_text(json!({ "type": "ping", "t": 7 }).to_string())
            .await;
        assert_eq!(self.next("pong").await["t"], 7);
    }
}
