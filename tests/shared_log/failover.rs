//! When another Redis takes over, acknowledged messages may be lost. Then every reader gets a gap.

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
    outcome.assert_all_got_gaps();
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
    outcome.assert_all_got_gaps();
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

/// A server that starts after the failover holds nothing that it could compare.
#[tokio::test]
async fn promoted_replica_begins_new_epoch() {
    let (Some(mut master), Some(replica)) =
        (Redis::start(DURABLE), Redis::start(DURABLE))
    else {
        return;
    };
    let port = master.address.port();
    replica.command::<()>(&format!("REPLICAOF 127.0.0.1 {port}"));
    let first = Program::start(&[&master.flag()]);
    assert_eq!(first.post(r#"{"id":"a","body":1}"#).await.status, 201);
    wait_until("the replica has it", || {
        replica.command::<usize>("XLEN trifold") == 1
    })
    .await;
    replica.command::<()>("REPLICAOF 127.0.0.1 1"); // a network that is cut
    let lost = first.post(r#"{"id":"b","body":2}"#).await.json();
    first.stop().await;
    master.kill();
    replica.command::<()>("REPLICAOF NO ONE");

    let second = Server::start(&[&replica.flag()]);
    assert_eq!(second.log.head(), 1);
    for id in ["c", "d"] {
        let message = serde_json::json!({ "id": id, "body": 3 });
        assert_eq!(second.post(message.to_string()).await.status, 201);
    }
    let epoch = lost["epoch"].as_str().expect("an epoch");
    let gap = second.get(&format!("/poll?since=2&epoch={epoch}")).await;
    assert_eq!((gap.status, &gap.json()["reason"]), (410, &"epoch".into()));
}

/// Another server has found out that messages are lost.
#[tokio::test]
async fn new_epoch_of_another_server_is_adopted() {
    let Some(redis) = Redis::start(&[]) else {
        return;
    };
    let server = Server::start(&[&redis.flag()]);
    let before = server.publish("hi").await;
    redis.command::<()>("HSET {trifold}:state epoch 0123456789ab");
    wait_until("it is adopted", || *server.log.epoch() == *"0123456789ab").await;
    let epoch = before["epoch"].as_str().expect("an epoch");
    let gap = server.get(&format!("/poll?since=1&epoch={epoch}")).await;
    assert_eq!((gap.status, &gap.json()["reason"]), (410, &"epoch".into()));
    assert_eq!(common::versions(&server.get("/poll").await.json()), [1]);
    assert_eq!(server.publish("hi").await["version"], 2);
}

/// What was acknowledged before the settings were changed may be lost nevertheless.
#[tokio::test]
async fn restart_with_safer_settings_begins_new_epoch() {
    let Some(mut redis) = Redis::start(&["--appendonly", "yes"]) else {
        return;
    };
    let first = Program::start(&[&redis.flag()]);
    let before = first.post(r#"{"body":1}"#).await.json();
    first.stop().await;
    redis.kill();
    redis.restart_with(DURABLE);
    let second = Server::start(&[&redis.flag()]);
    assert_ne!(before["epoch"], *second.log.epoch());
    let epoch = second.log.epoch();
    redis.kill();
    redis.restart();
    let third = Server::start(&[&redis.flag()]);
    assert_eq!(epoch, third.log.epoch());
}
