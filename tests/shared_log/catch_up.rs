//! A reader that another server has sent more than this one has waits until this one has it, too.

use super::common;

use std::time::Duration;

use common::{Redis, Server, TcpProxy, with_timeout};

/// The delay of everything that passes between a server and Redis.
const DELAY: Duration = Duration::from_millis(100);

async fn slow_server(redis: &Redis) -> (TcpProxy, Server) {
    let proxy = TcpProxy::start(redis.address).await;
    let server = Server::start(&[&proxy.flag()]);
    (proxy, server)
}

#[tokio::test(flavor = "multi_thread")]
async fn reader_is_not_sent_back() {
    let Some(redis) = Redis::start(&[]) else {
        return;
    };
    let fast = Server::start(&[&redis.flag()]);
    let (proxy, slow) = slow_server(&redis).await;
    proxy.delay(DELAY);
    let mut was_behind = [false; 2];
    for number in 1.. {
        let published = fast.publish("hi").await["version"].as_u64();
        let is_behind = Some(slow.log.head()) < published;
        let query = format!("?since={number}&epoch={}&wait_ms=0", fast.log.epoch());
        let path = ["/poll", "/longpoll"][number % 2];
        let response = slow.get(&format!("{path}{query}")).await;
        assert_eq!(response.status, 200, "{response:?}");
        assert_eq!(response.json()["version"], number);
        was_behind[number % 2] |= is_behind;
        if was_behind == [true; 2] {
            break;
        }
    }
    let last = fast.publish("the last").await;
    let since = last["version"].as_u64().expect("a version") - 1;
    let query = format!("?since={since}&epoch={}", fast.log.epoch());
    assert!(slow.socket(&query).await.text().await.contains("the last"));
}

#[tokio::test(flavor = "multi_thread")]
async fn reader_of_new_epoch_is_not_sent_back() {
    let Some(redis) = Redis::start(&[]) else {
        return;
    };
    let fast = Server::start(&[&redis.flag()]);
    let (proxy, slow) = slow_server(&redis).await;
    proxy.delay(DELAY);
    let mut was_behind = false;
    while !was_behind {
        redis.command::<()>("FLUSHALL");
        let published = fast.publish("new").await;
        let epoch = published["epoch"].as_str().expect("an epoch");
        was_behind = *slow.log.epoch() != *epoch;
        let response = slow.get(&format!("/poll?since=0&epoch={epoch}")).await;
        assert_eq!(response.status, 200, "{response:?}");
        assert_eq!(response.json()["messages"][0]["body"], "new");
    }
}

#[tokio::test]
async fn cursor_that_no_server_has_reached_is_a_gap() {
    let Some(redis) = Redis::start(&[]) else {
        return;
    };
    let server = Server::start(&[&redis.flag()]);
    server.publish("hi").await;
    let gap = server.get("/poll?since=2").await;
    assert_eq!(gap.status, 410);
    assert_eq!(gap.json()["reason"], "ahead");
}

#[tokio::test(flavor = "multi_thread")]
async fn cursor_is_rejected_for_the_moment_without_redis() {
    let Some(redis) = Redis::start(&[]) else {
        return;
    };
    let server = Server::start(&[&redis.flag()]);
    redis.signal("STOP");
    for path in ["/poll?since=7", "/longpoll?since=7"] {
        let rejected = with_timeout(server.get(path)).await;
        rejected.assert_problem(503, "does not have all messages up to this cursor yet");
        assert_eq!(rejected.header("retry-after"), Some("1"));
    }
    redis.signal("CONT");
}

/// A message is acknowledged when this server's readers can get it.
#[tokio::test(flavor = "multi_thread")]
async fn publisher_reads_its_own_message() {
    let Some(redis) = Redis::start(&[]) else {
        return;
    };
    let (proxy, slow) = slow_server(&redis).await;
    proxy.delay(Duration::from_millis(50));
    for number in 1..=3 {
        let published = slow.publish("hi").await;
        assert_eq!(published["version"], number);
        let read = slow
            .get(&format!("/poll?since={}", number - 1))
            .await
            .json();
        assert_eq!(read["version"], number);
    }
}

/// A server that was away for so long that the next message is evicted continues with the oldest.
#[tokio::test]
async fn server_that_missed_evicted_messages_continues() {
    let Some(redis) = Redis::start(&[]) else {
        return;
    };
    let flags = [&*redis.flag(), "--retain-messages=5"];
    let away = common::Program::start(&flags);
    assert_eq!(away.post(r#"{"body":0}"#).await.status, 201);
    let mut socket = common::WebSocketClient::connect(away.address, "").await;
    assert!(socket.text().await.contains(r#""version":1"#));
    away.signal("STOP");
    let server = Server::start(&flags);
    for _ in 0..20 {
        server.publish("hi").await;
    }
    away.signal("CONT");
    let mut gap = socket.json().await;
    while gap["type"] == "batch" {
        gap = socket.json().await; // what Redis had sent before the server was stopped
    }
    assert_eq!(
        (&gap["type"], &gap["reason"]),
        (&"gap".into(), &"truncated".into())
    );
    assert_eq!(gap["oldest"], server.log.oldest());
    let log = away.get("/poll?since=16").await.json();
    assert_eq!(common::versions(&log), [17, 18, 19, 20, 21]);
}

/// A page of messages has to arrive before the response times out, also if they are large.
#[tokio::test(flavor = "multi_thread")]
async fn large_messages_pass_slow_link() {
    let Some(redis) = Redis::start(&[]) else {
        return;
    };
    let fast = Server::start(&[&redis.flag()]);
    let text = "x".repeat(60_000);
    for number in 0..100 {
        let message = common::test_message(format!("id-{number}"), &text);
        fast.writer.publish(message).await.expect("it is published");
    }
    let proxy = TcpProxy::start(redis.address).await;
    proxy.delay(Duration::from_millis(20)); // for each 64 KiB: 3 MB per second
    let slow = Server::start(&[&proxy.flag()]);
    assert_eq!(slow.log.head(), 100);
}
