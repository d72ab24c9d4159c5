//! The page is embedded in the binary; nothing else is served.

use crate::common;

use common::Server;

#[tokio::test]
async fn page_is_html_and_revalidated() {
    let server = Server::start(&[]);
    let page = server.get("/").await;
    assert_eq!(page.status, 200);
    assert!(
        page.header("content-type")
            .unwrap()
            .starts_with("text/html")
    );
    assert_eq!(page.header("cache-control"), Some("no-cache"));
    assert!(page.text().starts_with("<!doctype html>"));
}

#[tokio::test]
async fn decide_in_the_query_is_another_page() {
    let server = Server::start(&[]);
    let (page, decide) = (server.get("/").await, server.get("/decide.html").await);
    assert_eq!(decide.status, 200);
    for path in ["/?decide=1", "/?clients=5&decide=", "/?decide"] {
        assert_eq!(server.get(path).await.text(), decide.text(), "{path}");
    }
    for path in ["/?decided=1", "/?decide=0", "/?preset=decide", "/?"] {
        assert_eq!(server.get(path).await.text(), page.text(), "{path}");
    }
    for path in [
        "/decide.js",
        "/view/decide/decide.css",
        "/view/decide/chart.js",
    ] {
        assert_eq!(server.get(path).await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn only_embedded_files_are_served() {
    let server = Server::start(&[]);
    let mut connection = server.connect_raw().await;
    for path in [
        "/../Cargo.toml",
        "/..%2fCargo.toml",
        "/%2e%2e/Cargo.toml",
        "/model/../../Cargo.toml",
        "//etc/passwd",
        "/package.json",
        "/Cargo.toml",
        "/model",
        "/test/unit/ledger.test.js",
        "/index.html/",
        "/%00",
    ] {
        connection
            .get(path)
            .await
            .assert_problem(404, "nothing at this path");
    }
    assert_eq!(connection.get("/index.html").await.status, 200);
}

#[tokio::test]
async fn page_allows_only_get() {
    let server = Server::start(&[]);
    let mut connection = server.connect_raw().await;
    connection.request("PUT /index.html", &[]).await;
    let response = connection.response().await;
    response.assert_problem(405, "GET, HEAD");
    assert_eq!(response.header("allow"), Some("GET, HEAD"));
}
