//! What HTTP requests get wrong is named, not repeated, and changes nothing.

use crate::common;

use common::{MARKER, RawConnection, Response, Server, deepest_body, wrong_members};

const JSON: &str = "Content-Type: application/json";

/// Asserts that this refusal is well formed, repeats nothing, and left the server as it was.
#[track_caller]
fn assert_refused(server: &Server, answer: &Response, status: u16, named: &str) {
    answer.assert_problem(status, named);
    let all = format!("{:?}{}", answer.headers, answer.text());
    assert!(!all.contains(MARKER), "{all}");
    assert_eq!(server.log.head(), 0);
}

async fn assert_usable(wire: &mut RawConnection) {
    assert_eq!(wire.get("/poll").await.status, 200);
}

#[tokio::test]
async fn a_bad_parameter_is_named() {
    let server = Server::start(&[]);
    let mut wire = server.wire().await;
    for (query, named) in [
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
            let answer = match path {
                "/ws" => server.wire().await.upgrade(&format!("?{query}"), &[]).await,
                _ => wire.get(&format!("{path}?{query}")).await,
            };
            assert_refused(&server, &answer, 400, named);
        }
        assert_usable(&mut wire).await;
    }
}

#[tokio::test]
async fn a_bad_wait_is_named() {
    let server = Server::start(&[]);
    let mut wire = server.wire().await;
    for value in [
        "zz-marker-zz",
        "",
        "-1",
        "+1",
        "25001",
        "1.5",
        "1&wait_ms=1",
    ] {
        let answer = wire.get(&format!("/longpoll?wait_ms={value}")).await;
        assert_refused(&server, &answer, 400, "`wait_ms`");
        assert_usable(&mut wire).await;
    }
}

#[tokio::test]
async fn parameters_that_no_one_asks_for_are_left_alone() {
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
async fn a_message_that_is_wrong_is_refused() {
    let server = Server::start(&[]);
    let mut wire = server.wire().await;
    for (members, named) in wrong_members() {
        let answer = wire.post(JSON, format!("{{{members}").as_bytes()).await;
        assert_refused(&server, &answer, 400, named);
        assert_usable(&mut wire).await;
    }
}

#[tokio::test]
async fn what_is_no_json_object_is_refused() {
    let server = Server::start(&[]);
    let mut wire = server.wire().await;
    for (body, named) in [
        (&b""[..], "does not parse"),
        (b" ", "does not parse"),
        (b"[\"zz-marker-zz\"]", "must be an object"),
        (b"\"zz-marker-zz\"", "must be an object"),
        (b"null", "must be an object"),
        (b"17", "must be an object"),
        (b"zz-marker-zz", "does not parse"),
        (b"{\"body\":\"\xff\"}", "does not parse"),
        (b"{\"\xff\":1,\"body\":1}", "does not parse"),
        (b"\xef\xbb\xbf{\"body\":1}", "does not parse"),
        (b"{\"body\":1}\0", "does not parse"),
        (b"{\"type\":\"publish\",\"body\":1}", "member besides"),
    ] {
        let answer = wire.post(JSON, body).await;
        assert_refused(&server, &answer, 400, named);
        assert_usable(&mut wire).await;
    }
}

#[tokio::test]
async fn the_deepest_body_that_is_allowed_is_taken() {
    let server = Server::start(&[]);
    let message = format!(r#"{{"body":{}}}"#, deepest_body());
    assert_eq!(server.post(message).await.status, 201);
}

#[tokio::test]
async fn a_body_of_another_type_is_415() {
    let server = Server::start(&[]);
    for type_ in [
        "A: b",
        "Content-Type: text/plain",
        "Content-Type: application/x-www-form-urlencoded",
        "Content-Type: application/jsonp",
        "Content-Type: zz-marker-zz",
    ] {
        let mut wire = server.wire().await;
        let answer = wire.post(type_, b"{\"body\":\"zz-marker-zz\"}").await;
        assert_refused(&server, &answer, 415, "application/json");
    }
    let mut wire = server.wire().await;
    for type_ in ["Content-Type: Application/JSON; charset=utf-8", JSON] {
        assert_eq!(
            wire.post(type_, b"{\"body\":1}").await.status,
            201,
            "{type_}"
        );
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_is_413() {
    let server = Server::start(&["--max-message-bytes=100"]);
    let too_large = format!(r#"{{"body":"{MARKER}{}"}}"#, "x".repeat(78));
    assert_eq!(too_large.len(), 101);
    let answer = server.wire().await.post(JSON, too_large.as_bytes()).await;
    assert_refused(&server, &answer, 413, "at most 100 bytes");
    let mut wire = server.wire().await;
    let fits = too_large.replace("xx", "x");
    assert_eq!(wire.post(JSON, fits.as_bytes()).await.status, 201);
}

#[tokio::test]
async fn a_body_of_64_kib_fits_and_not_one_byte_more() {
    let server = Server::start(&[]);
    let body = |size: usize| format!(r#"{{"body":"{}"}}"#, "x".repeat(size - 11));
    let answer = server.post(body((64 << 10) + 1)).await;
    assert_refused(&server, &answer, 413, "at most 65536 bytes");
    assert_eq!(server.post(body(64 << 10)).await.status, 201);
}

#[tokio::test]
async fn a_body_that_gets_too_large_is_refused_before_it_is_whole() {
    let server = Server::start(&["--max-message-bytes=100"]);
    let mut wire = server.wire().await;
    wire.request("POST /messages", &[JSON, "Content-Length: 1000000000"])
        .await;
    wire.send([b' '; 101]).await;
    assert_refused(&server, &wire.response().await, 413, "at most 100 bytes");
}

#[tokio::test]
async fn a_chunked_body_that_is_too_large_is_413() {
    let server = Server::start(&["--max-message-bytes=100"]);
    let mut wire = server.wire().await;
    wire.request("POST /messages", &[JSON, "Transfer-Encoding: chunked"])
        .await;
    for _ in 0..11 {
        wire.send("a\r\nzzmarkerzz\r\n").await;
    }
    assert_refused(&server, &wire.response().await, 413, "at most 100 bytes");
}

#[tokio::test]
async fn a_chunked_body_that_fits_is_taken() {
    let server = Server::start(&[]);
    let mut wire = server.wire().await;
    wire.request("POST /messages", &[JSON, "Transfer-Encoding: chunked"])
        .await;
    wire.send("8\r\n{\"body\":\r\n").await;
    wire.send("3\r\n17}\r\n0\r\n\r\n").await;
    assert_eq!(wire.response().await.status, 201);
    assert_eq!(wire.get("/poll").await.json()["messages"][0]["body"], 17);
}

#[tokio::test]
async fn a_path_that_is_nothing_is_404() {
    let server = Server::start(&[]);
    let mut wire = server.wire().await;
    for path in ["/zz-marker-zz", "/poll/", "/Poll", "/messages/1", "/polls"] {
        assert_refused(&server, &wire.get(path).await, 404, "nothing at this path");
        assert_usable(&mut wire).await;
    }
}

#[tokio::test]
async fn a_method_that_is_not_for_this_path_is_405_with_those_that_are() {
    let server = Server::start(&[]);
    let mut wire = server.wire().await;
    for (line, allow) in [
        ("DELETE /poll", "GET, HEAD"),
        ("PUT /longpoll", "GET, HEAD"),
        ("OPTIONS /time", "GET, HEAD"),
        ("PATCH /health", "GET, HEAD"),
        ("PUT /ws", "GET"),
        ("GET /messages", "POST"),
        ("ZZ-MARKER-ZZ /messages", "POST"),
    ] {
        wire.request(line, &["Content-Length: 0"]).await;
        let answer = wire.response().await;
        assert_refused(&server, &answer, 405, allow);
        assert_eq!(answer.header("allow"), Some(allow));
        assert_usable(&mut wire).await;
    }
}

#[tokio::test]
async fn a_get_of_ws_that_is_no_handshake_is_426() {
    let server = Server::start(&[]);
    let mut wire = server.wire().await;
    for headers in [
        &[][..],
        &["Connection: Upgrade", "Upgrade: zz-marker-zz"],
        &[
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 12",
        ],
    ] {
        wire.request("GET /ws", headers).await;
        let answer = wire.response().await;
        assert_refused(&server, &answer, 426, "opening handshake");
        assert_eq!(answer.header("upgrade"), Some("websocket"));
        assert_eq!(answer.header("sec-websocket-version"), Some("13"));
        wire = server.wire().await; // after `Connection: Upgrade` it may be closed
    }
}

#[tokio::test]
async fn the_subprotocol_is_chosen_when_it_is_offered() {
    let server = Server::start(&[]);
    let name = "sec-websocket-protocol";
    for (offer, chosen) in [
        ("A: b", None),
        ("Sec-WebSocket-Protocol: trifold.v1", Some("trifold.v1")),
        (
            "Sec-WebSocket-Protocol: chat, trifold.v1",
            Some("trifold.v1"),
        ),
        ("Sec-WebSocket-Protocol: chat", None),
    ] {
        let answer = server.wire().await.upgrade("", &[offer]).await;
        assert_eq!(
            (answer.status, answer.header(name)),
            (101, chosen),
            "{offer}"
        );
    }
}
