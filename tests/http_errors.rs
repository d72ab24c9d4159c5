//! Invalid HTTP requests get an error that names the fault and repeats no input, and they change
//! nothing.

use crate::common;

use common::{
    INPUT_MARKER, RawConnection, Response, Server, deepest_body, invalid_messages,
};
use trifold::load::net::websocket::{SAMPLE_KEY, upgrade_headers};

const JSON: &str = "Content-Type: application/json";

/// Asserts that this error is well formed, repeats no input, and that nothing was published.
#[track_caller]
fn assert_rejected(server: &Server, response: &Response, status: u16, expected: &str) {
    response.assert_problem(status, expected);
    let all = format!("{:?}{}", response.headers, response.text());
    assert!(!all.contains(INPUT_MARKER), "{all}");
    assert_eq!(server.log.head(), 0);
}

async fn assert_usable(connection: &mut RawConnection) {
    assert_eq!(connection.get("/poll").await.status, 200);
}

#[tokio::test]
async fn invalid_parameter_is_400() {
    let server = Server::start(&[]);
    let mut connection = server.connect_raw().await;
    for (query, expected) in [
        ("since=zz-marker-zz", "`since`"),
        ("since=", "`since`"),
        ("since=-1", "`since`"),
        ("since=%2b1", "`since`"),
        ("since=+1", "`since`"),
        ("since=1.5", "`since`"),
        ("since=1e3", "`since`"),
        ("since=0x10", "`since`"),
        ("since=%ff", "`since`"),
        ("since=Now", "`since`"),
        ("since=18446744073709551616", "`since`"),
        ("since=1&since=zz-marker-zz", "`since` is given twice"),
        (
            "epoch=zz-marker-zz&epoch=zz-marker-zz",
            "`epoch` is given twice",
        ),
        ("limit=1&limit=1", "`limit` is given twice"),
        ("limit=0", "`limit` must be a whole number from 1 to 1000"),
        ("limit=1001", "`limit`"),
        ("limit=zz-marker-zz", "`limit`"),
        ("limit=", "`limit`"),
        ("limit=-5", "`limit`"),
    ] {
        for path in ["/poll", "/longpoll", "/ws"] {
            let response = match path {
                "/ws" => {
                    server
                        .connect_raw()
                        .await
                        .upgrade(&format!("?{query}"), &[])
                        .await
                }
                _ => connection.get(&format!("{path}?{query}")).await,
            };
            assert_rejected(&server, &response, 400, expected);
        }
        assert_usable(&mut connection).await;
    }
}

#[tokio::test]
async fn invalid_wait_is_400() {
    let server = Server::start(&[]);
    let mut connection = server.connect_raw().await;
    for value in [
        "zz-marker-zz",
        "",
        "-1",
        "+1",
        "25001",
        "1.5",
        "1&wait_ms=1",
    ] {
        let response = connection.get(&format!("/longpoll?wait_ms={value}")).await;
        assert_rejected(&server, &response, 400, "`wait_ms`");
        assert_usable(&mut connection).await;
    }
}

#[tokio::test]
async fn unknown_parameters_are_ignored() {
    let server = Server::start(&[]);
    for path in [
        "/poll?nocache=1&nocache=2",
        "/poll?wait_ms=x",
        "/poll?&&since=0&",
    ] {
        assert_eq!(server.get(path).await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn invalid_message_is_400() {
    let server = Server::start(&[]);
    let mut connection = server.connect_raw().await;
    for (fields, expected) in invalid_messages() {
        let response = connection
            .post(JSON, format!("{{{fields}").as_bytes())
            .await;
        assert_rejected(&server, &response, 400, expected);
        assert_usable(&mut connection).await;
    }
}

#[tokio::test]
async fn body_must_be_json_object() {
    let server = Server::start(&[]);
    let mut connection = server.connect_raw().await;
    for (body, expected) in [
        (&b""[..], "Invalid JSON"),
        (b" ", "Invalid JSON"),
        (b"[\"zz-marker-zz\"]", "must be an object"),
        (b"\"zz-marker-zz\"", "must be an object"),
        (b"null", "must be an object"),
        (b"17", "must be an object"),
        (b"zz-marker-zz", "Invalid JSON"),
        (b"{\"body\":\"\xff\"}", "Invalid JSON"),
        (b"{\"\xff\":1,\"body\":1}", "Invalid JSON"),
        (b"\xef\xbb\xbf{\"body\":1}", "Invalid JSON"),
        (b"{\"body\":1}\0", "Invalid JSON"),
        (b"{\"type\":\"publish\",\"body\":1}", "Unknown field"),
    ] {
        let response = connection.post(JSON, body).await;
        assert_rejected(&server, &response, 400, expected);
        assert_usable(&mut connection).await;
    }
}

#[tokio::test]
async fn deepest_body_is_accepted() {
    let server = Server::start(&[]);
    let message = format!(r#"{{"body":{}}}"#, deepest_body());
    assert_eq!(server.post(message).await.status, 201);
}

#[tokio::test]
async fn other_content_type_is_415() {
    let server = Server::start(&[]);
    for content_type in [
        "A: b",
        "Content-Type: text/plain",
        "Content-Type: application/x-www-form-urlencoded",
        "Content-Type: application/jsonp",
        "Content-Type: zz-marker-zz",
    ] {
        let mut connection = server.connect_raw().await;
        let response = connection
            .post(content_type, b"{\"body\":\"zz-marker-zz\"}")
            .await;
        assert_rejected(&server, &response, 415, "application/json");
    }
    let mut connection = server.connect_raw().await;
    for content_type in ["Content-Type: Application/JSON; charset=utf-8", JSON] {
        assert_eq!(
            connection.post(content_type, b"{\"body\":1}").await.status,
            201,
            "{content_type}"
        );
    }
}

#[tokio::test]
async fn oversized_body_is_413() {
    let server = Server::start(&["--max-message-bytes=100"]);
    let too_large = format!(r#"{{"body":"{INPUT_MARKER}{}"}}"#, "x".repeat(78));
    assert_eq!(too_large.len(), 101);
    let response = server
        .connect_raw()
        .await
        .post(JSON, too_large.as_bytes())
        .await;
    assert_rejected(&server, &response, 413, "at most 100 bytes");
    let mut connection = server.connect_raw().await;
    let largest = too_large.replace("xx", "x");
    assert_eq!(connection.post(JSON, largest.as_bytes()).await.status, 201);
}

#[tokio::test]
async fn body_limit_is_exact() {
    let server = Server::start(&[]);
    let body = |size: usize| format!(r#"{{"body":"{}"}}"#, "x".repeat(size - 11));
    let response = server.post(body((64 << 10) + 1)).await;
    assert_rejected(&server, &response, 413, "at most 65536 bytes");
    assert_eq!(server.post(body(64 << 10)).await.status, 201);
}

#[tokio::test]
async fn oversized_body_is_rejected_early() {
    let server = Server::start(&["--max-message-bytes=100"]);
    let mut connection = server.connect_raw().await;
    connection
        .request("POST /messages", &[JSON, "Content-Length: 1000000000"])
        .await;
    connection.send([b' '; 101]).await;
    assert_rejected(
        &server,
        &connection.response().await,
        413,
        "at most 100 bytes",
    );
}

#[tokio::test]
async fn oversized_chunked_body_is_413() {
    let server = Server::start(&["--max-message-bytes=100"]);
    let mut connection = server.connect_raw().await;
    connection
        .request("POST /messages", &[JSON, "Transfer-Encoding: chunked"])
        .await;
    for _ in 0..11 {
        connection.send("a\r\nzzmarkerzz\r\n").await;
    }
    assert_rejected(
        &server,
        &connection.response().await,
        413,
        "at most 100 bytes",
    );
}

#[tokio::test]
async fn chunked_body_is_accepted() {
    let server = Server::start(&[]);
    let mut connection = server.connect_raw().await;
    connection
        .request("POST /messages", &[JSON, "Transfer-Encoding: chunked"])
        .await;
    connection.send("8\r\n{\"body\":\r\n").await;
    connection.send("3\r\n17}\r\n0\r\n\r\n").await;
    assert_eq!(connection.response().await.status, 201);
    assert_eq!(
        connection.get("/poll").await.json()["messages"][0]["body"],
        17
    );
}

#[tokio::test]
async fn unknown_path_is_404() {
    let server = Server::start(&[]);
    let mut connection = server.connect_raw().await;
    for path in ["/zz-marker-zz", "/poll/", "/Poll", "/messages/1", "/polls"] {
        assert_rejected(
            &server,
            &connection.get(path).await,
            404,
            "nothing at this path",
        );
        assert_usable(&mut connection).await;
    }
}

#[tokio::test]
async fn method_not_allowed_lists_methods() {
    let server = Server::start(&[]);
    let mut connection = server.connect_raw().await;
    for (line, allow) in [
        ("DELETE /poll", "GET, HEAD"),
        ("PUT /longpoll", "GET, HEAD"),
        ("OPTIONS /time", "GET, HEAD"),
        ("PATCH /health", "GET, HEAD"),
        ("PUT /ws", "GET"),
        ("GET /messages", "POST"),
        ("ZZ-INPUT_MARKER-ZZ /messages", "POST"),
    ] {
        connection.request(line, &["Content-Length: 0"]).await;
        let response = connection.response().await;
        assert_rejected(&server, &response, 405, allow);
        assert_eq!(response.header("allow"), Some(allow));
        assert_usable(&mut connection).await;
    }
}

#[tokio::test]
async fn plain_get_on_ws_is_426() {
    let server = Server::start(&[]);
    let mut connection = server.connect_raw().await;
    for headers in [
        &[][..],
        &["Connection: Upgrade", "Upgrade: zz-marker-zz"],
        &[
            "Connection: Upgrade",
            "Upgrade: xwebsocket, websocket2, zz-marker-zz",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        ],
        &[
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 12",
        ],
    ] {
        connection.request("GET /ws", headers).await;
        let response = connection.response().await;
        assert_rejected(&server, &response, 426, "opening handshake");
        assert_eq!(response.header("upgrade"), Some("websocket"));
        assert_eq!(response.header("sec-websocket-version"), Some("13"));
        // The server may close a connection after `Connection: Upgrade`.
        connection = server.connect_raw().await;
    }
}

#[tokio::test]
async fn websocket_is_accepted_in_list() {
    let server = Server::start(&[]);
    for offer in [
        "Upgrade: websocket, websocket",
        "Upgrade: h2c,WebSocket",
        "Upgrade: h2c\r\nUpgrade: websocket",
        "Upgrade: websocket\r\nUpgrade: websocket",
    ] {
        let mut connection = server.connect_raw().await;
        let handshake = upgrade_headers(SAMPLE_KEY);
        let handshake = handshake.replace("Upgrade: websocket", offer);
        connection.request("GET /ws", &[handshake.trim_end()]).await;
        assert_eq!(connection.response().await.status, 101, "{offer}");
        connection.send_text(r#"{"type":"ping","t":1}"#).await;
        let (_, pong) = connection.frame().await;
        assert!(pong.starts_with(br#"{"type":"pong""#), "{offer}");
    }
}

#[tokio::test]
async fn subprotocol_is_selected() {
    let server = Server::start(&[]);
    let name = "sec-websocket-protocol";
    for (offered, selected) in [
        ("A: b", None),
        ("Sec-WebSocket-Protocol: trifold.v1", Some("trifold.v1")),
        (
            "Sec-WebSocket-Protocol: chat, trifold.v1",
            Some("trifold.v1"),
        ),
        ("Sec-WebSocket-Protocol: chat", None),
    ] {
        let response = server.connect_raw().await.upgrade("", &[offered]).await;
        assert_eq!(
            (response.status, response.header(name)),
            (101, selected),
            "{offered}"
        );
    }
}

#[tokio::test]
async fn content_encoding_is_415() {
    let server = Server::start(&[]);
    let mut connection = server.connect_raw().await;
    let headers = "Content-Type: application/json\r\nContent-Encoding: gzip";
    let response = connection.post(headers, br#"{"body":1}"#).await;
    response.assert_problem(415, "Content-Encoding");
    assert_eq!(response.header("accept-encoding"), Some("identity"));
    let mut connection = server.connect_raw().await; // the first one was closed
    let headers = "Content-Type: application/json\r\nContent-Encoding: identity";
    let response = connection.post(headers, br#"{"body":1}"#).await;
    assert_eq!(response.status, 201);
}

/// Java's HTTP client and `curl --http2` offer an upgrade with every request (RFC 9110 §7.8).
#[tokio::test]
async fn offered_upgrade_is_ignored() {
    let server = Server::start(&[]);
    let mut connection = server.connect_raw().await;
    for upgrade in ["h2c", "websocket", "h2c, websocket", "TLS/1.0", ""] {
        let offer = format!("Connection: Upgrade\r\nUpgrade: {upgrade}");
        let headers = format!("Content-Type: application/json\r\n{offer}");
        let response = connection.post(&headers, br#"{"body":1}"#).await;
        assert_eq!(response.status, 201, "{upgrade}");
        assert_eq!(response.header("connection"), None, "{upgrade}");
        for path in ["/time", "/poll", "/nothing", "/ws/", "/"] {
            connection.request(&format!("GET {path}"), &[&offer]).await;
            let response = connection.response().await;
            assert!(matches!(response.status, 200 | 404), "{upgrade} {path}");
            assert_eq!(response.header("connection"), None, "{upgrade} {path}");
        }
    }
    assert_eq!(server.log.head(), 5);
}
