//! A poll with a matching `If-None-Match` gets a 304.

use crate::common;

use common::{Response, Server};

#[tokio::test]
async fn matching_etag_is_304() {
    let server = Server::start(&[]);
    server.append_messages(3);
    let response = server.get("/poll?since=1").await;
    let tag = response.header("etag").unwrap().to_owned();
    let weak = format!("W/{tag}");
    let list = format!("\"other\", {tag}, W/\"more\"");
    for condition in [tag.as_str(), &weak, &list, "*"] {
        let again = server
            .get_with("/poll?since=1", &[("if-none-match", condition)])
            .await;
        assert_eq!(
            (again.status, again.body.len()),
            (304, 0),
            "for {condition}"
        );
        assert_eq!(again.header("etag"), Some(tag.as_str()));
        assert_eq!(again.header("cache-control"), Some("no-store"));
    }
}

#[tokio::test]
async fn other_etag_is_200() {
    let server = Server::start(&[]);
    server.append_messages(3);
    for condition in ["\"other\"", "W/\"other\", \"more\"", "\"\""] {
        let response = server
            .get_with("/poll", &[("if-none-match", condition)])
            .await;
        assert_eq!(response.status, 200, "for {condition}");
        assert_eq!(response.json()["version"], 3);
    }
}

/// Polls, publishes, and returns the response to a conditional poll with the old tag.
async fn poll_again_after_publish(path: &str) -> Response {
    let server = Server::start(&[]);
    server.append_messages(3);
    let first = server.get(path).await;
    let tag = first.header("etag").expect("a poll has a tag");
    server.publish("new").await;
    let response = server.get_with(path, &[("if-none-match", tag)]).await;
    assert_eq!(response.status, 200);
    assert_ne!(response.header("etag"), Some(tag));
    response
}

#[tokio::test]
async fn new_message_changes_etag() {
    let response = poll_again_after_publish("/poll?since=3").await;
    assert_eq!(response.json()["version"], 4);
}

#[tokio::test]
async fn new_message_changes_etag_of_truncated_batch() {
    let response = poll_again_after_publish("/poll?limit=1").await;
    assert_eq!(response.json()["head"], 4);
}

#[tokio::test]
async fn epoch_changes_etag() {
    let (one, other) = (Server::start(&[]), Server::start(&[]));
    let tag = one.get("/poll").await.header("etag").unwrap().to_owned();
    let response = other.get_with("/poll", &[("if-none-match", &tag)]).await;
    assert_eq!(response.status, 200);
}

#[tokio::test]
async fn gap_ignores_if_none_match() {
    let server = Server::start(&[]);
    let response = server
        .get_with("/poll?since=9", &[("if-none-match", "*")])
        .await;
    response.assert_problem(410, "cannot continue");
}
