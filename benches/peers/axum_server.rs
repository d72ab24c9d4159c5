//! axum, as its examples write a chat: `tokio::sync::broadcast` and a task for each socket. Long
//! polls read a list of messages, and wait for the broadcast when they have all of it.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{Message, Utf8Bytes, WebSocketUpgrade};
use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::{any, get, post};
use axum::serve::ListenerExt;
use axum::{Json, Router};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::broadcast::{self, error::RecvError};
use tokio::time::timeout;

struct Chat {
    messages: Mutex<Vec<Utf8Bytes>>,
    sender: broadcast::Sender<Utf8Bytes>,
}

#[derive(Deserialize)]
struct Cursor {
    since: usize,
}

#[derive(Serialize)]
struct Batch {
    since: usize,
    version: usize,
    messages: Vec<String>,
}

impl Chat {
    fn batch(&self, since: usize) -> Option<Json<Batch>> {
        let messages = self.messages.lock();
        let news = messages.get(since..).filter(|news| !news.is_empty())?;
        Some(Json(Batch {
            since,
            version: messages.len(),
            messages: news.iter().map(|text| text.to_string()).collect(),
        }))
    }
}

async fn socket(upgrade: WebSocketUpgrade, State(chat): State<Arc<Chat>>) -> Response {
    upgrade.on_upgrade(|mut socket| async move {
        let mut messages = chat.sender.subscribe();
        loop {
            tokio::select! {
                received = messages.recv() => match received {
                    Ok(text) => match socket.send(Message::Text(text)).await {
                        Ok(()) => {}
                        Err(_) => return,
                    },
                    Err(RecvError::Lagged(_)) => {} // 1024 messages behind: they are lost
                    Err(RecvError::Closed) => return,
                },
                received = socket.recv() => match received {
                    Some(Ok(_)) => {}
                    _ => return,
                },
            }
        }
    })
}

async fn longpoll(
    State(chat): State<Arc<Chat>>,
    Query(Cursor { since }): Query<Cursor>,
) -> Json<Batch> {
    let mut news = chat.sender.subscribe(); // before reading, so that no message is missed
    if let Some(batch) = chat.batch(since) {
        return batch;
    }
    let _ = timeout(Duration::from_secs(25), news.recv()).await;
    chat.batch(since).unwrap_or(Json(Batch {
        since,
        version: since,
        messages: Vec::new(),
    }))
}

async fn publish(State(chat): State<Arc<Chat>>, text: String) -> &'static str {
    let text = Utf8Bytes::from(text);
    let mut messages = chat.messages.lock(); // until it is sent: all receive the same order
    messages.push(text.clone());
    let _ = chat.sender.send(text); // nobody may be there
    "{}"
}

/// Serves until it is killed.
///
/// # Errors
/// When it cannot listen.
pub(crate) fn serve() -> io::Result<()> {
    let chat = Arc::new(Chat {
        messages: Mutex::default(),
        sender: broadcast::channel(1024).0,
    });
    let router = Router::new()
        .route("/ws", any(socket))
        .route("/longpoll", get(longpoll))
        .route("/publish", post(publish))
        .with_state(chat);
    Runtime::new()?.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("listening on http://{}", listener.local_addr()?);
        let listener = listener.tap_io(|stream| {
            let _ = stream.set_nodelay(true);
        });
        axum::serve(listener, router).await
    })
}
