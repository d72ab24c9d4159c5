//! A message is published once, however often its publisher retries.

use crate::common;

use std::collections::HashSet;

use common::{Server, append, versions};
use futures_util::future::join_all;
use serde_json::{Value, json};

#[tokio::test]
async fn retry_gets_same_version() {
    let server = Server::start(&[]);
    server.append_messages(2);
    let first = server.post(r#"{"id":"c-17","body":"hi"}"#).await;
    let again = server
        .post(r#"{"id":"c-17","body":"something else"}"#)
        .await;

    let mut published = json!({
        "type": "published", "epoch": *server.log.epoch(),
        "id": "c-17", "version": 3, "duplicate": false,
    });
    assert_eq!((first.status, first.json()), (201, published.clone()));
    published["duplicate"] = true.into();
    assert_eq!((again.status, again.json()), (200, published));
    let batch = server.get("/poll?since=2").await.json();
    assert_eq!(versions(&batch), [3]);
    assert_eq!(batch["messages"][0]["body"], "hi");
}

#[tokio::test]
async fn retry_on_other_transport_is_duplicate() {
    let server = Server::start(&[]);
    let first = server.post(r#"{"id":"c-17","body":"hi"}"#).await.json();
    let mut socket = server.socket("").await;
    socket
        .send_text(r#"{"type":"publish","id":"c-17","body":"hi"}"#)
        .await;
    let again = socket.next("published").await;
    assert_eq!(again["version"], first["version"]);
    assert_eq!(again["duplicate"], true);
    assert_eq!(server.log.head(), 1);
}

#[tokio::test]
async fn concurrent_retries_append_once() {
    let server = Server::start(&[]);
    for round in 1..=20 {
        let message = json!({ "id": format!("c-{round}"), "body": null }).to_string();
        let responses = join_all((0..16).map(|_| server.post(message.as_str()))).await;
        let created = responses.iter().filter(|response| response.status == 201);
        assert_eq!(created.count(), 1);
        assert!(
            responses
                .iter()
                .all(|response| response.json()["version"] == round)
        );
        assert_eq!(server.log.head(), round);
    }
}

#[tokio::test]
async fn evicted_id_is_new() {
    let server = Server::start(&["--retain-messages=2"]);
    let publish = async |id: &str| {
        server
            .post(json!({ "id": id, "body": 0 }).to_string())
            .await
    };
    for (id, status, version) in [
        ("a", 201, 1),
        ("b", 201, 2),
        ("a", 200, 1),
        ("c", 201, 3),
        ("a", 201, 4),
    ] {
        let response = publish(id).await;
        assert_eq!(
            (response.status, response.json()["version"].clone()),
            (status, version.into())
        );
    }
}

#[tokio::test]
async fn duplicate_wakes_no_reader() {
    let server = Server::start(&[]);
    server.append_messages(1);
    let mut socket = server.socket("?since=1").await;
    common::wait_until("the socket waits", || server.log.waiter_count() == 1).await;
    append(&server.log, "id-1", "again");
    append(&server.log, "id-2", "new");
    assert_eq!(versions(&socket.json().await), [2]);
}

#[tokio::test]
async fn optional_fields_have_defaults() {
    let server = Server::start(&[]);
    let published = server.publish("hi").await;
    let message = server.get("/poll").await.json()["messages"][0].clone();
    assert_eq!(message["id"], published["id"]);
    assert_eq!(message["sender"], "");
    assert_eq!(message["kind"], "chat");
    let fields = message.as_object().unwrap();
    assert_eq!(fields.len(), 6, "{message}");
}

#[tokio::test]
async fn generated_ids_are_unique() {
    let server = Server::start(&[]);
    let published = join_all((0..100).map(|_| server.publish("hi"))).await;
    let id = |published: Value| published["id"].as_str().unwrap().to_owned();
    let ids: HashSet<_> = published.into_iter().map(id).collect();
    assert_eq!(ids.len(), 100);
    assert!(ids.iter().all(|id| (1..=64).contains(&id.len())));
    assert_eq!(server.log.head(), 100);
}

#[tokio::test]
async fn message_is_unchanged() {
    let server = Server::start(&[]);
    let name = "ß".repeat(64);
    let kind = "a-z0-9-".repeat(5)[..32].to_owned();
    let sent = json!({ "id": name, "sender": name, "kind": kind, "body": {"x": [1]} });
    assert_eq!(server.post(sent.to_string()).await.status, 201);
    let mut message = server.get("/poll").await.json()["messages"][0].take();
    let fields = message.as_object_mut().unwrap();
    assert_eq!(fields.remove("version"), Some(1.into()));
    fields.remove("at").unwrap();
    assert_eq!(message, sent);
}

#[tokio::test]
async fn message_carries_append_time() {
    let server = Server::start(&[]);
    let at = async |path: &str| server.get(path).await.json()["at"].as_f64().unwrap();
    let before = at("/time").await;
    server.publish("hi").await;
    let after = at("/time").await;
    let batch = server.get("/poll").await.json();
    let appended_at = batch["messages"][0]["at"].as_f64().unwrap();
    assert!(
        before <= appended_at && appended_at <= after,
        "{before} {appended_at} {after}"
    );
}

#[tokio::test]
async fn socket_publishes_message() {
    let server = Server::start(&[]);
    let mut socket = server.socket("").await;
    socket
        .send_text(r#"{"type":"publish","id":"c-17","sender":"ana","body":"hi"}"#)
        .await;
    let published = socket.next("published").await;
    let expected = json!({
        "type": "published", "epoch": *server.log.epoch(),
        "id": "c-17", "version": 1, "duplicate": false,
    });
    assert_eq!(published, expected);
    assert_eq!(
        server.get("/poll").await.json()["messages"][0]["sender"],
        "ana"
    );
}

#[tokio::test]
async fn publisher_receives_its_message() {
    let server = Server::start(&[]);
    let mut socket = server.socket("").await;
    socket.send_text(r#"{"type":"publish","body":"hi"}"#).await;
    assert_eq!(versions(&socket.next("batch").await), [1]);
}
