//! Requests for another host, or from a page of another origin, are rejected.

use crate::common;

use std::net::{IpAddr, Ipv4Addr, UdpSocket};

use common::{RawConnection, Response, Server};

const MESSAGE: &str = r#"{"body":"zz-marker-zz"}"#;

/// Sends a request with exactly these header lines, and returns the response.
async fn send(server: &Server, line: &str, headers: &str) -> Response {
    let mut connection = server.connect_raw().await;
    connection
        .send(format!("{line} HTTP/1.1\r\n{headers}\r\n"))
        .await;
    connection.response().await
}

async fn post(connection: &mut RawConnection, headers: &[&str]) -> Response {
    let length = format!("Content-Length: {}", MESSAGE.len());
    let mut fields = vec!["Content-Type: application/json", &length];
    fields.extend(headers);
    connection.request("POST /messages", &fields).await;
    connection.send(MESSAGE).await;
    connection.response().await
}

#[tokio::test]
async fn other_host_is_421() {
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
            let response = send(&server, &line, &host).await;
            response.assert_problem(421, "--allow-host");
            assert!(!response.text().contains("zz-marker"));
        }
    }
}

#[tokio::test]
async fn missing_or_repeated_host_is_400() {
    let server = Server::start(&[]);
    // RFC 9112 §3.2. actix sends this response itself, before the app is called.
    for hosts in ["", "Host: localhost\r\nHost: zz-marker-zz\r\n"] {
        let response = send(&server, "GET /poll", hosts).await;
        assert_eq!(response.status, 400, "{hosts:?}");
        assert!(!response.text().contains("zz-marker"));
    }
    let response = send(&server, "GET /poll", "Host:\r\n").await;
    assert!(matches!(response.status, 400 | 421), "{response:?}");
}

#[tokio::test]
async fn local_host_is_allowed() {
    let server = Server::start(&[]);
    for host in [
        "localhost",
        "LocalHost:1234",
        "127.0.0.1",
        "127.0.0.9:80",
        "[::1]:8080",
    ] {
        let response = send(&server, "GET /poll", &format!("Host: {host}\r\n")).await;
        assert_eq!(response.status, 200, "{host}");
    }
}

#[tokio::test]
async fn allow_host_adds_one_host() {
    let server = Server::start(&["--allow-host=chat.example", "--allow-host=b.example"]);
    for (host, status) in [
        ("chat.example", 200),
        ("Chat.Example:8080", 200),
        ("b.example", 200),
        ("a.chat.example", 421),
        ("chat.example.org", 421),
    ] {
        let response = send(&server, "GET /poll", &format!("Host: {host}\r\n")).await;
        assert_eq!(response.status, status, "{host}");
    }
}

#[tokio::test]
async fn other_origin_is_403() {
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
        let published = post(&mut server.connect_raw().await, &[origin]).await;
        let upgraded = server.connect_raw().await.upgrade("", &[origin]).await;
        for response in [published, upgraded] {
            response.assert_problem(403, "--allow-origin");
            assert!(!response.text().contains("zz-marker"));
        }
    }
    assert_eq!(server.log.head(), 0);
}

#[tokio::test]
async fn same_origin_and_no_origin_allowed() {
    let server = Server::start(&[]);
    for origin in [
        "A: b",
        &format!("Origin: http://{}", server.address),
        &format!("Origin: https://{}", server.address),
    ] {
        let mut connection = server.connect_raw().await;
        assert_eq!(
            post(&mut connection, &[origin]).await.status,
            201,
            "{origin}"
        );
        assert_eq!(
            connection.upgrade("", &[origin]).await.status,
            101,
            "{origin}"
        );
    }
}

#[tokio::test]
async fn allow_origin_allows_all_endpoints() {
    let server = Server::start(&["--allow-origin=http://friend.example"]);
    let friend = "Origin: http://friend.example";
    let mut connection = server.connect_raw().await;
    let published = post(&mut connection, &[friend]).await;
    assert_eq!(published.status, 201);
    connection.request("GET /poll", &[friend]).await;
    let polled = connection.response().await;
    connection.request("GET /poll?since=9", &[friend]).await;
    let gap = connection.response().await;
    connection
        .request("GET /longpoll?wait_ms=0&since=1", &[friend])
        .await;
    let long_poll = connection.response().await;
    let statuses = [polled.status, gap.status, long_poll.status];
    assert_eq!(statuses, [200, 410, 200]);
    for response in [published, polled, gap, long_poll] {
        let allowed = response.header("access-control-allow-origin");
        assert_eq!(allowed, Some("http://friend.example"));
    }
    assert_eq!(connection.upgrade("", &[friend]).await.status, 101);
}

#[tokio::test]
async fn allow_origin_enables_preflight() {
    let server = Server::start(&["--allow-origin=http://friend.example"]);
    let mut connection = server.connect_raw().await;
    let method = "Access-Control-Request-Method: POST";
    let header = "Access-Control-Request-Headers: content-type";
    connection
        .request(
            "OPTIONS /messages",
            &["Origin: http://friend.example", method, header],
        )
        .await;
    let response = connection.response().await;
    assert_eq!(response.status, 200);
    let allowed = response.header("access-control-allow-origin");
    assert_eq!(allowed, Some("http://friend.example"));
    assert!(
        response
            .header("access-control-allow-methods")
            .unwrap()
            .contains("POST")
    );
}

#[tokio::test]
async fn allow_origin_adds_one_origin() {
    let server = Server::start(&["--allow-origin=http://friend.example"]);
    let stranger = "Origin: http://stranger.example";
    let published = post(&mut server.connect_raw().await, &[stranger]).await;
    published.assert_problem(403, "--allow-origin");
    assert_eq!(published.header("access-control-allow-origin"), None);
    let upgraded = server.connect_raw().await.upgrade("", &[stranger]).await;
    upgraded.assert_problem(403, "--allow-origin");
    let mut connection = server.connect_raw().await;
    connection.request("GET /poll", &[stranger]).await;
    assert_eq!(
        connection
            .response()
            .await
            .header("access-control-allow-origin"),
        None
    );
    assert_eq!(server.log.head(), 0);
}

#[tokio::test]
async fn no_cors_headers_by_default() {
    let server = Server::start(&[]);
    let response = server
        .get_with("/poll", &[("origin", "http://stranger.example")])
        .await;
    assert_eq!(response.header("access-control-allow-origin"), None);
}

#[tokio::test]
async fn connection_survives_error() {
    let server = Server::start(&[]);
    let mut connection = server.connect_raw().await;
    connection
        .send("GET /poll HTTP/1.1\r\nHost: zz-marker-zz\r\n\r\n")
        .await;
    assert_eq!(connection.response().await.status, 421);
    assert_eq!(connection.get("/poll").await.status, 200);
}

#[tokio::test]
async fn absolute_form_overrides_host() {
    let server = Server::start(&[]);
    // RFC 9112 §3.2.2: Host is ignored.
    let response = send(
        &server,
        "GET http://evil.example/poll",
        "Host: localhost\r\n",
    )
    .await;
    response.assert_problem(421, "--allow-host");
    let response = send(
        &server,
        "GET http://localhost/poll",
        "Host: evil.example\r\n",
    )
    .await;
    assert_eq!(response.status, 200);
}

#[tokio::test]
async fn health_needs_no_host() {
    let server = Server::start(&[]);
    for (line, status) in [
        ("GET /health", "200"),
        ("HEAD /health", "200"),
        ("OPTIONS /", "204"),
        ("GET /poll", "421"),
        ("GET /", "421"),
    ] {
        let mut connection = server.connect_raw().await;
        connection.send(format!("{line} HTTP/1.0\r\n\r\n")).await;
        let response = connection.read_to_end().await;
        let text = String::from_utf8_lossy(&response).into_owned();
        assert_eq!(text.split(' ').nth(1), Some(status), "{line}: {text}");
    }
}

#[tokio::test]
async fn default_port_is_same_origin() {
    let server = Server::start(&[]);
    for (host, origin, status) in [
        ("localhost:80", "http://localhost", 201),
        ("localhost", "http://localhost:80", 201),
        ("localhost:443", "https://localhost", 201),
        ("localhost", "https://localhost:443", 201),
        ("localhost", "http://localhost:8080", 403),
        ("localhost:443", "http://localhost", 403),
    ] {
        let mut connection = server.connect_raw().await; // a rejected one is closed
        let length = format!("Content-Length: {}", MESSAGE.len());
        connection
            .send(format!(
                "POST /messages HTTP/1.1\r\nHost: {host}\r\nOrigin: {origin}\r\n\
                 Content-Type: application/json\r\n{length}\r\n\r\n{MESSAGE}"
            ))
            .await;
        assert_eq!(
            connection.response().await.status,
            status,
            "{host} {origin}"
        );
    }
}

#[tokio::test]
async fn allow_host_ignores_port_and_case() {
    let server = Server::start(&["--allow-host=Lecture.example:8080,[2001:db8::1]"]);
    for host in [
        "lecture.example",
        "LECTURE.EXAMPLE.:9090",
        "[2001:db8:0::1]:80",
    ] {
        let response = send(&server, "GET /poll", &format!("Host: {host}\r\n")).await;
        assert_eq!(response.status, 200, "{host}");
    }
}

/// Returns an address of this machine that others can reach, if it has one. Nothing is sent.
fn own_ipv4_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect("192.0.2.1:9").ok()?;
    Some(socket.local_addr().ok()?.ip())
}

#[tokio::test]
async fn dual_stack_socket_serves_own_ipv4_address() {
    let server = Server::start_on("[::]:0", &[]);
    let port = server.address.port();
    let address = own_ipv4_address().unwrap_or(Ipv4Addr::LOCALHOST.into());
    let mut connection = RawConnection::connect((address, port).into()).await;
    assert_eq!(connection.get("/poll").await.status, 200);
    connection
        .send("GET /poll HTTP/1.1\r\nHost: 198.51.100.1\r\n\r\n")
        .await;
    assert_eq!(connection.response().await.status, 421);
}

#[tokio::test]
async fn mapped_address_is_the_ipv4_address() {
    let server = Server::start(&["--allow-host=192.0.2.7"]);
    for host in ["[::ffff:127.0.0.1]", "[::ffff:192.0.2.7]:80"] {
        let response = send(&server, "GET /poll", &format!("Host: {host}\r\n")).await;
        assert_eq!(response.status, 200, "{host}");
    }
}
