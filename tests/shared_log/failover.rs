//! When another Redis takes over, acknowledged messages may be lost. Then every reader is told.

use super::common;

use std::fs;
use std::path::Path;

use common::{DURABLE, Program, Redis, Sentinel, Server, wait_until};

use super::scene::Scene;

#[tokio::test]
async fn failover_with_lost_messages() {
    // That each of them keeps everything does not help.
    let (Some(mut master), Some(replica)) =
        (Redis::start(DURABLE), Redis::start(DURABLE))
    else {
        return;
    };
    let follow_master = format!("REPLICAOF 127.0.0.1 {}", master.address.port());
    replica.command::<()>(&follow_master);
    let Some(sentinel) = Sentinel::start(master.address) else {
        return;
    };
    let state = (1, master.address.port());
    wait_until("the sentinel knows the replica", || {
        sentinel.state() == Some(state)
    })
    .await;
    let flag = sentinel.flag();
    let servers = [Server::start(&[&flag]), Server::start(&[&flag])];
    let addresses = servers.iter().map(|server| server.address).collect();
    let scene = Scene::start(addresses).await;

    replica.command::<()>("REPLICAOF 127.0.0.1 1"); // a network that is cut
    scene.wait_for_messages().await;
    master.kill();
    let outcome = scene.finish().await;
    outcome.assert_everyone_was_told();
    assert!(outcome.lost > 0);
    let promoted = Some(replica.address.port());
    assert_eq!(sentinel.state().map(|(_, port)| port), promoted);
}

/// Copies a directory with its subdirectories.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("writable");
    for entry in fs::read_dir(from).expect("readable") {
        let (from, to) = {
            let entry = entry.expect("an entry");
            (entry.path(), to.join(entry.file_name()))
        };
        match from.is_dir() {
            true => copy(&from, &to),
            false
                if from.extension().is_some_and(|end| {
                    end == "aof" || end == "rdb" || end == "manifest"
                }) =>
            {
                fs::copy(&from, &to).expect("it can be copied");
            }
            false => {}
        }
    }
}

/// Kills a Redis, and starts it with an earlier copy of its data.
fn restore(redis: &mut Redis, backup: &Path) {
    redis.kill();
    redis.delete_data();
    copy(backup, redis.directory());
    redis.restart();
}

#[tokio::test]
async fn restored_backup() {
    let Some(mut redis) = Redis::start(DURABLE) else {
        return;
    };
    let flag = redis.flag();
    let servers = [Server::start(&[&flag]), Server::start(&[&flag])];
    let addresses = servers.iter().map(|server| server.address).collect();
    let scene = Scene::start(addresses).await;
    let backup = redis.directory().with_extension("backup");
    copy(redis.directory(), &backup);
    scene.wait_for_messages().await;
    restore(&mut redis, &backup);
    let outcome = scene.finish().await;
    fs::remove_dir_all(&backup).expect("it can be deleted");
    outcome.assert_everyone_was_told();
    assert!(outcome.lost > 0);
}

/// A server that was away while the numbers of its last messages were given to others.
#[tokio::test]
async fn replaced_messages() {
    let Some(mut redis) = Redis::start(DURABLE) else {
        return;
    };
    let flag = redis.flag();
    let away = Program::start(&[&flag]);
    assert_eq!(away.post(r#"{"id":"a","body":1}"#).await.status, 201);
    let backup = redis.directory().with_extension("backup");
    copy(redis.directory(), &backup);
    assert_eq!(away.post(r#"{"id":"b","body":2}"#).await.status, 201);
    let before = away.get("/poll").await.json();

    away.signal("STOP");
    restore(&mut redis, &backup);
    fs::remove_dir_all(&backup).expect("it can be deleted");
    let other = Server::start(&[&flag]);
    for id in ["c", "d", "e"] {
        let message = serde_json::json!({ "id": id, "body": 3 });
        assert_eq!(other.post(message.to_string()).await.status, 201);
    }
    assert_eq!(*other.log.epoch(), before["epoch"]);
    away.signal("CONT");

    wait_until("a new epoch has begun", || {
        *other.log.epoch() != before["epoch"]
    })
    .await;
    let query = format!("?since=2&epoch={}", before["epoch"].as_str().expect("text"));
    let mut gap = away.get(&format!("/poll{query}")).await;
    while gap.status == 200 {
        gap = away.get(&format!("/poll{query}")).await;
    }
    assert_eq!(gap.status, 410);
    assert_eq!(gap.json()["reason"], "epoch");
    assert_eq!(gap.json()["head"], 4);
}
