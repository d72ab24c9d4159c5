//! Clients that offer HTTP/2 with each request keep their connection (RFC 9110 §7.8).

use crate::common;

use std::process::Stdio;

use common::{Server, with_timeout};
use tokio::process::Command;

/// What `java.net.http.HttpClient` of JDK 17 sends for each request without TLS, in its order.
fn java_request(line: &str, authority: &str, fields: &str, body: &str) -> String {
    format!(
        "{line} HTTP/1.1\r\nConnection: Upgrade, HTTP2-Settings\r\n\
         Content-Length: {}\r\nHost: {authority}\r\n\
         HTTP2-Settings: AAEAAEAAAAIAAAAAAAMAAAAAAAQBAAAAAAUAAEAAAAYABgAA\r\n\
         Upgrade: h2c\r\nUser-Agent: Java-http-client/17.0.15\r\n{fields}\r\n{body}",
        body.len()
    )
}

#[tokio::test]
async fn java_http_client() {
    let server = Server::start(&[]);
    let authority = server.address.to_string();
    let mut connection = server.connect_raw().await;
    for number in 1..=3 {
        let get = java_request("GET /time", &authority, "", "");
        connection.send(get).await;
        let response = connection.response().await;
        assert_eq!(
            (response.status, response.header("connection")),
            (200, None)
        );
        let json = "Content-Type: application/json\r\n";
        let body = r#"{"body":"from Java"}"#;
        let post = java_request("POST /messages", &authority, json, body);
        connection.send(post).await;
        let response = connection.response().await;
        assert_eq!(
            (response.status, response.header("connection")),
            (201, None)
        );
        assert_eq!(server.log.head(), number);
    }
}

/// What curl's `--write-out` prints about a request.
const STATUS_AND_CONNECTS: &str = "%{http_code} %{num_connects}\n";

#[tokio::test]
async fn curl_with_http2() {
    let server = Server::start(&[]);
    let url = server.url("/time");
    let output = Command::new("curl")
        .args(["--disable", "--silent", "--show-error", "--noproxy", "*"])
        .args(["--http2", "--write-out", STATUS_AND_CONNECTS])
        .args(["--output", "/dev/null", &url])
        .args(["--output", "/dev/null", &url])
        .stderr(Stdio::inherit())
        .output();
    let output = with_timeout(output).await.expect("curl runs");
    let printed = String::from_utf8(output.stdout).expect("curl prints text");
    assert_eq!(printed, "200 1\n200 0\n");
}
