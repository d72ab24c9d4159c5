//! The control channel reports presence and meters, publishes, and takes a link down.

use crate::common;

use std::time::Duration;

use common::{
    Program, RawConnection, Server, WebSocketClient, append, versions, wait_until,
    with_timeout,
};
use futures_util::FutureExt;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

const HANDSHAKE: [&str; 4] = [
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
];

#[tokio::test]
async fn channel_requires_client_and_origin() {
    let server = Server::start(&[]);
    for (query, origin, status, expected) in [
        ("", "A: b", 400, "`client`"),
        ("?client=", "A: b", 400, "`client`"),
        ("?client=a_b", "A: b", 400, "`client`"),
        ("?client=ana", "Origin: http://foe.example", 403, "origin"),
    ] {
        let mut connection = server.connect_raw().await;
        let headers: Vec<_> = HANDSHAKE.into_iter().chain([origin]).collect();
        connection
            .request(&format!("GET /lab{query}"), &headers)
            .await;
        connection.response().await.assert_problem(status, expected);
    }
    let response = server.get("/lab?client=ana").await;
    response.assert_problem(426, "handshake");
    let mut connection = server.connect_raw().await;
    connection.request("POST /lab?client=ana", &[]).await;
    connection.response().await.assert_problem(405, "GET");
}

#[tokio::test]
async fn presence_is_sent_to_all() {
    let server = Server::start(&[]);
    let mut ana = server.control_channel("ana").await;
    ana.wait_online(1).await;
    let ben = server.control_channel("ben").await;
    ana.wait_online(2).await;
    let mut cleo = server.control_channel("cleo").await;
    cleo.wait_online(3).await;
    ana.wait_online(3).await;
    drop(ben);
    ana.wait_online(2).await;
    cleo.wait_online(2).await;
    cleo.socket.stream.close(None).await.unwrap();
    ana.wait_online(1).await;
}

#[tokio::test]
async fn channel_publishes_message() {
    let server = Server::start(&[]);
    let mut socket = server.socket("").await;
    let mut channel = server.control_channel("ana").await;
    let message =
        json!({ "type": "publish", "id": "a", "sender": "ana", "body": [1, 2] });
    for duplicate in [false, true] {
        let published = channel.command(message.clone(), "published").await;
        assert_eq!(published["version"], 1);
        assert_eq!(published["duplicate"], duplicate);
    }
    let batch = server.get("/poll").await.json();
    assert_eq!(batch["messages"][0]["body"], json!([1, 2]));
    assert_eq!(socket.json().await, batch);
}

#[tokio::test]
async fn channel_replies_to_ping() {
    let server = Server::start(&[]);
    let mut channel = server.control_channel("ana").await;
    let pong = channel
        .command(json!({ "type": "ping", "t": 1.5 }), "pong")
        .await;
    assert_eq!(pong["t"], 1.5);
    assert!(pong["at"].is_f64());
}

#[tokio::test]
async fn invalid_command_keeps_channel_open() {
    let server = Server::start(&[]);
    let mut channel = server.control_channel("ana").await;
    for (text, expected) in [
        ("", "Invalid JSON"),
        ("[]", "object"),
        ("{}", "`type`"),
        (r#"{"type":"zz-marker-zz"}"#, "`type`"),
        (r#"{"type":"publish"}"#, "`body`"),
        (r#"{"type":"ping"}"#, "`t`"),
        (r#"{"type":"link"}"#, "`down`"),
        (r#"{"type":"link","down":1}"#, "`down`"),
        (r#"{"type":"link","down":"true"}"#, "`down`"),
    ] {
        channel.socket.send_text(text).await;
        let error = channel.next("error").await;
        let title = error["title"].as_str().unwrap();
        assert!(title.contains(expected), "{title:?} lacks {expected:?}");
        assert!(!title.contains("marker"));
        assert_eq!(error["status"], 400);
        channel
            .command(json!({ "type": "ping", "t": 1 }), "pong")
            .await;
    }
    assert_eq!(server.log.head(), 0);
}

#[tokio::test]
async fn binary_frame_closes_channel() {
    let server = Server::start(&[]);
    let mut observer = server.control_channel("ben").await;
    observer.wait_online(1).await;
    let mut channel = server.control_channel("ana").await;
    observer.wait_online(2).await;
    channel.socket.send(Message::binary(b"x".to_vec())).await;
    assert_eq!(channel.socket.close_code().await, 1003);
    observer.wait_online(1).await;
}

#[tokio::test]
async fn unchanged_meters_are_not_sent() {
    let server = Server::start(&[]);
    let mut channel = server.control_channel("ana").await;
    assert_eq!(channel.next("meters").await["panes"], json!({}));
    let mut ben = server.control_channel("ben").await;
    for requests in 1..=3 {
        server.get("/poll?client=ben&pane=poll").await;
        while ben.next("meters").await["panes"]["poll"]["requests"] != requests {}
    }
    // By now ana's meters were checked as often, and had not changed.
    channel.socket.send_text(r#"{"type":"ping","t":1}"#).await;
    loop {
        match channel.socket.json().await["type"].as_str() {
            Some("pong") => break,
            message => assert_eq!(message, Some("presence")),
        }
    }
    server.get("/poll?client=ana&pane=poll").await;
    let message = channel.next("meters").await;
    assert_eq!(message["panes"]["poll"]["requests"], 1);
    assert_eq!(message["panes"]["poll"]["empty"], 1);
}

#[tokio::test]
async fn changed_meters_are_sent() {
    let server = Server::start(&[]);
    let mut channel = server.control_channel("ana").await;
    let mut connection = server.connect_raw().await;
    connection.get("/poll?client=ana&pane=poll").await;
    let expected = json!({ "requests": 1, "responses": 1, "empty": 1, "in_flight": 0,
        "upload_bytes": connection.sent(), "download_bytes": connection.received() });
    channel.wait_meter("poll", expected).await;
    connection
        .request("GET /longpoll?client=ana&pane=poll", &[])
        .await;
    let expected = json!({ "requests": 2, "responses": 1, "empty": 1, "in_flight": 1,
        "upload_bytes": connection.sent(), "download_bytes": connection.received() });
    channel.wait_meter("poll", expected).await;
    append(&server.log, "a", "hi");
    connection.response().await;
    let expected = json!({ "requests": 2, "responses": 2, "empty": 1, "in_flight": 0,
        "upload_bytes": connection.sent(), "download_bytes": connection.received() });
    channel.wait_meter("poll", expected).await;
}

/// A client with a long poll and a socket, both waiting.
struct WaitingClient {
    long_poll: RawConnection,
    socket: WebSocketClient,
    query: String,
}

impl WaitingClient {
    async fn start(server: &Server, client: &str) -> Self {
        let others = server.log.waiter_count();
        let query = format!("since=now&client={client}");
        let mut long_poll = server.connect_raw().await;
        long_poll
            .request(&format!("GET /longpoll?{query}"), &[])
            .await;
        let socket = server.socket(&format!("?{query}&limit=1")).await;
        wait_until("both wait", || server.log.waiter_count() == others + 2).await;
        Self {
            long_poll,
            socket,
            query,
        }
    }
}

/// No reader is woken by another one, which may be stalled.
#[tokio::test]
async fn link_down_delays_no_other_reader() {
    let server = Server::start(&[]);
    let mut stalled = Vec::new();
    for _ in 0..8 {
        stalled.push(server.socket("?since=now&client=ana").await);
    }
    let mut channel = server.control_channel("ana").await;
    channel.set_link_down(true).await;
    let mut reader = server.socket("?since=now").await;
    wait_until("all readers wait", || server.log.waiter_count() == 9).await;
    for version in 1..=20 {
        server.append_messages(version);
        while reader.next("batch").await["version"] != version {}
    }
}

#[tokio::test]
async fn link_down_affects_only_its_client() {
    let server = Server::start(&[]);
    let mut ana = WaitingClient::start(&server, "ana").await;
    let mut ben = WaitingClient::start(&server, "ben").await;
    let mut channel = server.control_channel("ana").await;
    channel.set_link_down(true).await;

    // What ana sends is held back: a poll, a publish request, frames.
    let (mut poll, mut publish) =
        (server.connect_raw().await, server.connect_raw().await);
    poll.request(&format!("GET /poll?{}", ana.query), &[]).await;
    let message = r#"{"id":"held-back","body":1}"#;
    publish.publish("?client=ana", message).await;
    for number in 1..=5 {
        let message =
            json!({ "type": "publish", "id": format!("frame-{number}"), "body": 1 });
        ana.socket.send_text(message.to_string()).await;
    }

    // What ben sends is not: ben publishes, and receives it on each transport.
    for version in 1..=3 {
        let message = json!({ "type": "publish", "body": "of ben" });
        ben.socket.send_text(message.to_string()).await;
        let published = ben.socket.next("published").await;
        assert_eq!(published["version"], version);
    }
    assert_eq!(versions(&ben.long_poll.response().await.json())[0], 1);
    let mut url = format!("GET /poll?{}", ben.query);
    url = url.replace("now", "0");
    assert_polls(&server, &url, 3).await;

    // What ben published is held back on its way to ana.
    for connection in [&poll, &publish, &ana.long_poll] {
        connection.assert_silent();
    }
    assert_eq!(ana.socket.recv().now_or_never(), None);
    assert_eq!(server.log.head(), 3);

    channel.set_link_down(false).await;
    assert_eq!(versions(&ana.long_poll.response().await.json())[0], 1);
    assert_eq!(poll.response().await.status, 200);
    assert_eq!(publish.response().await.status, 201);
    wait_until("all messages are published", || server.log.head() == 9).await;
    let (mut batches, mut published) = (Vec::new(), Vec::new());
    while batches.len() < 9 || published.len() < 5 {
        let message = ana.socket.json().await;
        match message["type"].as_str() {
            Some("batch") => batches.extend(versions(&message)),
            _ => published.push(message["id"].clone()),
        }
    }
    assert_eq!(batches, Vec::from_iter(1..=9));
    let order: Vec<Value> = (1..=5).map(|n| format!("frame-{n}").into()).collect();
    assert_eq!(published, order);
}

async fn assert_polls(server: &Server, line: &str, version: u64) {
    let mut connection = server.connect_raw().await;
    connection.request(line, &[]).await;
    assert_eq!(connection.response().await.json()["version"], version);
}

#[tokio::test]
async fn link_down_delays_handshake() {
    let server = Server::start(&[]);
    server.append_messages(1);
    let mut channel = server.control_channel("ana").await;
    channel.set_link_down(true).await;
    let mut connection = server.connect_raw().await;
    connection.request("GET /ws?client=ana", &HANDSHAKE).await;
    channel.wait_in_flight(1).await;
    connection.assert_silent();
    channel.set_link_down(false).await;
    assert_eq!(connection.response().await.status, 101);
    assert_eq!(connection.frame().await.0, 0x81);
}

#[tokio::test]
async fn disconnect_restores_link() {
    let server = Server::start(&[]);
    let mut socket = server.socket("?since=now&client=ana").await;
    let mut channel = server.control_channel("ana").await;
    channel.set_link_down(true).await;
    let mut connection = server.connect_raw().await;
    connection.request("GET /poll?client=ana", &[]).await;
    append(&server.log, "a", "hi");
    channel.wait_in_flight(2).await;
    connection.assert_silent();
    drop(channel);
    assert_eq!(connection.response().await.status, 200);
    assert_eq!(socket.json().await["version"], 1);
}

#[tokio::test]
async fn disconnect_with_link_down_is_noticed() {
    let server = Server::start(&[]);
    let client = WaitingClient::start(&server, "ana").await;
    let mut channel = server.control_channel("ana").await;
    channel.set_link_down(true).await;
    append(&server.log, "a", "hi");
    wait_until("a reader is notified", || server.log.waiter_count() < 2).await;
    channel.wait_in_flight(2).await;
    drop(client);
    channel.wait_in_flight(0).await;
    wait_until("no reader waits", || server.log.waiter_count() == 0).await;
}

#[tokio::test]
async fn shutdown_closes_channels() {
    let mut program = Program::start(&[]);
    let mut channel =
        WebSocketClient::connect_path(program.address, "/lab?client=ana").await;
    let mut link_down =
        WebSocketClient::connect_path(program.address, "/lab?client=ben").await;
    link_down.send_text(r#"{"type":"link","down":true}"#).await;
    link_down.next("link").await;
    // Held back by the link for longer than the server waits at shutdown.
    let mut connection = RawConnection::connect(program.address).await;
    connection.request("GET /poll?client=ben", &[]).await;
    // Never replies to a close frame.
    let mut unresponsive = RawConnection::connect(program.address).await;
    unresponsive
        .request("GET /lab?client=cleo", &HANDSHAKE)
        .await;
    assert_eq!(unresponsive.response().await.status, 101);
    program.signal("TERM");
    assert_eq!(channel.close_code().await, 1001);
    assert_eq!(link_down.close_code().await, 1001);
    let exited = tokio::time::timeout(Duration::from_secs(5), program.exit_status());
    assert_eq!(with_timeout(exited).await.unwrap().code(), Some(0));
}
