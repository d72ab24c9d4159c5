//! Every response carries nosniff, caching rules and its length; the page has a strict policy.

use crate::common;

use common::{Response, Server};

/// What only documents need: no other response has them.
const PAGE_HEADERS: [&str; 3] = [
    "content-security-policy",
    "permissions-policy",
    "referrer-policy",
];

#[tokio::test]
async fn nosniff_on_every_response() {
    let server = Server::start(&["--allow-origin=http://friend.example"]);
    let mut connection = server.connect_raw().await;
    for (line, header, status) in [
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
        ("DELETE /index.html", "A: b", 405),
        ("OPTIONS /", "A: b", 204),
        ("POST /messages", "Content-Length: 0", 415),
    ] {
        connection.request(line, &[header]).await;
        let response = connection.response().await;
        assert_eq!(response.status, status, "{line} {header}");
        assert_only_nosniff(&response, line);
    }
    assert_only_nosniff(&server.post(r#"{"body":1}"#).await, "POST /messages");
    let upgrade = server.connect_raw().await.upgrade("", &[]).await;
    assert_eq!(upgrade.status, 101);
    assert_only_nosniff(&upgrade, "GET /ws");
}

#[track_caller]
fn assert_only_nosniff(response: &Response, line: &str) {
    let nosniff = response.header("x-content-type-options");
    assert_eq!(nosniff, Some("nosniff"), "{line}");
    for name in PAGE_HEADERS {
        assert_eq!(response.header(name), None, "{line}: {name}");
    }
}

#[tokio::test]
async fn page_has_all_security_headers() {
    let server = Server::start(&[]);
    for path in [
        "/",
        "/?decide=1",
        "/index.html",
        "/main.js",
        "/style.css",
        "/icon.svg",
    ] {
        let file = server.get(path).await;
        assert_eq!(file.status, 200, "{path}");
        assert_eq!(file.header("x-content-type-options"), Some("nosniff"));
        let [policy, devices, referrer] =
            PAGE_HEADERS.map(|name| file.header(name).unwrap_or_default());
        for directive in ["default-src 'self'", "frame-ancestors 'none'"] {
            assert!(policy.contains(directive), "{path}: {policy:?}");
        }
        assert!(!policy.contains("unsafe"), "{path}: {policy:?}");
        assert!(devices.contains("camera=()"), "{path}: {devices:?}");
        assert_eq!(referrer, "no-referrer", "{path}");
    }
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
