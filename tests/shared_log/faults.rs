//! The fault table of docs/scale.md: each fault happens while two servers are in use. Afterwards no
//! acknowledged message is lost or repeated, or every reader got a gap, because a new epoch has begun.

use super::common;

use std::net::SocketAddr;
use std::time::Duration;

use common::{DURABLE, Program, Redis, Server, TcpProxy, wait_until};
use tokio::time::sleep;

use super::scene::{MESSAGES, Scene};

/// How long Redis is away.
const OUTAGE: Duration = Duration::from_secs(5);

/// Two servers in this process that share a log.
struct Pair([Server; 2]);

impl Pair {
    fn start(flag: &str) -> Self {
        Self([Server::start(&[flag]), Server::start(&[flag])])
    }

    fn addresses(&self) -> Vec<SocketAddr> {
        self.0.iter().map(|server| server.address).collect()
    }
}

#[tokio::test]
async fn killed_server() {
    let Some(redis) = Redis::start(&[]) else {
        return;
    };
    let (first, second) = (
        Program::start(&[&redis.flag()]),
        Server::start(&[&redis.flag()]),
    );
    let scene = Scene::start(vec![first.address, second.address]).await;
    first.kill();
    scene.finish().await.assert_nothing_lost();
}

#[tokio::test]
async fn stopped_redis() {
    let Some(redis) = Redis::start(&[]) else {
        return;
    };
    let servers = Pair::start(&redis.flag());
    let scene = Scene::start(servers.addresses()).await;
    redis.signal("STOP");
    sleep(OUTAGE).await;
    redis.signal("CONT");
    scene.finish().await.assert_nothing_lost();
}

#[tokio::test]
async fn killed_redis_with_all_data() {
    let Some(mut redis) = Redis::start(DURABLE) else {
        return;
    };
    let servers = Pair::start(&redis.flag());
    let scene = Scene::start(servers.addresses()).await;
    redis.kill();
    sleep(OUTAGE).await;
    redis.restart();
    scene.finish().await.assert_nothing_lost();
}

#[tokio::test]
async fn killed_redis_that_may_have_lost_data() {
    let Some(mut redis) = Redis::start(&["--appendonly", "yes"]) else {
        return;
    };
    let servers = Pair::start(&redis.flag());
    let scene = Scene::start(servers.addresses()).await;
    redis.kill();
    redis.restart();
    scene.finish().await.assert_all_got_gaps();
}

#[tokio::test]
async fn killed_redis_without_data() {
    let Some(mut redis) = Redis::start(DURABLE) else {
        return;
    };
    let servers = Pair::start(&redis.flag());
    let scene = Scene::start(servers.addresses()).await;
    redis.kill();
    redis.delete_data();
    redis.restart();
    let outcome = scene.finish().await;
    outcome.assert_all_got_gaps();
    assert!(outcome.lost >= MESSAGES);
}

#[tokio::test]
async fn flushed() {
    let Some(redis) = Redis::start(&[]) else {
        return;
    };
    let servers = Pair::start(&redis.flag());
    let scene = Scene::start(servers.addresses()).await;
    redis.command::<()>("FLUSHALL");
    scene.finish().await.assert_all_got_gaps();
}

#[tokio::test]
async fn deleted_stream() {
    let Some(redis) = Redis::start(&[]) else {
        return;
    };
    for (stream, key) in [("a", "a"), ("b", "{b}:state"), ("c", "{c}:ids")] {
        let flags = [&*redis.flag(), "--stream", stream];
        let servers = Pair([Server::start(&flags), Server::start(&flags)]);
        let scene = Scene::start(servers.addresses()).await;
        redis.command::<()>(&format!("DEL {key}"));
        scene.finish().await.assert_all_got_gaps();
    }
}

#[tokio::test]
async fn evicted() {
    let Some(redis) = Redis::start(&["--maxmemory-policy", "allkeys-random"]) else {
        return;
    };
    let servers = Pair::start(&redis.flag());
    let scene = Scene::start(servers.addresses()).await;
    redis.command::<()>("CONFIG SET maxmemory 1");
    wait_until("keys are evicted", || {
        redis.command::<String>("INFO stats").lines().any(|line| {
            let count = line.strip_prefix("evicted_keys:");
            count.is_some_and(|count| count != "0")
        })
    })
    .await;
    redis.command::<()>("CONFIG SET maxmemory 0");
    scene.finish().await.assert_all_got_gaps();
}

#[tokio::test]
async fn killed_connections() {
    let Some(redis) = Redis::start(&[]) else {
        return;
    };
    let servers = Pair::start(&redis.flag());
    let scene = Scene::start(servers.addresses()).await;
    for _ in 0..3 {
        redis.command::<()>("CLIENT KILL TYPE normal");
        scene.wait_for_messages().await;
    }
    scene.finish().await.assert_nothing_lost();
}

/// One of two servers reaches Redis through a proxy, to which something happens.
async fn assert_nothing_lost_behind_proxy(fault: impl FnOnce(&TcpProxy)) {
    let Some(redis) = Redis::start(&[]) else {
        return;
    };
    let proxy = TcpProxy::start(redis.address).await;
    let first = Server::start(&[&proxy.flag()]);
    let second = Server::start(&[&redis.flag()]);
    let scene = Scene::start(vec![first.address, second.address]).await;
    fault(&proxy);
    scene.wait_for_messages().await;
    scene.finish().await.assert_nothing_lost();
}

#[tokio::test(flavor = "multi_thread")]
async fn half_open_connections() {
    assert_nothing_lost_behind_proxy(|proxy| proxy.hold_existing()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_connection() {
    assert_nothing_lost_behind_proxy(|proxy| proxy.delay(Duration::from_millis(30)))
        .await;
}
