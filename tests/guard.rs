//! Requests that were meant for another server, or sent by a stranger's page, are refused.

use crate::common;

use common::{RawConnection, Response, Server};

const MESSAGE: &str = r#"{"body":"zz-marker-zz"}"#;

/// What is answered to a request with exactly these header lines.
async fn send(server: &Server, line: &str, headers: &str) -> Response {
    let mut wire = server.wire().await;
    wire.send(format!("{line} HTTP/1.1\r\n{headers}\r\n")).await;
    wire.response().await
}

async fn post(wire: &mut RawConnection, headers: &[&str]) -> Response {
    let length = format!("Content-Length: {}", MESSAGE.len());
    let mut all = vec!["Content-Type: application/json", &length];
    all.extend(headers);
    wire.request("POST /messages", &all).await;
    wire.send(MESSAGE).await;
    wire.response().await
}

#[tokio::test]
async fn a_request_for_another_host_is_421() {
    let server = Server::start(&[]);
    for host in [
        "zz-marker-zz",
        "zz-marker-zz:8080",
        "localhost.zz-marker-zz",
        "127.0.0.1.zz-marker-zz",
        "user@localhost",
        "192.0.2.1",
        "[2001:db8::1]:80",
        "0.0.0.0",
    ] {
        for path in ["/poll", "/longpoll", "/ws", "/", "/health", "/nothing"] {
            let (line, host) = (format!("GET {path}"), format!("Host: {host}\r\n"));
            let answer = send(&server, &line, &host).await;
            answer.assert_problem(421, "--allow-host");
            assert!(!answer.text().contains("zz-marker"));
        }
    }
}

#[tokio::test]
async fn a_request_for_no_host_or_two_is_400() {
    let server = Server::start(&[]);
    // RFC 9112 §3.2; actix answers this one by itself, before there is an app to ask.
    for hosts in ["", "Host: localhost\r\nHost: zz-marker-zz\r\n"] {
        let answer = send(&server, "GET /poll", hosts).await;
        assert_eq!(answer.status, 400, "{hosts:?}");
        assert!(!answer.text().contains("zz-marker"));
    }
    let answer = send(&server, "GET /poll", "Host:\r\n").await;
    assert!(matches!(answer.status, 400 | 421), "{answer:?}");
}

#[tokio::test]
async fn a_request_for_this_machine_is_served() {
    let server = Server::start(&[]);
    for host in [
        "localhost",
        "LocalHost:1234",
        "127.0.0.1",
        "127.0.0.9:80",
        "[::1]:8080",
    ] {
        let answer = send(&server, "GET /poll", &format!("Host: {host}\r\n")).await;
        assert_eq!(answer.status, 200, "{host}");
    }
}

#[tokio::test]
async fn allow_host_adds_a_host_and_no_other() {
    let server = Server::start(&["--allow-host=chat.example", "--allow-host=b.example"]);
    for (host, status) in [
        ("chat.example", 200),
        ("Chat.Example:8080", 200),
        ("b.example", 200),
        ("a.chat.example", 421),
        ("chat.example.org", 421),
    ] {
        let answer = send(&server, "GET /poll", &format!("Host: {host}\r\n")).await;
        assert_eq!(answer.status, status, "{host}");
    }
}

#[tokio::test]
async fn a_page_from_elsewhere_may_neither_publish_nor_listen() {
    let server = Server::start(&[]);
    let other_port = format!("Origin: http://127.0.0.1:{}", server.address.port() ^ 1);
    for origin in [
        "Origin: http://zz-marker-zz.example",
        "Origin: null",
        "Origin: ",
        "Origin: http://127.0.0.1",
        &format!("Origin: ftp://{}", server.address),
        &format!("Origin: {}", server.address),
        &format!("Origin: http://{}.zz-marker-zz.example", server.address),
        &other_port,
    ] {
        let published = post(&mut server.wire().await, &[origin]).await;
        let upgraded = server.wire().await.upgrade("", &[origin]).await;
        for answer in [published, upgraded] {
            answer.assert_problem(403, "--allow-origin");
            assert!(!answer.text().contains("zz-marker"));
        }
    }
    assert_eq!(server.log.head(), 0);
}

#[tokio::test]
async fn the_own_page_and_who_is_no_page_may_publish_and_listen() {
    let server = Server::start(&[]);
    for origin in [
        "A: b",
        &format!("Origin: http://{}", server.address),
        &format!("Origin: https://{}", server.address),
    ] {
        let mut wire = server.wire().await;
        assert_eq!(post(&mut wire, &[origin]).await.status, 201, "{origin}");
        assert_eq!(wire.upgrade("", &[origin]).await.status, 101, "{origin}");
    }
}

#[tokio::test]
async fn allow_origin_lets_a_page_publish_and_listen_and_read() {
    let server = Server::start(&["--allow-origin=http://friend.example"]);
    let friend = "Origin: http://friend.example";
    let mut wire = server.wire().await;
    let published = post(&mut wire, &[friend]).await;
    assert_eq!(published.status, 201);
    wire.request("GET /poll", &[friend]).await;
    let polled = wire.response().await;
    wire.request("GET /poll?since=9", &[friend]).await;
    let refused = wire.response().await;
    wire.request("GET /longpoll?wait_ms=0&since=1", &[friend])
        .await;
    let held = wire.response().await;
    let statuses = [polled.status, refused.status, held.status];
    assert_eq!(statuses, [200, 410, 200]);
    for answer in [published, polled, refused, held] {
        let allowed = answer.header("access-control-allow-origin");
        assert_eq!(allowed, Some("http://friend.example"));
    }
    assert_eq!(wire.upgrade("", &[friend]).await.status, 101);
}

#[tokio::test]
async fn allow_origin_answers_the_question_before_a_post() {
    let server = Server::start(&["--allow-origin=http://friend.example"]);
    let mut wire = server.wire().await;
    let method = "Access-Control-Request-Method: POST";
    let header = "Access-Control-Request-Headers: content-type";
    wire.request(
        "OPTIONS /messages",
        &["Origin: http://friend.example", method, header],
    )
    .await;
    let answer = wire.response().await;
    assert_eq!(answer.status, 200);
    let allowed = answer.header("access-control-allow-origin");
    assert_eq!(allowed, Some("http://friend.example"));
    assert!(
        answer
            .header("access-control-allow-methods")
            .unwrap()
            .contains("POST")
    );
}

#[tokio::test]
async fn allow_origin_lets_no_other_page_in() {
    let server = Server::start(&["--allow-origin=http://friend.example"]);
    let stranger = "Origin: http://stranger.example";
    let published = post(&mut server.wire().await, &[stranger]).await;
    published.assert_problem(403, "--allow-origin");
    assert_eq!(published.header("access-control-allow-origin"), None);
    let upgraded = server.wire().await.upgrade("", &[stranger]).await;
    upgraded.assert_problem(403, "--allow-origin");
    let mut wire = server.wire().await;
    wire.request("GET /poll", &[stranger]).await;
    assert_eq!(
        wire.response().await.header("access-control-allow-origin"),
        None
    );
    assert_eq!(server.log.head(), 0);
}

#[tokio::test]
async fn nobody_is_told_that_other_pages_may_read() {
    let server = Server::start(&[]);
    let answer = server
        .get_with("/poll", &[("origin", "http://stranger.example")])
        .await;
    assert_eq!(answer.header("access-control-allow-origin"), None);
}

#[tokio::test]
async fn a_connection_survives_a_refusal() {
    let server = Server::start(&[]);
    let mut wire = server.wire().await;
    wire.send("GET /poll HTTP/1.1\r\nHost: zz-marker-zz\r\n\r\n")
        .await;
    assert_eq!(wire.response().await.status, 421);
    assert_eq!(wire.get("/poll").await.status, 200);
}
