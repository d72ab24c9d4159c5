//! Every response carries its security headers, caching rules and length.

use crate::common;

use common::{Response, Server};

#[tokio::test]
async fn security_headers_on_every_response() {
    let server = Server::start(&["--allow-origin=http://friend.example"]);
    let mut connection = server.connect_raw().await;
    for (line, header, status) in [
        ("GET /", "A: b", 200),
        ("GET /poll", "A: b", 200),
        ("GET /poll", "If-None-Match: *", 304),
        ("GET /poll?since=1", "A: b", 410),
        ("GET /poll?since=x", "A: b", 400),
        ("GET /longpoll?wait_ms=0", "A: b", 200),
        ("GET /ws", "A: b", 426),
        ("GET /ws", "Origin: http://foe.example", 403),
        ("GET /time", "A: b", 200),
        ("GET /health", "A: b", 200),
        ("GET /metrics", "A: b", 200),
        ("GET /nothing", "A: b", 404),
        ("DELETE /poll", "A: b", 405),
        ("POST /messages", "Content-Length: 0", 415),
    ] {
        connection.request(line, &[header]).await;
        let response = connection.response().await;
        assert_eq!(response.status, status, "{line} {header}");
        assert_security_headers(&response, line);
    }
    let upgrade = server.connect_raw().await.upgrade("", &[]).await;
    assert_eq!(upgrade.status, 101);
    assert_security_headers(&upgrade, "GET /ws");
}

/// Asserts nosniff, no referrer, a permissions policy and a strict content security policy.
#[track_caller]
fn assert_security_headers(response: &Response, line: &str) {
    assert_eq!(response.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(response.header("referrer-policy"), Some("no-referrer"));
    let devices = response.header("permissions-policy").unwrap_or_default();
    assert!(devices.contains("camera=()"), "{line}: {devices:?}");
    let policy = response
        .header("content-security-policy")
        .unwrap_or_default();
    assert!(
        policy.contains("frame-ancestors 'none'"),
        "{line}: {policy:?}"
    );
    assert!(!policy.contains("unsafe"), "{line}: {policy:?}");
    let source = if line == "GET /" { "'self'" } else { "'none'" };
    assert!(
        policy.contains(&format!("default-src {source}")),
        "{line}: {policy:?}"
    );
}

#[tokio::test]
async fn endpoints_are_not_cached() {
    let server = Server::start(&[]);
    for path in [
        "/poll",
        "/longpoll?wait_ms=0",
        "/time",
        "/health",
        "/poll?since=9",
        "/ws",
    ] {
        let response = server.get(path).await;
        assert_eq!(response.header("cache-control"), Some("no-store"), "{path}");
    }
    let published = server.post(r#"{"body":1}"#).await;
    let rejected = server.post("").await;
    assert_eq!((published.status, rejected.status), (201, 400));
    assert_eq!(rejected.header("cache-control"), Some("no-store"));
}

#[tokio::test]
async fn batch_has_type_and_length() {
    let server = Server::start(&[]);
    server.append_messages(3);
    for path in [
        "/poll",
        "/longpoll",
        "/poll?since=3",
        "/longpoll?since=3&wait_ms=0",
    ] {
        let response = server.get(path).await;
        assert_eq!(response.status, 200);
        assert_eq!(response.header("content-type"), Some("application/json"));
        let length = response.body.len().to_string();
        assert_eq!(
            response.header("content-length"),
            Some(length.as_str()),
            "{path}"
        );
    }
}

#[tokio::test]
async fn head_has_no_body() {
    let server = Server::start(&[]);
    server.append_messages(1);
    let mut connection = server.connect_raw().await;
    for path in ["/", "/poll", "/longpoll", "/time", "/health"] {
        connection.request(&format!("HEAD {path}"), &[]).await;
        let response = connection.head().await;
        assert_eq!(response.status, 200, "{path}");
        assert_ne!(response.header("content-length"), Some("0"), "{path}");
        // A body would be read as the beginning of the next response.
        assert_eq!(connection.get("/poll").await.json()["version"], 1, "{path}");
    }
}

#[tokio::test]
async fn pipelined_responses_in_order() {
    let server = Server::start(&[]);
    server.append_messages(3);
    let mut connection = server.connect_raw().await;
    for since in 0..=3 {
        connection
            .request(&format!("GET /poll?since={since}"), &[])
            .await;
    }
    for since in 0..=3 {
        assert_eq!(connection.response().await.json()["since"], since);
    }
}
