//! The control channel tells who is here, publishes, and takes its client's link down.

use crate::common;

use std::time::Duration;

use common::{
    Program, RawConnection, Server, WebSocketClient, append, soon, until, versions,
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
async fn a_channel_needs_a_client_a_handshake_and_its_own_origin() {
    let server = Server::start(&[]);
    for (query, origin, status, named) in [
        ("", "A: b", 400, "`client`"),
        ("?client=", "A: b", 400, "`client`"),
        ("?client=a_b", "A: b", 400, "`client`"),
        ("?client=ana", "Origin: http://foe.example", 403, "origin"),
    ] {
        let mut wire = server.wire().await;
        let headers: Vec<_> = HANDSHAKE.into_iter().chain([origin]).collect();
        wire.request(&format!("GET /lab{query}"), &headers).await;
        wire.response().await.assert_problem(status, named);
    }
    let answer = server.get("/lab?client=ana").await;
    answer.assert_problem(426, "handshake");
    let mut wire = server.wire().await;
    wire.request("POST /lab?client=ana", &[]).await;
    wire.response().await.assert_problem(405, "GET");
}

#[tokio::test]
async fn everyone_is_told_how_many_are_here() {
    let server = Server::start(&[]);
    let mut ana = server.lab("ana").await;
    ana.until_here(1).await;
    let ben = server.lab("ben").await;
    ana.until_here(2).await;
    let mut cleo = server.lab("cleo").await;
    cleo.until_here(3).await;
    ana.until_here(3).await;
    drop(ben);
    ana.until_here(2).await;
    cleo.until_here(2).await;
    cleo.socket.stream.close(None).await.unwrap();
    ana.until_here(1).await;
}

#[tokio::test]
async fn what_is_published_here_is_read_everywhere() {
    let server = Server::start(&[]);
    let mut socket = server.socket("").await;
    let mut lab = server.lab("ana").await;
    let message =
        json!({ "type": "publish", "id": "a", "sender": "ana", "body": [1, 2] });
    for duplicate in [false, true] {
        let published = lab.ask(message.clone(), "published").await;
        assert_eq!(published["version"], 1);
        assert_eq!(published["duplicate"], duplicate);
    }
    let batch = server.get("/poll").await.json();
    assert_eq!(batch["messages"][0]["body"], json!([1, 2]));
    assert_eq!(socket.json().await, batch);
}

#[tokio::test]
async fn a_ping_is_answered() {
    let server = Server::start(&[]);
    let mut lab = server.lab("ana").await;
    let pong = lab.ask(json!({ "type": "ping", "t": 1.5 }), "pong").await;
    assert_eq!(pong["t"], 1.5);
    assert!(pong["at"].is_f64());
}

#[tokio::test]
async fn what_is_wrong_gets_an_error_and_the_channel_stays_open() {
    let server = Server::start(&[]);
    let mut lab = server.lab("ana").await;
    for (wrong, named) in [
        ("", "does not parse"),
        ("[]", "object"),
        ("{}", "`type`"),
        (r#"{"type":"zz-marker-zz"}"#, "`type`"),
        (r#"{"type":"publish"}"#, "`body`"),
        (r#"{"type":"ping"}"#, "`t`"),
        (r#"{"type":"link"}"#, "`down`"),
        (r#"{"type":"link","down":1}"#, "`down`"),
        (r#"{"type":"link","down":"true"}"#, "`down`"),
    ] {
        lab.socket.send_text(wrong).await;
        let error = lab.next("error").await;
        let title = error["title"].as_str().unwrap();
        assert!(title.contains(named), "{title:?} does not name {named:?}");
        assert!(!title.contains("marker"));
        assert_eq!(error["status"], 400);
        lab.ask(json!({ "type": "ping", "t": 1 }), "pong").await;
    }
    assert_eq!(server.log.head(), 0);
}

#[tokio::test]
async fn a_binary_frame_closes_the_channel() {
    let server = Server::start(&[]);
    let mut stays = server.lab("ben").await;
    stays.until_here(1).await;
    let mut lab = server.lab("ana").await;
    stays.until_here(2).await;
    lab.socket.send(Message::binary(b"x".to_vec())).await;
    assert_eq!(lab.socket.closed().await, 1003);
    stays.until_here(1).await;
}

#[tokio::test]
async fn meters_are_told_only_when_they_changed() {
    let server = Server::start(&[]);
    let mut lab = server.lab("ana").await;
    assert_eq!(lab.next("meters").await["panes"], json!({}));
    let mut ben = server.lab("ben").await;
    for requests in 1..=3 {
        server.get("/poll?client=ben&pane=poll").await;
        while ben.next("meters").await["panes"]["poll"]["requests"] != requests {}
    }
    // By now ana's were looked at as often, and there was nothing to tell.
    lab.socket.send_text(r#"{"type":"ping","t":1}"#).await;
    loop {
        match lab.socket.json().await["type"].as_str() {
            Some("pong") => break,
            told => assert_eq!(told, Some("presence")),
        }
    }
    server.get("/poll?client=ana&pane=poll").await;
    let told = lab.next("meters").await;
    assert_eq!(told["panes"]["poll"]["requests"], 1);
    assert_eq!(told["panes"]["poll"]["empty"], 1);
}

#[tokio::test]
async fn meters_are_told_as_they_change() {
    let server = Server::start(&[]);
    let mut lab = server.lab("ana").await;
    let mut wire = server.wire().await;
    wire.get("/poll?client=ana&pane=poll").await;
    let wanted = json!({ "requests": 1, "responses": 1, "empty": 1, "in_flight": 0,
        "upload_bytes": wire.sent(), "download_bytes": wire.received() });
    lab.until_told("poll", wanted).await;
    wire.request("GET /longpoll?client=ana&pane=poll", &[])
        .await;
    let wanted = json!({ "requests": 2, "responses": 1, "empty": 1, "in_flight": 1,
        "upload_bytes": wire.sent(), "download_bytes": wire.received() });
    lab.until_told("poll", wanted).await;
    append(&server.log, "a", "hi");
    wire.response().await;
    let wanted = json!({ "requests": 2, "responses": 2, "empty": 1, "in_flight": 0,
        "upload_bytes": wire.sent(), "download_bytes": wire.received() });
    lab.until_told("poll", wanted).await;
}

/// A client with something under way on each endpoint: a held poll and an open socket.
struct Busy {
    held: RawConnection,
    socket: WebSocketClient,
    query: String,
}

impl Busy {
    async fn start(server: &Server, client: &str) -> Self {
        let waiting = server.log.waiting();
        let query = format!("since=now&client={client}");
        let mut held = server.wire().await;
        held.request(&format!("GET /longpoll?{query}"), &[]).await;
        let socket = server.socket(&format!("?{query}&limit=1")).await;
        until("both wait", || server.log.waiting() == waiting + 2).await;
        Self {
            held,
            socket,
            query,
        }
    }
}

#[tokio::test]
async fn a_link_that_is_down_holds_everything_of_its_client_and_of_no_one_else() {
    let server = Server::start(&[]);
    let mut ana = Busy::start(&server, "ana").await;
    let mut ben = Busy::start(&server, "ben").await;
    let mut lab = server.lab("ana").await;
    lab.link(true).await;

    // What comes in is held: a poll, a publication, a frame.
    let (mut poll, mut publish) = (server.wire().await, server.wire().await);
    poll.request(&format!("GET /poll?{}", ana.query), &[]).await;
    let message = r#"{"id":"held","body":1}"#;
    publish.publish("?client=ana", message).await;
    for number in 1..=5 {
        let message =
            json!({ "type": "publish", "id": format!("frame-{number}"), "body": 1 });
        ana.socket.send_text(message.to_string()).await;
    }

    // What others do is not: ben publishes, and reads it everywhere.
    for version in 1..=3 {
        let message = json!({ "type": "publish", "body": "of ben" });
        ben.socket.send_text(message.to_string()).await;
        let published = ben.socket.next("published").await;
        assert_eq!(published["version"], version);
    }
    assert_eq!(versions(&ben.held.response().await.json())[0], 1);
    let mut url = format!("GET /poll?{}", ben.query);
    url = url.replace("now", "0");
    poll_is_answered(&server, &url, 3).await;

    // And what was published is held on its way to ana.
    for wire in [&poll, &publish, &ana.held] {
        wire.assert_silent();
    }
    assert_eq!(ana.socket.recv().now_or_never(), None);
    assert_eq!(server.log.head(), 3);

    lab.link(false).await;
    assert_eq!(versions(&ana.held.response().await.json())[0], 1);
    assert_eq!(poll.response().await.status, 200);
    assert_eq!(publish.response().await.status, 201);
    until("all is published", || server.log.head() == 9).await;
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

async fn poll_is_answered(server: &Server, line: &str, version: u64) {
    let mut wire = server.wire().await;
    wire.request(line, &[]).await;
    assert_eq!(wire.response().await.json()["version"], version);
}

#[tokio::test]
async fn a_link_that_is_down_holds_a_handshake() {
    let server = Server::start(&[]);
    server.fill(1);
    let mut lab = server.lab("ana").await;
    lab.link(true).await;
    let mut wire = server.wire().await;
    wire.request("GET /ws?client=ana", &HANDSHAKE).await;
    lab.until_told_in_flight(1).await;
    wire.assert_silent();
    lab.link(false).await;
    assert_eq!(wire.response().await.status, 101);
    assert_eq!(wire.frame().await.0, 0x81);
}

#[tokio::test]
async fn a_member_that_leaves_has_its_link_up_again() {
    let server = Server::start(&[]);
    let mut socket = server.socket("?since=now&client=ana").await;
    let mut lab = server.lab("ana").await;
    lab.link(true).await;
    let mut wire = server.wire().await;
    wire.request("GET /poll?client=ana", &[]).await;
    append(&server.log, "a", "hi");
    lab.until_told_in_flight(2).await;
    wire.assert_silent();
    drop(lab);
    assert_eq!(wire.response().await.status, 200);
    assert_eq!(socket.json().await["version"], 1);
}

#[tokio::test]
async fn a_client_that_leaves_while_its_link_is_down_is_not_waited_for() {
    let server = Server::start(&[]);
    let busy = Busy::start(&server, "ana").await;
    let mut lab = server.lab("ana").await;
    lab.link(true).await;
    append(&server.log, "a", "hi");
    until("the news is there", || server.log.waiting() < 2).await;
    lab.until_told_in_flight(2).await;
    drop(busy);
    lab.until_told_in_flight(0).await;
    until("nobody waits", || server.log.waiting() == 0).await;
}

#[tokio::test]
async fn a_server_that_stops_closes_the_channels_in_time() {
    let mut program = Program::start(&[]);
    let mut lab = WebSocketClient::connect_path(program.address, "/lab?client=ana").await;
    let mut held =
        WebSocketClient::connect_path(program.address, "/lab?client=ben").await;
    held.send_text(r#"{"type":"link","down":true}"#).await;
    held.next("link").await;
    let mut wire = RawConnection::connect(program.address).await; // held longer than there is time
    wire.request("GET /poll?client=ben", &[]).await;
    let mut deaf = RawConnection::connect(program.address).await; // answers no close frame
    deaf.request("GET /lab?client=cleo", &HANDSHAKE).await;
    assert_eq!(deaf.response().await.status, 101);
    program.signal("TERM");
    assert_eq!(lab.closed().await, 1001);
    assert_eq!(held.closed().await, 1001);
    let ended = tokio::time::timeout(Duration::from_secs(5), program.ended());
    assert_eq!(soon(ended).await.unwrap().code(), Some(0));
}
