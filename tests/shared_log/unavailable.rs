//! Without Redis, reading continues and publishing is rejected; when it is back, so is publishing.

use super::common;

use std::time::{Duration, Instant};

use common::{Redis, Server, test_message, wait_until};
use futures_util::future::join_all;

/// When a publisher has an answer although Redis does not answer: 2 s, and time for a busy machine.
const REJECTED_AFTER: Duration = Duration::from_secs(5);

/// Returns the status in `/health`.
async fn health(server: &Server) -> String {
    let health = server.get("/health").await;
    assert_eq!(health.status, 200);
    health.json()["status"]
        .as_str()
        .expect("a status")
        .to_owned()
}

#[tokio::test]
async fn reading_continues_without_redis() {
    let Some(mut redis) = Redis::start(common::DURABLE) else {
        return;
    };
    let server = Server::start(&[&redis.flag()]);
    server.publish("before").await;
    let mut socket = server.socket("").await;
    assert!(socket.text().await.contains("before"));
    assert_eq!(health(&server).await, "ok");
    assert_eq!(server.metric("trifold_journal_failing").await, 0.0);

    redis.kill();
    wait_until("the loss is noticed", || server.writer.is_failing()).await;
    assert_eq!(health(&server).await, "read-only");
    assert_eq!(server.metric("trifold_journal_failing").await, 1.0);
    assert_eq!(
        server.metric("trifold_journal_disconnects_total").await,
        1.0
    );
    let first = server.post(r#"{"id":"during","body":"during"}"#).await;
    assert_eq!(first.status, 503, "{first:?}"); // it was on its way when the connection ended
    let rejected = server.post(r#"{"id":"during","body":"during"}"#).await;
    rejected.assert_problem(503, "it is not published");
    assert_eq!(rejected.header("retry-after"), Some("1"));
    assert!(server.get("/poll").await.text().contains("before"));
    assert!(server.get("/longpoll").await.text().contains("before"));
    let mut late = server.socket("").await;
    assert!(late.text().await.contains("before"));

    redis.restart();
    wait_until("Redis is used again", || !server.writer.is_failing()).await;
    assert_eq!(health(&server).await, "ok");
    assert_eq!(server.metric("trifold_journal_failing").await, 0.0);
    let again = server.post(r#"{"id":"during","body":"during"}"#).await;
    assert_eq!(again.status, 201);
    for socket in [&mut socket, &mut late] {
        assert!(socket.text().await.contains("during"));
    }
}

/// What Redis did before the connection was lost is not known; the same `id` makes it harmless.
#[tokio::test]
async fn lost_answer_is_unconfirmed() {
    let Some(redis) = Redis::start(&[]) else {
        return;
    };
    let server = Server::start(&[&redis.flag()]);
    redis.signal("STOP");
    let message = r#"{"id":"once","body":1}"#;
    let started = Instant::now();
    let unconfirmed = server.post(message).await;
    assert!(started.elapsed() < REJECTED_AFTER);
    unconfirmed.assert_problem(503, "send it again with the same `id`");
    redis.signal("CONT");
    let mut again = server.post(message).await;
    while again.status == 503 {
        again = server.post(message).await; // rejected at once, for half a second
    }
    assert!([200, 201].contains(&again.status));
    assert_eq!(again.json()["version"], 1);
    let log = server.get("/poll").await.json();
    assert_eq!(common::versions(&log), [1]);
}

#[tokio::test]
async fn full_redis_rejects_messages() {
    let Some(redis) = Redis::start(&["--maxmemory-policy", "noeviction"]) else {
        return;
    };
    let server = Server::start(&[&redis.flag()]);
    server.publish("before").await;
    redis.command::<()>("CONFIG SET maxmemory 1");
    let message = r#"{"id":"once","body":1}"#;
    let rejected = server.post(message).await;
    rejected.assert_problem(503, "it is not published");
    assert_eq!(health(&server).await, "read-only");
    // A connection that is replaced, and a server that starts, read without writing.
    redis.command::<()>("CLIENT KILL TYPE normal");
    let second = Server::start(&[&redis.flag()]);
    assert_eq!(common::versions(&second.get("/poll").await.json()), [1]);
    redis.command::<()>("CONFIG SET maxmemory 0");
    assert_eq!(server.post(message).await.status, 201);
    assert_eq!(health(&server).await, "ok");
}

#[tokio::test]
async fn short_interruption_is_not_noticed() {
    let Some(redis) = Redis::start(&[]) else {
        return;
    };
    let server = Server::start(&[&redis.flag()]);
    for number in 1..=3 {
        redis.command::<()>("CLIENT KILL TYPE normal");
        let published = server.publish("hi").await;
        assert_eq!(published["version"], number, "{published}");
    }
}

/// However many messages wait, none of them waits for long.
#[tokio::test]
async fn many_publishers_are_rejected_in_time() {
    let Some(redis) = Redis::start(&[]) else {
        return;
    };
    let server = Server::start(&["--publish-rate=0", &redis.flag()]);
    server.publish("before").await;
    let mut socket = server.socket("").await;
    assert!(socket.text().await.contains("before"));
    redis.signal("STOP");
    let started = Instant::now();
    let publish = |number| {
        server
            .writer
            .publish(test_message(format!("{number}"), "hi"))
    };
    let results = join_all((0..4000).map(publish)).await;
    assert!(results.iter().all(Result::is_err));
    assert!(
        started.elapsed() < REJECTED_AFTER,
        "{:?}",
        started.elapsed()
    );
    assert!(server.get("/poll").await.text().contains("before"));
    redis.signal("CONT");
    while server.post(r#"{"id":"after","body":"after"}"#).await.status == 503 {}
    assert!(socket.json().await["version"].as_u64() > Some(1));
}
