//! The simulated network adds time and faults where it says, and changes nothing else.

use crate::common;

use std::time::{Duration, Instant};

use common::{RawConnection, Server, append, soon, until, versions};
use serde_json::json;

/// All four endpoints, as the first line of a request.
const ENDPOINTS: [&str; 4] = ["GET /poll", "GET /longpoll", "GET /ws", "POST /messages"];

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// Asks for what would be done at once on any endpoint, with these parameters.
async fn ask_anything(wire: &mut RawConnection, endpoint: &str, query: &str) {
    let body = r#"{"id":"a","body":1}"#;
    let length = format!("Content-Length: {}", body.len());
    let headers: &[&str] = match endpoint {
        "POST /messages" => &["Content-Type: application/json", &length],
        "GET /ws" => &[
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        ],
        _ => &[],
    };
    wire.request(&format!("{endpoint}?wait_ms=0&{query}"), headers)
        .await;
    if endpoint == "POST /messages" {
        wire.send(body).await;
    }
}

#[tokio::test]
async fn up_ms_waits_before_a_poll_is_handled() {
    let server = Server::start(&[]);
    let mut wire = server.wire().await;
    let asked = Instant::now();
    wire.request("GET /poll?up_ms=1000&client=ana", &[]).await;
    server.until_in_flight("ana", 1).await;
    append(&server.log, "a", "published during the wait");
    assert_eq!(versions(&wire.response().await.json()), [1]);
    assert!(asked.elapsed() >= ms(1000));
}

#[tokio::test]
async fn up_ms_waits_before_a_message_is_numbered() {
    let server = Server::start(&[]);
    let mut wire = server.wire().await;
    wire.publish("?up_ms=1000&client=ana", r#"{"body":"late"}"#)
        .await;
    server.until_in_flight("ana", 1).await;
    assert_eq!(server.say("first").await["version"], 1);
    wire.assert_silent();
    assert_eq!(wire.response().await.json()["version"], 2);
}

#[tokio::test]
async fn down_ms_waits_after_the_content_is_fixed_so_answers_overtake_each_other() {
    let server = Server::start(&[]);
    for endpoint in ["/poll", "/longpoll"] {
        let since = server.log.head();
        let url = format!("GET {endpoint}?wait_ms=0&since={since}");
        let (mut slow, mut fast) = (server.wire().await, server.wire().await);
        let asked = Instant::now();
        slow.request(&format!("{url}&down_ms=1000&client=ana"), &[])
            .await;
        server.until_in_flight("ana", 1).await;
        append(&server.log, endpoint, "published during the wait");
        fast.request(&url, &[]).await;
        assert_eq!(fast.response().await.json()["version"], since + 1);
        slow.assert_silent();
        let late = slow.response().await.json();
        assert!(asked.elapsed() >= ms(1000));
        assert_eq!(late["version"], since, "{endpoint}");
        assert_eq!(late["head"], since);
    }
}

#[tokio::test]
async fn down_ms_waits_after_a_message_is_numbered() {
    let server = Server::start(&[]);
    let mut wire = server.wire().await;
    let asked = Instant::now();
    wire.publish("?down_ms=1000", r#"{"body":"first"}"#).await;
    until("it is numbered", || server.log.head() == 1).await;
    assert_eq!(server.say("second").await["version"], 2);
    wire.assert_silent();
    assert_eq!(wire.response().await.json()["version"], 1);
    assert!(asked.elapsed() >= ms(1000));
}

#[tokio::test]
async fn frames_are_delayed_in_order_and_several_are_under_way() {
    let server = Server::start(&[]);
    let mut socket = server.socket("?since=now&limit=1&down_ms=200").await;
    let mut published = Vec::new();
    for number in 1..=50 {
        published.push(Instant::now());
        append(&server.log, format!("a-{number}"), "hi");
    }
    for (index, published) in published.iter().enumerate() {
        let batch = socket.next("batch").await;
        assert_eq!(versions(&batch), [index as u64 + 1]);
        assert!(published.elapsed() >= ms(200));
    }
    // One after another they would take 50 delays.
    assert!(published[0].elapsed() < ms(25 * 200));
}

#[tokio::test]
async fn jitter_never_reorders_frames() {
    let server = Server::start(&[]);
    let mut socket = server
        .socket("?since=now&limit=1&down_ms=50&jitter_ms=100&seed=7")
        .await;
    for number in 1..=50 {
        append(&server.log, format!("a-{number}"), "hi");
        tokio::task::yield_now().await;
    }
    for version in 1..=50 {
        assert_eq!(versions(&socket.next("batch").await), [version]);
    }
}

#[tokio::test]
async fn up_ms_delays_each_frame_that_comes_in() {
    let server = Server::start(&[]);
    let mut socket = server.socket("?up_ms=200").await;
    let said = Instant::now();
    for t in 0..20 {
        socket
            .send_text(json!({ "type": "ping", "t": t }).to_string())
            .await;
    }
    for t in 0..20 {
        assert_eq!(socket.next("pong").await["t"], t);
        assert!(said.elapsed() >= ms(200));
    }
    assert!(said.elapsed() < ms(10 * 200));
}

#[tokio::test]
async fn the_first_batches_on_connect_are_delayed_once() {
    let server = Server::start(&[]);
    server.fill(3);
    let asked = Instant::now();
    let mut socket = server.socket("?limit=1&down_ms=2000").await;
    let opened = Instant::now();
    for version in 1..=3 {
        assert_eq!(versions(&socket.next("batch").await), [version]);
    }
    assert!(asked.elapsed() >= ms(2000));
    assert!(opened.elapsed() < ms(1500), "{:?}", opened.elapsed());
}

#[tokio::test]
async fn a_delayed_socket_still_says_why_it_closes() {
    let server = Server::start(&[]);
    server.fill(1);
    let mut socket = server.socket("?since=9&down_ms=100").await;
    assert_eq!(socket.json().await["type"], "gap");
    assert_eq!(socket.closed().await, 4010);
    let mut socket = server.socket("?since=now&down_ms=100&up_ms=100").await;
    socket.stream.close(None).await.unwrap();
    assert_eq!(socket.closed().await, 1000);
}

#[tokio::test]
async fn fault_503_says_when_to_try_again_and_nothing_is_done() {
    let server = Server::start(&[]);
    for endpoint in ENDPOINTS {
        let mut wire = server.wire().await;
        ask_anything(&mut wire, endpoint, "fault=503").await;
        let answer = wire.response().await;
        answer.assert_problem(503, "simulated");
        assert_eq!(answer.header("retry-after"), Some("1"));
    }
    assert_eq!(server.log.head(), 0);
}

#[tokio::test]
async fn fault_reset_cuts_without_a_byte_and_nothing_is_done() {
    let server = Server::start(&[]);
    for endpoint in ENDPOINTS {
        let mut wire = server.wire().await;
        assert_eq!(wire.get("/poll").await.status, 200);
        ask_anything(&mut wire, endpoint, "fault=reset").await;
        assert_eq!(wire.read_to_end().await, b"", "{endpoint}");
    }
    assert_eq!(server.log.head(), 0);
}

#[tokio::test]
async fn fault_lost_reply_cuts_without_a_byte_after_it_is_done() {
    let server = Server::start(&[]);
    for endpoint in ENDPOINTS {
        let mut wire = server.wire().await;
        assert_eq!(wire.get("/poll").await.status, 200);
        ask_anything(&mut wire, endpoint, "fault=lost-reply").await;
        assert_eq!(wire.read_to_end().await, b"", "{endpoint}");
    }
    assert_eq!(server.log.head(), 1);
    let retry = server.post(r#"{"id":"a","body":1}"#).await;
    assert_eq!(retry.status, 200);
    let retry = retry.json();
    assert_eq!(
        (&retry["version"], &retry["duplicate"]),
        (&json!(1), &json!(true))
    );
    until("the lost socket is forgotten", || server.log.waiting() == 0).await;
}

#[tokio::test]
async fn fault_hang_answers_nothing_while_others_are_served() {
    let server = Server::start(&[]);
    let mut wires = Vec::new();
    for endpoint in ENDPOINTS {
        let mut wire = server.wire().await;
        ask_anything(&mut wire, endpoint, "fault=hang&client=ana").await;
        wires.push(wire);
    }
    server.until_in_flight("ana", 4).await;
    for number in 1..=20 {
        assert_eq!(server.say("hi").await["version"], number);
    }
    wires.iter().for_each(RawConnection::assert_silent);
    drop(wires);
    server.until_in_flight("ana", 0).await;
    assert_eq!(server.log.head(), 20);
}

#[tokio::test]
async fn a_parameter_that_is_wrong_is_named() {
    let server = Server::start(&[]);
    let long = format!("client={}", "x".repeat(65));
    for (query, named) in [
        ("up_ms=20001", "`up_ms`"),
        ("down_ms=20001", "`down_ms`"),
        ("jitter_ms=20001", "`jitter_ms`"),
        ("up_ms=-1", "`up_ms`"),
        ("down_ms=1.5", "`down_ms`"),
        ("jitter_ms=", "`jitter_ms`"),
        ("up_ms=1&up_ms=2", "`up_ms`"),
        ("seed=18446744073709551616", "`seed`"),
        ("fault=zz-marker-zz", "`fault`"),
        ("fault=", "`fault`"),
        ("fault=503&fault=hang", "`fault`"),
        ("client=", "`client`"),
        ("client=zz_marker_zz", "`client`"),
        (&long, "`client`"),
        ("client=ana&pane=", "`pane`"),
        ("client=ana&pane=12345678901234567", "`pane`"),
        ("pane=%C3%A9", "`pane`"),
    ] {
        for endpoint in ENDPOINTS {
            let mut wire = server.wire().await;
            ask_anything(&mut wire, endpoint, query).await;
            let answer = wire.response().await;
            answer.assert_problem(400, named);
            assert!(!answer.text().contains("marker"), "{query}");
        }
    }
    assert_eq!(server.log.head(), 0);
}

#[tokio::test]
async fn the_longest_delay_is_taken() {
    let server = Server::start(&[]);
    for query in ["up_ms=20000", "down_ms=20000"] {
        let mut wire = server.wire().await;
        wire.request(&format!("GET /poll?{query}&client=ana"), &[])
            .await;
        server.until_in_flight("ana", 1).await;
        wire.assert_silent();
        drop(wire);
        server.until_in_flight("ana", 0).await;
    }
}

#[tokio::test]
async fn a_client_that_leaves_during_a_delay_is_not_waited_for() {
    let server = Server::start(&[]);
    for query in ["up_ms=20000", "down_ms=20000&wait_ms=0", "down_ms=20000"] {
        let mut wire = server.wire().await;
        wire.request(&format!("GET /longpoll?since=now&{query}&client=ana"), &[])
            .await;
        server.until_in_flight("ana", 1).await;
        wire.assert_silent();
        drop(wire);
        server.until_in_flight("ana", 0).await;
        assert_eq!(server.log.waiting(), 0);
    }
    let url = "?since=now&down_ms=100&up_ms=100&client=ana";
    let mut socket = server.socket(url).await;
    until("the socket waits", || server.log.waiting() == 1).await;
    socket.send_text(r#"{"type":"ping","t":1}"#).await;
    append(&server.log, "a", "under way when it leaves");
    drop(socket);
    server.until_in_flight("ana", 0).await;
    until("nobody waits", || server.log.waiting() == 0).await;
}

#[tokio::test]
async fn with_no_lab_all_of_it_is_refused() {
    let server = Server::start(&["--no-lab"]);
    for query in [
        "up_ms=1",
        "down_ms=0",
        "jitter_ms=1",
        "seed=1",
        "fault=503",
        "fault=",
        "client=ana",
        "pane=poll",
    ] {
        let name = query.split('=').next().unwrap();
        for endpoint in ENDPOINTS {
            let mut wire = server.wire().await;
            ask_anything(&mut wire, endpoint, query).await;
            let answer = wire.response().await;
            answer.assert_problem(400, &format!("`{name}`"));
        }
    }
    assert_eq!(server.log.head(), 0);
    for path in ["/lab", "/lab?client=ana"] {
        server.get(path).await.assert_problem(404, "lab");
    }
    for endpoint in ENDPOINTS {
        let mut wire = server.wire().await;
        ask_anything(&mut wire, endpoint, "").await;
        let status = soon(wire.response()).await.status;
        assert!(matches!(status, 200 | 201 | 101), "{endpoint} {status}");
    }
}
