//! Behind HAProxy, configured as in docs/operations.md, health checks and WebSockets work. Skipped
//! if HAProxy is not installed; `./test` installs it.

use crate::common;

use std::net::SocketAddr;

use common::proxy::{
    HAPROXY, Proxied, documented_configuration, haproxy_configuration, haproxy_statistics,
};
use common::{Event, RawConnection, Server, WebSocketClient, wait_until};

/// Returns whether HAProxy's statistics about the server contain this text.
fn reports(proxied: &Proxied, text: &str) -> bool {
    let statistics = haproxy_statistics(proxied.directory()).expect("HAProxy runs");
    let mut lines = statistics.lines();
    lines.any(|line| line.starts_with("trifold,trifold,") && line.contains(text))
}

/// Starts a server behind HAProxy with this check, or returns `None` if it is not installed.
async fn start_proxied(check: &str) -> Option<Proxied> {
    let configuration = |server: SocketAddr, proxy: SocketAddr| {
        let addresses = [
            ("0.0.0.0:80\n", format!("{proxy}\n")),
            ("option httpchk\n", format!("{check}\n")),
            (
                "127.0.0.1:8080 check",
                format!("{server} check inter 100ms"),
            ),
        ];
        let documented = documented_configuration("haproxy", &addresses);
        haproxy_configuration(&documented)
    };
    HAPROXY.start(Server::start(&[]), configuration).await
}

async fn assert_health_is_checked(check: &str) {
    let Some(proxied) = start_proxied(check).await else {
        return;
    };
    wait_until("the check succeeds", || reports(&proxied, ",L7OK,")).await;
    proxied.server.stop();
    wait_until("the check fails", || reports(&proxied, ",DOWN,")).await;
    let response = RawConnection::connect(proxied.address)
        .await
        .get("/health")
        .await;
    assert_eq!(response.status, 503);
}

#[tokio::test]
async fn plain_health_check() {
    assert_health_is_checked("option httpchk").await;
}

#[tokio::test]
async fn health_check_of_documented_path() {
    assert_health_is_checked("option httpchk GET /health").await;
}

#[tokio::test]
async fn messages_pass() {
    let Some(proxied) = start_proxied("option httpchk").await else {
        return;
    };
    wait_until("the check succeeds", || reports(&proxied, ",L7OK,")).await;
    let mut socket = WebSocketClient::connect(proxied.address, "").await;
    let mut publisher = RawConnection::connect(proxied.address).await;
    let body = br#"{"id":"one","body":"hi"}"#;
    let published = publisher.post("Content-Type: application/json", body).await;
    assert_eq!(published.status, 201);
    let pushed = socket.text().await;
    assert!(pushed.contains(r#""id":"one""#), "{pushed}");
    assert_eq!(publisher.get("/longpoll").await.text(), pushed);
    socket.assert_open().await;
    proxied.server.stop();
    assert_eq!(socket.recv().await, Event::Closed(1001));
}
