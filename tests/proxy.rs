//! Behind nginx, configured as in docs/operations.md, all three transports behave as without
//! it. Skipped if nginx is not installed; `./test` installs it.

use crate::common;

use std::net::SocketAddr;
use std::time::Duration;

use clap::Parser;
use common::proxy::{
    NGINX, Proxied, documented_block, documented_configuration, nginx_configuration,
};
use common::{
    Event, RawConnection, Response, Server, WebSocketClient, append, wait_until,
};
use futures_util::future::join_all;
use trifold::cli::ServeArgs;
use trifold::log::Cursor;

/// nginx's default for `proxy_read_timeout` and for `keepalive_timeout` in `upstream`.
const PROXY_TIMEOUT: Duration = Duration::from_secs(60);

/// Starts a server behind nginx, or returns `None` if nginx is not installed.
async fn start_proxied(flags: &[&str]) -> Option<Proxied> {
    NGINX.start(Server::start(flags), configuration).await
}

/// Returns the documented configuration with these addresses, for one process and one directory.
fn configuration(server: SocketAddr, proxy: SocketAddr) -> String {
    let addresses = [
        ("127.0.0.1:8080", server.to_string()),
        ("listen 80;", format!("listen {proxy};")),
    ];
    let documented = documented_configuration("nginx", &addresses);
    nginx_configuration(&documented)
}

/// Publishes as a page of this origin does to this host, and returns the response.
async fn post_from(proxied: &Proxied, host: &str, origin: &str) -> Response {
    let mut connection = RawConnection::connect(proxied.address).await;
    connection
        .send(format!(
            "POST /messages HTTP/1.1\r\nHost: {host}\r\nOrigin: {origin}\r\n\
         Content-Type: application/json\r\nContent-Length: 10\r\n\r\n{{\"body\":1}}"
        ))
        .await;
    connection.response().await
}

#[tokio::test]
async fn proxy_does_not_buffer() {
    let Some(proxied) = start_proxied(&[]).await else {
        return;
    };
    let mut socket = WebSocketClient::connect(proxied.address, "").await;
    let mut long_poll = RawConnection::connect(proxied.address).await;
    long_poll.request("GET /longpoll", &[]).await;
    wait_until("both wait", || proxied.server.log.waiter_count() == 2).await;

    let body = br#"{"id":"one","body":"hi"}"#;
    let mut publisher = RawConnection::connect(proxied.address).await;
    let published = publisher.post("Content-Type: application/json", body).await;
    assert_eq!(published.status, 201);
    // A buffered response would come after 25 s; `response` and `text` time out earlier.
    let pushed = socket.text().await;
    assert_eq!(long_poll.response().await.text(), pushed);
    assert_eq!(publisher.get("/poll").await.text(), pushed);
    assert!(pushed.contains(r#""id":"one""#));

    socket.assert_open().await; // and in the other direction
    proxied.server.stop();
    assert_eq!(socket.recv().await, Event::Closed(1001));
}

#[tokio::test]
async fn proxy_passes_largest_batch() {
    let Some(proxied) = start_proxied(&[]).await else {
        return;
    };
    for number in 0..20 {
        let text = "é".repeat(30_000);
        append(&proxied.server.log, format!("id-{number}"), &text);
    }
    let batch = proxied.server.log.read(&Cursor::new(0));
    let batch = batch.expect("all messages are retained").json.clone();
    assert!(batch.len() > 1_000_000, "{} bytes", batch.len());
    let polled = RawConnection::connect(proxied.address)
        .await
        .get("/poll")
        .await;
    assert!(polled.body == batch, "{} bytes", polled.body.len());
    let mut socket = WebSocketClient::connect(proxied.address, "").await;
    assert!(socket.text().await.as_bytes() == batch);
}

/// Publishes so many messages on one connection, each with the offer that Java's HttpClient makes.
async fn publish_with_offers(address: SocketAddr, count: usize) {
    let mut connection = RawConnection::connect(address).await;
    let request = format!(
        "POST /messages HTTP/1.1\r\nConnection: Upgrade, HTTP2-Settings\r\n\
         Content-Length: 10\r\nHost: {address}\r\nUpgrade: h2c\r\n\
         HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABk\r\n\
         Content-Type: application/json\r\n\r\n{{\"body\":1}}"
    );
    for _ in 0..count {
        connection.send(&request).await;
        assert_eq!(connection.response().await.status, 201);
    }
}

#[tokio::test]
async fn offered_upgrades_lose_nothing() {
    let Some(proxied) = start_proxied(&["--publish-rate=0"]).await else {
        return;
    };
    let publishers = (0..4).map(|_| publish_with_offers(proxied.address, 500));
    join_all(publishers).await;
    assert_eq!(proxied.server.log.head(), 2000);
}

#[tokio::test]
async fn proxy_forwards_disconnect() {
    let Some(proxied) = start_proxied(&[]).await else {
        return;
    };
    let mut long_poll = RawConnection::connect(proxied.address).await;
    long_poll.request("GET /longpoll", &[]).await;
    wait_until("the poll waits", || proxied.server.log.waiter_count() == 1).await;
    drop(long_poll);
    wait_until("no reader waits", || proxied.server.log.waiter_count() == 0).await;
}

#[tokio::test]
async fn allow_host_works_behind_proxy() {
    let Some(proxied) = start_proxied(&["--allow-host=trifold.example"]).await else {
        return;
    };
    let host = format!("trifold.example:{}", proxied.address.port());
    let same_origin = format!("https://{host}");
    assert_eq!(post_from(&proxied, &host, &same_origin).await.status, 201);
    let without_port = post_from(&proxied, &host, "https://trifold.example").await;
    assert_eq!(without_port.status, 403);
    let foe = post_from(&proxied, &host, "https://foe.example").await;
    assert_eq!(foe.status, 403);
    let rebound = post_from(&proxied, "foe.example", "https://foe.example").await;
    assert_eq!(rebound.status, 421);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn proxy_reuses_connections() {
    let Some(proxied) = start_proxied(&[]).await else {
        return;
    };
    let mut connection = RawConnection::connect(proxied.address).await;
    for _ in 0..3 {
        assert_eq!(connection.get("/poll").await.status, 200);
    }
    // One nginx worker reuses one idle connection.
    assert_eq!(connections_to(proxied.server.address), 1);
}

/// Counts the open connections from this machine to a server.
#[cfg(target_os = "linux")]
fn connections_to(server: SocketAddr) -> usize {
    let table = std::fs::read_to_string("/proc/net/tcp").expect("Linux has this file");
    assert!(server.ip().is_loopback());
    let address = format!("0100007F:{:04X}", server.port());
    let established = table.lines().filter(|line| {
        let mut fields = line.split_whitespace().skip(2);
        let (remote, state) = (fields.next(), fields.next());
        remote == Some(&*address) && state == Some("01")
    });
    established.count()
}

#[test]
fn heartbeat_shorter_than_proxy_timeout() {
    assert!(
        !documented_block("nginx").contains("timeout"),
        "the documentation relies on nginx's default timeouts"
    );
    let defaults = ServeArgs::parse_from(["trifold"]);
    assert!(defaults.max_poll_wait * 17 / 16 < PROXY_TIMEOUT);
    assert!(defaults.ping_interval < PROXY_TIMEOUT);
}
