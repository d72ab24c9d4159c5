//! The simulated network adds the requested delays and faults, and nothing else.

use crate::common;

use std::time::{Duration, Instant};

use common::{RawConnection, Server, append, versions, wait_until, with_timeout};
use serde_json::json;

/// All four endpoints, as the beginning of a request line.
const ENDPOINTS: [&str; 4] = ["GET /poll", "GET /longpoll", "GET /ws", "POST /messages"];

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// Sends a request that any endpoint would handle at once, with these parameters.
async fn send_request(connection: &mut RawConnection, endpoint: &str, query: &str) {
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
    connection
        .request(&format!("{endpoint}?wait_ms=0&{query}"), headers)
        .await;
    if endpoint == "POST /messages" {
        connection.send(body).await;
    }
}

#[tokio::test]
async fn up_ms_delays_request() {
    let server = Server::start(&[]);
    let mut connection = server.connect_raw().await;
    let requested_at = Instant::now();
    connection
        .request("GET /poll?up_ms=1000&client=ana", &[])
        .await;
    server.wait_in_flight("ana", 1).await;
    append(&server.log, "a", "published during the wait");
    assert_eq!(versions(&connection.response().await.json()), [1]);
    assert!(requested_at.elapsed() >= ms(1000));
}

#[tokio::test]
async fn up_ms_delays_publish() {
    let server = Server::start(&[]);
    let mut connection = server.connect_raw().await;
    connection
        .publish("?up_ms=1000&client=ana", r#"{"body":"late"}"#)
        .await;
    server.wait_in_flight("ana", 1).await;
    assert_eq!(server.publish("first").await["version"], 1);
    connection.assert_silent();
    assert_eq!(connection.response().await.json()["version"], 2);
}

#[tokio::test]
async fn down_ms_can_reorder_responses() {
    let server = Server::start(&[]);
    for endpoint in ["/poll", "/longpoll"] {
        let since = server.log.head();
        let url = format!("GET {endpoint}?wait_ms=0&since={since}");
        let (mut slow, mut fast) =
            (server.connect_raw().await, server.connect_raw().await);
        let requested_at = Instant::now();
        slow.request(&format!("{url}&down_ms=1000&client=ana"), &[])
            .await;
        server.wait_in_flight("ana", 1).await;
        append(&server.log, endpoint, "published during the wait");
        fast.request(&url, &[]).await;
        assert_eq!(fast.response().await.json()["version"], since + 1);
        slow.assert_silent();
        let late = slow.response().await.json();
        assert!(requested_at.elapsed() >= ms(1000));
        assert_eq!(late["version"], since, "{endpoint}");
        assert_eq!(late["head"], since);
    }
}

#[tokio::test]
async fn down_ms_delays_publish_ack() {
    let server = Server::start(&[]);
    let mut connection = server.connect_raw().await;
    let requested_at = Instant::now();
    connection
        .publish("?down_ms=1000", r#"{"body":"first"}"#)
        .await;
    wait_until("the message has a version", || server.log.head() == 1).await;
    assert_eq!(server.publish("second").await["version"], 2);
    connection.assert_silent();
    assert_eq!(connection.response().await.json()["version"], 1);
    assert!(requested_at.elapsed() >= ms(1000));
}

#[tokio::test]
async fn frames_are_delayed_concurrently() {
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
    // Sequential delays would take 50 times as long.
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

/// A retransmission takes at least this long, without any other delay.
const RETRANSMISSION: Duration = ms(200);

#[tokio::test]
async fn lost_frames_arrive_later_and_in_order() {
    let server = Server::start(&[]);
    let url = "?since=now&limit=1&loss=20&seed=3";
    let mut socket = server.socket(url).await;
    let published_at = Instant::now();
    for number in 1..=50 {
        append(&server.log, format!("a-{number}"), "hi");
        tokio::task::yield_now().await;
    }
    for version in 1..=50 {
        assert_eq!(versions(&socket.next("batch").await), [version]);
    }
    // All 50 arrive in time with one in 70 000 seeds.
    assert!(published_at.elapsed() >= RETRANSMISSION);
}

/// How long polls take with these seeds, at the same time.
async fn lossy_polls(server: &Server, seeds: u32) -> Vec<(Duration, u32)> {
    let polls = (0..seeds).map(async |seed| {
        let mut connection = server.connect_raw().await;
        let requested_at = Instant::now();
        let request = format!("GET /poll?loss=25&seed={seed}");
        connection.request(&request, &[]).await;
        assert_eq!(connection.response().await.status, 200);
        (requested_at.elapsed(), seed)
    });
    futures_util::future::join_all(polls).await
}

#[tokio::test]
async fn loss_delays_one_response_and_no_other() {
    let server = Server::start(&[]);
    let polls = lossy_polls(&server, 24).await;
    let late = polls.iter().filter(|(took, _)| *took >= RETRANSMISSION);
    // Four in nine lose the request, the response or both.
    assert!(late.count() >= 4, "{polls:?}");
    let (slowest, fastest) = (polls.iter().max().unwrap(), polls.iter().min().unwrap());

    // The same seeds have the same losses, and the second request overtakes the first.
    let (mut slow, mut fast) = (server.connect_raw().await, server.connect_raw().await);
    let requested_at = Instant::now();
    let poll = |seed| format!("GET /poll?loss=25&client=ana&seed={seed}");
    slow.request(&poll(slowest.1), &[]).await;
    server.wait_in_flight("ana", 1).await;
    fast.request(&poll(fastest.1), &[]).await;
    assert_eq!(fast.response().await.status, 200);
    slow.assert_silent();
    assert_eq!(slow.response().await.status, 200);
    assert!(requested_at.elapsed() >= RETRANSMISSION);
}

#[tokio::test]
async fn up_ms_delays_incoming_frames() {
    let server = Server::start(&[]);
    let mut socket = server.socket("?up_ms=200").await;
    let sent_at = Instant::now();
    for t in 0..20 {
        socket
            .send_text(json!({ "type": "ping", "t": t }).to_string())
            .await;
    }
    for t in 0..20 {
        assert_eq!(socket.next("pong").await["t"], t);
        assert!(sent_at.elapsed() >= ms(200));
    }
    assert!(sent_at.elapsed() < ms(10 * 200));
}

#[tokio::test]
async fn initial_batches_are_delayed_once() {
    let server = Server::start(&[]);
    server.append_messages(3);
    let requested_at = Instant::now();
    let mut socket = server.socket("?limit=1&down_ms=2000").await;
    let opened = Instant::now();
    for version in 1..=3 {
        assert_eq!(versions(&socket.next("batch").await), [version]);
    }
    assert!(requested_at.elapsed() >= ms(2000));
    assert!(opened.elapsed() < ms(1500), "{:?}", opened.elapsed());
}

#[tokio::test]
async fn delayed_socket_sends_close_code() {
    let server = Server::start(&[]);
    server.append_messages(1);
    let mut socket = server.socket("?since=9&down_ms=100").await;
    assert_eq!(socket.json().await["type"], "gap");
    assert_eq!(socket.close_code().await, 4010);
    let mut socket = server.socket("?since=now&down_ms=100&up_ms=100").await;
    socket.stream.close(None).await.unwrap();
    assert_eq!(socket.close_code().await, 1000);
}

#[tokio::test]
async fn fault_503_has_retry_after() {
    let server = Server::start(&[]);
    for endpoint in ENDPOINTS {
        let mut connection = server.connect_raw().await;
        send_request(&mut connection, endpoint, "fault=503").await;
        let response = connection.response().await;
        response.assert_problem(503, "simulated");
        assert_eq!(response.header("retry-after"), Some("1"));
    }
    assert_eq!(server.log.head(), 0);
}

#[tokio::test]
async fn fault_reset_skips_request() {
    let server = Server::start(&[]);
    for endpoint in ENDPOINTS {
        let mut connection = server.connect_raw().await;
        assert_eq!(connection.get("/poll").await.status, 200);
        send_request(&mut connection, endpoint, "fault=reset").await;
        assert_eq!(connection.read_to_end().await, b"", "{endpoint}");
    }
    assert_eq!(server.log.head(), 0);
}

#[tokio::test]
async fn fault_lost_reply_handles_request() {
    let server = Server::start(&[]);
    for endpoint in ENDPOINTS {
        let mut connection = server.connect_raw().await;
        assert_eq!(connection.get("/poll").await.status, 200);
        send_request(&mut connection, endpoint, "fault=lost-reply").await;
        assert_eq!(connection.read_to_end().await, b"", "{endpoint}");
    }
    assert_eq!(server.log.head(), 1);
    let retry = server.post(r#"{"id":"a","body":1}"#).await;
    assert_eq!(retry.status, 200);
    let retry = retry.json();
    assert_eq!(
        (&retry["version"], &retry["duplicate"]),
        (&json!(1), &json!(true))
    );
    wait_until("the aborted socket does not wait", || {
        server.log.waiter_count() == 0
    })
    .await;
}

#[tokio::test]
async fn fault_hang_affects_one_request() {
    let server = Server::start(&[]);
    let mut connections = Vec::new();
    for endpoint in ENDPOINTS {
        let mut connection = server.connect_raw().await;
        send_request(&mut connection, endpoint, "fault=hang&client=ana").await;
        connections.push(connection);
    }
    server.wait_in_flight("ana", 4).await;
    for number in 1..=20 {
        assert_eq!(server.publish("hi").await["version"], number);
    }
    connections.iter().for_each(RawConnection::assert_silent);
    drop(connections);
    server.wait_in_flight("ana", 0).await;
    assert_eq!(server.log.head(), 20);
}

#[tokio::test]
async fn invalid_network_parameter_is_400() {
    let server = Server::start(&[]);
    let long = format!("client={}", "x".repeat(65));
    for (query, expected) in [
        ("up_ms=20001", "`up_ms`"),
        ("down_ms=20001", "`down_ms`"),
        ("jitter_ms=20001", "`jitter_ms`"),
        ("up_ms=-1", "`up_ms`"),
        ("down_ms=1.5", "`down_ms`"),
        ("jitter_ms=", "`jitter_ms`"),
        ("up_ms=1&up_ms=2", "`up_ms`"),
        ("seed=18446744073709551616", "`seed`"),
        ("loss=", "`loss`"),
        ("loss=50.1", "`loss`"),
        ("loss=0.25", "`loss`"),
        ("loss=-1", "`loss`"),
        ("loss=zz-marker-zz", "`loss`"),
        ("loss=1&loss=1", "`loss`"),
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
            let mut connection = server.connect_raw().await;
            send_request(&mut connection, endpoint, query).await;
            let response = connection.response().await;
            response.assert_problem(400, expected);
            assert!(!response.text().contains("marker"), "{query}");
        }
    }
    assert_eq!(server.log.head(), 0);
}

#[tokio::test]
async fn longest_delay_is_accepted() {
    let server = Server::start(&[]);
    for query in ["up_ms=20000", "down_ms=20000"] {
        let mut connection = server.connect_raw().await;
        connection
            .request(&format!("GET /poll?{query}&client=ana"), &[])
            .await;
        server.wait_in_flight("ana", 1).await;
        connection.assert_silent();
        drop(connection);
        server.wait_in_flight("ana", 0).await;
    }
}

#[tokio::test]
async fn disconnect_cancels_delay() {
    let server = Server::start(&[]);
    for query in ["up_ms=20000", "down_ms=20000&wait_ms=0", "down_ms=20000"] {
        let mut connection = server.connect_raw().await;
        connection
            .request(&format!("GET /longpoll?since=now&{query}&client=ana"), &[])
            .await;
        server.wait_in_flight("ana", 1).await;
        connection.assert_silent();
        drop(connection);
        server.wait_in_flight("ana", 0).await;
        assert_eq!(server.log.waiter_count(), 0);
    }
    let url = "?since=now&down_ms=100&up_ms=100&client=ana";
    let mut socket = server.socket(url).await;
    wait_until("the socket waits", || server.log.waiter_count() == 1).await;
    socket.send_text(r#"{"type":"ping","t":1}"#).await;
    append(&server.log, "a", "in flight at the disconnect");
    drop(socket);
    server.wait_in_flight("ana", 0).await;
    wait_until("no reader waits", || server.log.waiter_count() == 0).await;
}

#[tokio::test]
async fn no_lab_rejects_parameters() {
    let server = Server::start(&["--no-lab"]);
    for query in [
        "up_ms=1",
        "down_ms=0",
        "jitter_ms=1",
        "loss=0",
        "seed=1",
        "fault=503",
        "fault=",
        "client=ana",
        "pane=poll",
    ] {
        let name = query.split('=').next().unwrap();
        for endpoint in ENDPOINTS {
            let mut connection = server.connect_raw().await;
            send_request(&mut connection, endpoint, query).await;
            let response = connection.response().await;
            response.assert_problem(400, &format!("`{name}`"));
        }
    }
    assert_eq!(server.log.head(), 0);
    for path in ["/lab", "/lab?client=ana"] {
        server.get(path).await.assert_problem(404, "lab");
    }
    for endpoint in ENDPOINTS {
        let mut connection = server.connect_raw().await;
        send_request(&mut connection, endpoint, "").await;
        let status = with_timeout(connection.response()).await.status;
        assert!(matches!(status, 200 | 201 | 101), "{endpoint} {status}");
    }
}
