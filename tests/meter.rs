//! The meters count every byte of a connection, headers and framing included.

use crate::common;

use common::{RawConnection, Server, append, masked_frame, wait_until};
use serde_json::{Value, json};
use trifold::lab::MAX_PANES;

const JSON: &str = "Content-Type: application/json";

/// Asserts that the pane's meter reaches the bytes that this connection sent and received.
async fn assert_metered(server: &Server, pane: &str, connection: &RawConnection) {
    server
        .wait_metered("ana", pane, connection.sent(), connection.received())
        .await;
}

/// Asserts that this request and its response are metered exactly.
async fn assert_exchange_metered(line: &str, headers: &[&str], body: &str, status: u16) {
    let server = Server::start(&["--allow-origin=http://friend.example"]);
    server.append_messages(3);
    for (pane, extra) in [
        ("plain", None),
        ("close", Some("Connection: close")),
        ("alive", Some("Connection: keep-alive")),
        ("cors", Some("Origin: http://friend.example")),
    ] {
        let mut connection = server.connect_raw().await;
        let mut all_headers: Vec<&str> = headers.iter().copied().chain(extra).collect();
        let length = format!("Content-Length: {}", body.len());
        if !body.is_empty() {
            all_headers.push(&length);
        }
        connection
            .request(&format!("{line}&client=ana&pane={pane}"), &all_headers)
            .await;
        connection.send(body).await;
        let response = match line.starts_with("HEAD") {
            true => connection.head().await,
            false => connection.response().await,
        };
        assert_eq!(response.status, status, "{line}: {}", response.text());
        assert_metered(&server, pane, &connection).await;
        let meter = &server.meters("ana").await[pane];
        assert_eq!(
            (&meter["requests"], &meter["responses"]),
            (&1.into(), &1.into())
        );
        server.wait_in_flight("ana", 0).await;
    }
}

#[tokio::test]
async fn poll_with_messages() {
    assert_exchange_metered("GET /poll?since=1", &["User-Agent: a test"], "", 200).await;
}

#[tokio::test]
async fn poll_without_messages() {
    assert_exchange_metered("GET /poll?since=now&x=%C3%A9+y", &[], "", 200).await;
}

#[tokio::test]
async fn poll_304() {
    assert_exchange_metered("GET /poll?since=1", &["If-None-Match: *"], "", 304).await;
}

#[tokio::test]
async fn head_request() {
    assert_exchange_metered("HEAD /poll?since=1", &[], "", 200).await;
}

#[tokio::test]
async fn poll_410() {
    assert_exchange_metered("GET /poll?since=9", &[], "", 410).await;
}

#[tokio::test]
async fn poll_400() {
    assert_exchange_metered("GET /poll?since=x", &[], "", 400).await;
}

#[tokio::test]
async fn invalid_delay() {
    assert_exchange_metered("GET /poll?up_ms=x", &[], "", 400).await;
}

#[tokio::test]
async fn method_not_allowed() {
    assert_exchange_metered("DELETE /poll?x=1", &[], "", 405).await;
}

#[tokio::test]
async fn fault_503() {
    assert_exchange_metered("GET /poll?fault=503", &[], "", 503).await;
}

#[tokio::test]
async fn long_poll() {
    assert_exchange_metered("GET /longpoll?since=2", &[], "", 200).await;
}

#[tokio::test]
async fn long_poll_without_messages() {
    assert_exchange_metered("GET /longpoll?since=3&wait_ms=1", &[], "", 200).await;
}

#[tokio::test]
async fn delayed_poll() {
    assert_exchange_metered("GET /poll?up_ms=5&down_ms=5&jitter_ms=5", &[], "", 200)
        .await;
}

#[tokio::test]
async fn invalid_handshake() {
    assert_exchange_metered("GET /ws?since=0", &[], "", 426).await;
    let old = [
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 12",
    ];
    assert_exchange_metered("GET /ws?since=0", &old, "", 426).await;
    assert_exchange_metered("GET /poll?since=0", &old, "", 200).await;
}

#[tokio::test]
async fn post_created() {
    assert_exchange_metered("POST /messages?x", &[JSON], r#"{"body":"hi"}"#, 201).await;
}

#[tokio::test]
async fn post_duplicate() {
    let body = r#"{"id":"id-1","body":"hi"}"#;
    assert_exchange_metered("POST /messages?x", &[JSON], body, 200).await;
}

#[tokio::test]
async fn post_rejected() {
    assert_exchange_metered("POST /messages?x", &[JSON], r#"{"id":1}"#, 400).await;
}

#[tokio::test]
async fn http_1_0() {
    let server = Server::start(&[]);
    for (pane, header) in [("close", ""), ("alive", "Connection: keep-alive\r\n")] {
        let mut connection = server.connect_raw().await;
        connection.send(format!(
            "GET /poll?client=ana&pane={pane} HTTP/1.0\r\nHost: localhost\r\n{header}\r\n"
        ))
        .await;
        assert_eq!(connection.response().await.status, 200);
        assert_metered(&server, pane, &connection).await;
    }
}

#[tokio::test]
async fn socket_frames_both_ways() {
    let server = Server::start(&[]);
    server.append_messages(2);
    for (pane, query) in [("plain", ""), ("delayed", "&up_ms=20&down_ms=20")] {
        let mut connection = server.connect_raw().await;
        let protocol = ["Sec-WebSocket-Protocol: trifold.v1"];
        let query = format!("?since=0&client=ana&pane={pane}{query}");
        assert_eq!(connection.upgrade(&query, &protocol).await.status, 101);
        connection.frame().await; // the batch of earlier messages
        assert_metered(&server, pane, &connection).await;

        let long = "x".repeat(300); // a frame with an extended length
        for text in [
            json!({ "type": "publish", "body": "hi" }).to_string(),
            json!({ "type": "publish", "body": long }).to_string(),
        ] {
            connection.send_text(&text).await;
            connection.frame().await; // published and batch, in any order
            connection.frame().await;
        }
        connection.send_text(r#"{"type":"ping","t":1}"#).await;
        connection.frame().await;
        connection.send_text("no JSON").await;
        connection.frame().await;
        connection.send(masked_frame(0x89, b"some data")).await;
        assert_eq!(connection.frame().await.0, 0x8a);
        append(&server.log, format!("to-{pane}"), "hi");
        connection.frame().await;
        assert_metered(&server, pane, &connection).await;
        let meter = &server.meters("ana").await[pane];
        assert_eq!(
            (&meter["requests"], &meter["in_flight"]),
            (&1.into(), &1.into())
        );

        connection
            .send(masked_frame(0x88, &1000_u16.to_be_bytes()))
            .await;
        assert_eq!(connection.close_code().await, 1000);
        assert_metered(&server, pane, &connection).await;
        server.wait_in_flight("ana", 0).await;
    }
}

#[tokio::test]
async fn socket_gap() {
    let server = Server::start(&[]);
    let mut connection = server.connect_raw().await;
    connection.upgrade("?since=9&client=ana", &[]).await;
    assert_eq!(connection.close_code().await, 4010);
    assert_metered(&server, "all", &connection).await;
}

#[tokio::test]
async fn panes_share_connection() {
    let server = Server::start(&[]);
    server.append_messages(1);
    let mut connection = server.connect_raw().await;
    let (mut first, mut second) = ((0, 0), (0, 0));
    for round in 0..5 {
        for (pane, bytes) in [("a", &mut first), ("b", &mut second)] {
            let (sent, received) = (connection.sent(), connection.received());
            connection
                .get(&format!("/poll?since={}&client=ana&pane={pane}", round % 2))
                .await;
            bytes.0 += connection.sent() - sent;
            bytes.1 += connection.received() - received;
        }
        connection.get("/poll").await; // without a client
        connection.get("/time?client=ana&pane=a").await; // not a transport
    }
    server.wait_metered("ana", "a", first.0, first.1).await;
    server.wait_metered("ana", "b", second.0, second.1).await;
    let panes = server.meters("ana").await;
    for pane in ["a", "b"] {
        let meter = &panes[pane];
        assert_eq!(
            (&meter["requests"], &meter["responses"]),
            (&5.into(), &5.into())
        );
        assert_eq!(meter["empty"], 2);
    }
    assert_eq!(panes.as_object().unwrap().len(), 2);
}

#[tokio::test]
async fn aborted_response_counts_nothing() {
    let server = Server::start(&[]);
    for fault in ["reset", "lost-reply"] {
        let url = format!("/poll?fault={fault}&client=ana&pane={fault}");
        let mut connection = server.connect_raw().await;
        connection.request(&format!("GET {url}"), &[]).await;
        assert_eq!(connection.read_to_end().await, b"");
        server
            .wait_metered("ana", fault, connection.sent(), 0)
            .await;
        assert_eq!(server.meters("ana").await[fault]["responses"], 0);
    }
    server.wait_in_flight("ana", 0).await;
}

#[tokio::test]
async fn in_flight_returns_to_zero() {
    let server = Server::start(&[]);
    let mut polls = Vec::new();
    let mut sockets = Vec::new();
    for _ in 0..3 {
        let mut poll = server.connect_raw().await;
        poll.request("GET /longpoll?client=ana&pane=poll", &[])
            .await;
        polls.push(poll);
        sockets.push(server.socket("?client=ana&pane=ws").await);
    }
    server.wait_in_flight("ana", 6).await;
    wait_until("all wait", || server.log.waiter_count() == 6).await;
    drop(polls);
    server.wait_in_flight("ana", 3).await;
    assert_eq!(server.meters("ana").await["ws"]["in_flight"], 3);
    drop(sockets);
    server.wait_in_flight("ana", 0).await;
}

#[tokio::test]
async fn reset_affects_only_its_client() {
    let server = Server::start(&[]);
    for client in ["ana", "ben"] {
        server
            .get(&format!("/poll?client={client}&pane=poll"))
            .await;
    }
    let mut channel = server.control_channel("ana").await;
    let counted = channel.next("meters").await;
    assert_eq!(counted["panes"]["poll"]["requests"], 1);
    assert_eq!(counted["generation"], 0);
    let reset = channel.command(json!({ "type": "reset" }), "reset").await;
    assert_eq!(reset, json!({ "type": "reset", "generation": 1 }));
    let zero = json!({ "type": "meters", "generation": 1, "panes": {} });
    assert_eq!(channel.next("meters").await, zero);
    assert_eq!(server.meters("ben").await["poll"]["requests"], 1);
    server.get("/poll?client=ana&pane=poll").await;
    assert_eq!(channel.next("meters").await["panes"]["poll"]["requests"], 1);
}

#[tokio::test]
async fn reset_resends_unchanged_meters() {
    let server = Server::start(&[]);
    let mut channel = server.control_channel("ana").await;
    let poll = async || server.get("/poll?client=ana&pane=poll").await;
    poll().await;
    while channel.next("meters").await["panes"]["poll"]["requests"] != 1 {}
    channel.command(json!({ "type": "reset" }), "reset").await;
    poll().await; // most likely before the meters are checked again
    while channel.next("meters").await["panes"]["poll"]["requests"] != 1 {}
}

#[tokio::test]
async fn least_recently_used_pane_is_replaced() {
    let server = Server::start(&[]);
    let poll = async |pane: usize| {
        let response = server.get(&format!("/poll?client=ana&pane={pane}")).await;
        assert_eq!(response.status, 200);
    };
    for pane in (0..MAX_PANES).chain([0, MAX_PANES]) {
        poll(pane).await;
    }
    let panes = server.meters("ana").await;
    assert_eq!(panes.as_object().unwrap().len(), MAX_PANES);
    assert_eq!(panes["0"]["requests"], 2);
    assert_eq!(panes["1"], Value::Null);
    assert_eq!(panes[MAX_PANES.to_string()]["requests"], 1);
}

#[tokio::test]
async fn excess_busy_pane_is_not_metered() {
    let server = Server::start(&[]);
    let mut sockets = Vec::new();
    for pane in 0..MAX_PANES {
        let query = format!("?client=ana&pane={pane}");
        sockets.push(server.socket(&query).await);
    }
    assert_eq!(server.get("/poll?client=ana&pane=new").await.status, 200);
    let panes = server.meters("ana").await;
    assert_eq!(panes.as_object().unwrap().len(), MAX_PANES);
    assert_eq!(panes["new"], Value::Null);
}
