//! Every answer says how it may be used: no guessing of types, no loading from elsewhere, no
//! storing, its length.

use crate::common;

use common::{Response, Server};

#[tokio::test]
async fn every_answer_says_what_a_browser_may_do_with_it() {
    let server = Server::start(&["--allow-origin=http://friend.example"]);
    let mut wire = server.wire().await;
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
        wire.request(line, &[header]).await;
        let answer = wire.response().await;
        assert_eq!(answer.status, status, "{line} {header}");
        assert_guarded(&answer, line);
    }
    let upgrade = server.wire().await.upgrade("", &[]).await;
    assert_eq!(upgrade.status, 101);
    assert_guarded(&upgrade, "GET /ws");
}

/// Asserts that a browser may guess nothing, load nothing unsafe, frame nothing and tell nobody.
#[track_caller]
fn assert_guarded(answer: &Response, line: &str) {
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
    let devices = answer.header("permissions-policy").unwrap_or_default();
    assert!(devices.contains("camera=()"), "{line}: {devices:?}");
    let policy = answer.header("content-security-policy").unwrap_or_default();
    assert!(
        policy.contains("frame-ancestors 'none'"),
        "{line}: {policy:?}"
    );
    assert!(!policy.contains("unsafe"), "{line}: {policy:?}");
    let own = if line == "GET /" { "'self'" } else { "'none'" };
    assert!(
        policy.contains(&format!("default-src {own}")),
        "{line}: {policy:?}"
    );
}

#[tokio::test]
async fn no_answer_of_an_endpoint_is_stored() {
    let server = Server::start(&[]);
    for path in [
        "/poll",
        "/longpoll?wait_ms=0",
        "/time",
        "/health",
        "/poll?since=9",
        "/ws",
    ] {
        let answer = server.get(path).await;
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
    }
    let published = server.post(r#"{"body":1}"#).await;
    let refused = server.post("").await;
    assert_eq!((published.status, refused.status), (201, 400));
    assert_eq!(refused.header("cache-control"), Some("no-store"));
}

#[tokio::test]
async fn a_batch_is_json_and_says_its_length() {
    let server = Server::start(&[]);
    server.fill(3);
    for path in [
        "/poll",
        "/longpoll",
        "/poll?since=3",
        "/longpoll?since=3&wait_ms=0",
    ] {
        let answer = server.get(path).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("content-type"), Some("application/json"));
        let length = answer.body.len().to_string();
        assert_eq!(
            answer.header("content-length"),
            Some(length.as_str()),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_head_has_the_header_and_no_body() {
    let server = Server::start(&[]);
    server.fill(1);
    let mut wire = server.wire().await;
    for path in ["/", "/poll", "/longpoll", "/time", "/health"] {
        wire.request(&format!("HEAD {path}"), &[]).await;
        let answer = wire.head().await;
        assert_eq!(answer.status, 200, "{path}");
        assert_ne!(answer.header("content-length"), Some("0"), "{path}");
        // A body would be read as the beginning of the next answer.
        assert_eq!(wire.get("/poll").await.json()["version"], 1, "{path}");
    }
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let server = Server::start(&[]);
    server.fill(3);
    let mut wire = server.wire().await;
    for since in 0..=3 {
        wire.request(&format!("GET /poll?since={since}"), &[]).await;
    }
    for since in 0..=3 {
        assert_eq!(wire.response().await.json()["since"], since);
    }
}
