//! One raw client connection: TCP, the HTTP/1.1 responses and WebSocket frames that it carries,
//! and exact byte counts.
//!
//! It is all that `trifold load` uses to reach a server, because a client library would cost
//! more CPU than the server that is measured and would not report the bytes it sends. Tests
//! and benches use the same code wherever they read or write raw bytes:
//!
//! - [`connection`]: the connection, asynchronous, with byte counts
//! - [`http`]: response heads, for any buffer
//! - [`websocket`]: frame headers, for any buffer, and writing frames

pub mod connection;
pub mod http;
pub mod websocket;
