//! The page comes from the binary, with a strict policy, and nothing beside it does.

use crate::common;

use common::Server;

#[tokio::test]
async fn the_page_is_html_with_a_strict_policy() {
    let server = Server::start(&[]);
    let page = server.get("/").await;
    assert_eq!(page.status, 200);
    assert!(
        page.header("content-type")
            .unwrap()
            .starts_with("text/html")
    );
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("default-src 'self'"), "{policy}");
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(page.header("referrer-policy"), Some("no-referrer"));
    assert_eq!(page.header("cache-control"), Some("no-cache"));
    assert!(page.text().starts_with("<!doctype html>"));
}

#[tokio::test]
async fn nothing_but_the_page_is_served() {
    let server = Server::start(&[]);
    let mut wire = server.wire().await;
    for path in [
        "/../Cargo.toml",
        "/..%2fCargo.toml",
        "/%2e%2e/Cargo.toml",
        "/core/../../Cargo.toml",
        "//etc/passwd",
        "/package.json",
        "/Cargo.toml",
        "/core",
        "/index.html/",
        "/%00",
    ] {
        wire.get(path)
            .await
            .assert_problem(404, "nothing at this path");
    }
    assert_eq!(wire.get("/index.html").await.status, 200);
}

#[tokio::test]
async fn the_page_is_only_read() {
    let server = Server::start(&[]);
    let mut wire = server.wire().await;
    wire.request("PUT /index.html", &[]).await;
    let answer = wire.response().await;
    answer.assert_problem(405, "GET, HEAD");
    assert_eq!(answer.header("allow"), Some("GET, HEAD"));
}
