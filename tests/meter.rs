//! The meters read what passed the wire, to the byte, headers and frames included.

use crate::common;

use common::{RawConnection, Server, append, masked_frame, until};
use serde_json::json;
use trifold::lab::room::{MEMBERS_MAX, PANES_MAX, Room};

const JSON: &str = "Content-Type: application/json";

/// Asserts that the pane's meter comes to read what this connection sent and received.
async fn assert_equal(server: &Server, pane: &str, wire: &RawConnection) {
    server
        .until_metered("ana", pane, wire.sent(), wire.received())
        .await;
}

/// Asserts that this exchange is metered as it was on the wire.
async fn assert_exact(line: &str, headers: &[&str], body: &str, status: u16) {
    let server = Server::start(&["--allow-origin=http://friend.example"]);
    server.fill(3);
    for (pane, extra) in [
        ("plain", None),
        ("close", Some("Connection: close")),
        ("alive", Some("Connection: keep-alive")),
        ("cors", Some("Origin: http://friend.example")),
    ] {
        let mut wire = server.wire().await;
        let mut all: Vec<&str> = headers.iter().copied().chain(extra).collect();
        let length = format!("Content-Length: {}", body.len());
        if !body.is_empty() {
            all.push(&length);
        }
        wire.request(&format!("{line}&client=ana&pane={pane}"), &all)
            .await;
        wire.send(body).await;
        let answer = match line.starts_with("HEAD") {
            true => wire.head().await,
            false => wire.response().await,
        };
        assert_eq!(answer.status, status, "{line}: {}", answer.text());
        assert_equal(&server, pane, &wire).await;
        let read = &server.meters("ana").await[pane];
        assert_eq!(
            (&read["requests"], &read["responses"]),
            (&1.into(), &1.into())
        );
        server.until_in_flight("ana", 0).await;
    }
}

#[tokio::test]
async fn a_poll_with_news() {
    assert_exact("GET /poll?since=1", &["User-Agent: a test"], "", 200).await;
}

#[tokio::test]
async fn a_poll_without_news() {
    assert_exact("GET /poll?since=now&x=%C3%A9+y", &[], "", 200).await;
}

#[tokio::test]
async fn a_poll_whose_answer_is_known() {
    assert_exact("GET /poll?since=1", &["If-None-Match: *"], "", 304).await;
}

#[tokio::test]
async fn a_head() {
    assert_exact("HEAD /poll?since=1", &[], "", 200).await;
}

#[tokio::test]
async fn a_cursor_that_does_not_fit() {
    assert_exact("GET /poll?since=9", &[], "", 410).await;
}

#[tokio::test]
async fn a_cursor_that_does_not_parse() {
    assert_exact("GET /poll?since=x", &[], "", 400).await;
}

#[tokio::test]
async fn a_delay_that_does_not_parse() {
    assert_exact("GET /poll?up_ms=x", &[], "", 400).await;
}

#[tokio::test]
async fn a_method_that_is_not_allowed() {
    assert_exact("DELETE /poll?x=1", &[], "", 405).await;
}

#[tokio::test]
async fn a_fault_that_is_answered() {
    assert_exact("GET /poll?fault=503", &[], "", 503).await;
}

#[tokio::test]
async fn a_long_poll() {
    assert_exact("GET /longpoll?since=2", &[], "", 200).await;
}

#[tokio::test]
async fn a_long_poll_without_news() {
    assert_exact("GET /longpoll?since=3&wait_ms=1", &[], "", 200).await;
}

#[tokio::test]
async fn a_delayed_poll() {
    assert_exact("GET /poll?up_ms=5&down_ms=5&jitter_ms=5", &[], "", 200).await;
}

#[tokio::test]
async fn a_handshake_that_is_none() {
    assert_exact("GET /ws?since=0", &[], "", 426).await;
}

#[tokio::test]
async fn a_message_that_is_new() {
    assert_exact("POST /messages?x", &[JSON], r#"{"body":"hi"}"#, 201).await;
}

#[tokio::test]
async fn a_message_that_is_known() {
    let body = r#"{"id":"id-1","body":"hi"}"#;
    assert_exact("POST /messages?x", &[JSON], body, 200).await;
}

#[tokio::test]
async fn a_message_that_is_refused() {
    assert_exact("POST /messages?x", &[JSON], r#"{"id":1}"#, 400).await;
}

#[tokio::test]
async fn an_answer_over_http_1_0() {
    let server = Server::start(&[]);
    for (pane, header) in [("close", ""), ("alive", "Connection: keep-alive\r\n")] {
        let mut wire = server.wire().await;
        wire.send(format!(
            "GET /poll?client=ana&pane={pane} HTTP/1.0\r\nHost: localhost\r\n{header}\r\n"
        ))
        .await;
        assert_eq!(wire.response().await.status, 200);
        assert_equal(&server, pane, &wire).await;
    }
}

#[tokio::test]
async fn a_socket_with_frames_both_ways() {
    let server = Server::start(&[]);
    server.fill(2);
    for (pane, query) in [("plain", ""), ("delayed", "&up_ms=20&down_ms=20")] {
        let mut wire = server.wire().await;
        let protocol = ["Sec-WebSocket-Protocol: trifold.v1"];
        let query = format!("?since=0&client=ana&pane={pane}{query}");
        assert_eq!(wire.upgrade(&query, &protocol).await.status, 101);
        wire.frame().await; // the batch of what was there
        assert_equal(&server, pane, &wire).await;

        let long = "x".repeat(300); // a frame with two bytes more of length
        for text in [
            json!({ "type": "publish", "body": "hi" }).to_string(),
            json!({ "type": "publish", "body": long }).to_string(),
        ] {
            wire.send_text(&text).await;
            wire.frame().await; // published and batch, in whatever order
            wire.frame().await;
        }
        wire.send_text(r#"{"type":"ping","t":1}"#).await;
        wire.frame().await;
        wire.send_text("no JSON").await;
        wire.frame().await;
        wire.send(masked_frame(0x89, b"are you there")).await;
        assert_eq!(wire.frame().await.0, 0x8a);
        append(&server.log, format!("to-{pane}"), "hi");
        wire.frame().await;
        assert_equal(&server, pane, &wire).await;
        let read = &server.meters("ana").await[pane];
        assert_eq!(
            (&read["requests"], &read["in_flight"]),
            (&1.into(), &1.into())
        );

        wire.send(masked_frame(0x88, &1000_u16.to_be_bytes())).await;
        assert_eq!(wire.close_code().await, 1000);
        assert_equal(&server, pane, &wire).await;
        server.until_in_flight("ana", 0).await;
    }
}

#[tokio::test]
async fn a_socket_with_a_gap() {
    let server = Server::start(&[]);
    let mut wire = server.wire().await;
    wire.upgrade("?since=9&client=ana", &[]).await;
    assert_eq!(wire.close_code().await, 4010);
    assert_equal(&server, "all", &wire).await;
}

#[tokio::test]
async fn requests_of_several_panes_on_one_connection() {
    let server = Server::start(&[]);
    server.fill(1);
    let mut wire = server.wire().await;
    let (mut first, mut second) = ((0, 0), (0, 0));
    for round in 0..5 {
        for (pane, read) in [("a", &mut first), ("b", &mut second)] {
            let (sent, received) = (wire.sent(), wire.received());
            wire.get(&format!("/poll?since={}&client=ana&pane={pane}", round % 2))
                .await;
            read.0 += wire.sent() - sent;
            read.1 += wire.received() - received;
        }
        wire.get("/poll").await; // of nobody
        wire.get("/time?client=ana&pane=a").await; // no transport
    }
    server.until_metered("ana", "a", first.0, first.1).await;
    server.until_metered("ana", "b", second.0, second.1).await;
    let panes = server.meters("ana").await;
    for pane in ["a", "b"] {
        let read = &panes[pane];
        assert_eq!(
            (&read["requests"], &read["responses"]),
            (&5.into(), &5.into())
        );
        assert_eq!(read["empty"], 2);
    }
    assert_eq!(panes.as_object().unwrap().len(), 2);
}

#[tokio::test]
async fn answers_that_were_cut_count_nothing_down() {
    let server = Server::start(&[]);
    for fault in ["reset", "lost-reply"] {
        let url = format!("/poll?fault={fault}&client=ana&pane={fault}");
        let mut wire = server.wire().await;
        wire.request(&format!("GET {url}"), &[]).await;
        assert_eq!(wire.read_to_end().await, b"");
        server.until_metered("ana", fault, wire.sent(), 0).await;
        assert_eq!(server.meters("ana").await[fault]["responses"], 0);
    }
    server.until_in_flight("ana", 0).await;
}

#[tokio::test]
async fn in_flight_is_back_at_zero_when_clients_leave() {
    let server = Server::start(&[]);
    let mut polls = Vec::new();
    let mut sockets = Vec::new();
    for _ in 0..3 {
        let mut poll = server.wire().await;
        poll.request("GET /longpoll?client=ana&pane=poll", &[])
            .await;
        polls.push(poll);
        sockets.push(server.socket("?client=ana&pane=ws").await);
    }
    server.until_in_flight("ana", 6).await;
    until("all wait", || server.log.waiting() == 6).await;
    drop(polls);
    server.until_in_flight("ana", 3).await;
    assert_eq!(server.meters("ana").await["ws"]["in_flight"], 3);
    drop(sockets);
    server.until_in_flight("ana", 0).await;
}

#[tokio::test]
async fn a_reset_zeroes_the_meters_of_its_own_client() {
    let server = Server::start(&[]);
    for client in ["ana", "ben"] {
        server
            .get(&format!("/poll?client={client}&pane=poll"))
            .await;
    }
    let mut lab = server.lab("ana").await;
    let counted = lab.next("meters").await;
    assert_eq!(counted["panes"]["poll"]["requests"], 1);
    assert_eq!(counted["generation"], 0);
    let reset = lab.ask(json!({ "type": "reset" }), "reset").await;
    assert_eq!(reset, json!({ "type": "reset", "generation": 1 }));
    let zero = json!({ "type": "meters", "generation": 1, "panes": {} });
    assert_eq!(lab.next("meters").await, zero);
    assert_eq!(server.meters("ben").await["poll"]["requests"], 1);
    server.get("/poll?client=ana&pane=poll").await;
    assert_eq!(lab.next("meters").await["panes"]["poll"]["requests"], 1);
}

#[tokio::test]
async fn what_is_counted_after_a_reset_is_told_also_where_it_equals_what_was_told_before()
{
    let server = Server::start(&[]);
    let mut lab = server.lab("ana").await;
    let once = async || server.get("/poll?client=ana&pane=poll").await;
    once().await;
    while lab.next("meters").await["panes"]["poll"]["requests"] != 1 {}
    lab.ask(json!({ "type": "reset" }), "reset").await;
    once().await; // before the meters are read again, most likely
    while lab.next("meters").await["panes"]["poll"]["requests"] != 1 {}
}

#[tokio::test]
async fn a_pane_too_many_is_served_and_not_counted() {
    let server = Server::start(&[]);
    for pane in 0..=PANES_MAX {
        let answer = server.get(&format!("/poll?client=ana&pane={pane}")).await;
        assert_eq!(answer.status, 200);
    }
    let panes = server.meters("ana").await;
    assert_eq!(panes.as_object().unwrap().len(), PANES_MAX);
    assert_eq!(panes[PANES_MAX.to_string()], json!(null));
}

#[test]
fn members_are_bounded_and_the_one_seen_longest_ago_goes() {
    let room = Room::default();
    let count = |name: &str| room.member(name).unwrap().read().panes.len();
    for number in 0..MEMBERS_MAX {
        let member = room.member(&number.to_string()).unwrap();
        assert!(member.meter("all").is_some());
    }
    assert_eq!(count("0"), 1); // seen just now
    assert_eq!(count("new"), 0); // takes the place of 1
    assert_eq!(count("0"), 1);
    assert_eq!(count("2"), 1);
    assert_eq!(count("1"), 0);
}

#[test]
fn members_that_are_here_are_not_forgotten() {
    let room = Room::default();
    let name = |number: usize| number.to_string();
    let here: Vec<_> = (0..MEMBERS_MAX).map(|n| room.member(&name(n))).collect();
    assert!(here.iter().all(Option::is_some));
    assert!(room.member("new").is_none());
    assert!(room.member("0").is_some());
    drop(here);
    assert!(room.member("new").is_some());
}
