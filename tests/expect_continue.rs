//! A client that waits for `100 Continue` gets it when its body is wanted, and otherwise the
//! final status at once (RFC 9110 §10.1.1).

use crate::common;

use common::{RawConnection, Server};

const JSON: &str = "Content-Type: application/json";
const EXPECT: &str = "Expect: 100-continue";

/// Sends the header of a request that waits, and returns the status of the next response.
async fn first_status(
    connection: &mut RawConnection,
    line: &str,
    headers: &[&str],
) -> u16 {
    let headers = [headers, &[EXPECT]].concat();
    connection.request(line, &headers).await;
    connection.head().await.status
}

#[tokio::test]
async fn body_is_asked_for() {
    let server = Server::start(&[]);
    let mut connection = server.connect_raw().await;
    let body = r#"{"body":1}"#;
    let length = format!("Content-Length: {}", body.len());
    for (number, expectation) in
        [EXPECT, "expect: 100-Continue", "Expect: a, 100-continue"]
            .iter()
            .enumerate()
    {
        let headers = [JSON, &length, expectation];
        connection.request("POST /messages", &headers).await;
        assert_eq!(connection.head().await.status, 100);
        assert_eq!(server.log.head(), number as u64);
        connection.send(body).await;
        assert_eq!(connection.response().await.status, 201);
    }
}

#[tokio::test]
async fn chunked_body_is_asked_for() {
    let server = Server::start(&[]);
    let mut connection = server.connect_raw().await;
    let headers = [JSON, "Transfer-Encoding: chunked"];
    let status = first_status(&mut connection, "POST /messages", &headers).await;
    assert_eq!(status, 100);
    connection.send("a\r\n{\"body\":1}\r\n0\r\n\r\n").await;
    assert_eq!(connection.response().await.status, 201);
}

#[tokio::test]
async fn rejected_header_is_answered_at_once() {
    let server = Server::start(&[]);
    let length = "Content-Length: 10";
    for (line, headers, expected) in [
        ("POST /messages", &[JSON, "Content-Length: 70000"][..], 413),
        ("POST /messages", &[length], 415),
        (
            "POST /messages",
            &[JSON, length, "Content-Encoding: gzip"],
            415,
        ),
        (
            "POST /messages",
            &[JSON, length, "Origin: http://evil.example"],
            403,
        ),
        ("POST /nothing", &[JSON, length], 404),
        ("POST /poll", &[JSON, length], 405),
        ("PUT /messages", &[JSON, length], 405),
    ] {
        let mut connection = server.connect_raw().await;
        let status = first_status(&mut connection, line, headers).await;
        assert_eq!(status, expected, "{line} {headers:?}");
    }
    assert_eq!(server.log.head(), 0);
}

#[tokio::test]
async fn request_without_body_is_answered() {
    let server = Server::start(&[]);
    let mut connection = server.connect_raw().await;
    connection.request("GET /poll", &[EXPECT]).await;
    assert_eq!(connection.response().await.status, 200);
    assert_eq!(connection.get("/poll").await.status, 200);
}

#[tokio::test]
async fn http_1_0_gets_no_interim_response() {
    let server = Server::start(&[]);
    let mut connection = server.connect_raw().await;
    connection
        .send(format!(
            "POST /messages HTTP/1.0\r\nHost: localhost\r\n{JSON}\r\n{EXPECT}\r\n\
             Content-Length: 10\r\n\r\n{{\"body\":1}}"
        ))
        .await;
    assert_eq!(connection.response().await.status, 201);
}
