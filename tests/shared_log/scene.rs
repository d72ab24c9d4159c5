//! A scene: servers that publishers and readers use, while something happens to them.

use super::common;

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::clients::{Acknowledged, Room, follow, http, publish, read};
use super::history::History;

const PUBLISHERS: [&str; 3] = ["ana", "ben", "cleo"];

/// Messages that are acknowledged before the fault, and again after it.
pub(super) const MESSAGES: usize = 100;

/// The last message, after which readers stop.
const LAST: &str = "the-end";

/// Servers with publishers and readers.
pub(super) struct Scene {
    room: Arc<Room>,
    publishers: Vec<JoinHandle<Acknowledged>>,
    readers: Vec<JoinHandle<History>>,
}

/// What a fault has caused.
#[derive(Debug)]
pub(super) struct Outcome {
    /// Acknowledged messages that are not in the log, which is then of another epoch.
    pub(super) lost: usize,
    /// The number of gaps that each reader got.
    pub(super) gaps: Vec<usize>,
}

impl Outcome {
    pub(super) fn assert_nothing_lost(&self) {
        assert_eq!(self.lost, 0);
        assert_eq!(self.gaps, [0, 0, 0]);
    }

    pub(super) fn assert_all_got_gaps(&self) {
        assert!(self.gaps.iter().all(|gaps| *gaps > 0), "{self:?}");
    }
}

impl Scene {
    /// Starts publishers and readers, and waits until they have used these servers.
    pub(super) async fn start(servers: Vec<SocketAddr>) -> Self {
        let room = Arc::new(Room {
            servers,
            acknowledged: AtomicUsize::new(0),
            is_over: AtomicBool::new(false),
        });
        let publishers =
            PUBLISHERS.map(|name| tokio::spawn(publish(room.clone(), name.to_owned())));
        let readers = vec![
            tokio::spawn(read(room.clone(), "/poll", LAST)),
            tokio::spawn(read(room.clone(), "/longpoll", LAST)),
            tokio::spawn(follow(room.clone(), LAST)),
        ];
        let scene = Self {
            room,
            publishers: publishers.into(),
            readers,
        };
        scene.wait_for_messages().await;
        scene
    }

    /// Waits until further messages are acknowledged.
    pub(super) async fn wait_for_messages(&self) {
        let target = self.room.acknowledged.load(SeqCst) + MESSAGES;
        let is_reached = || self.room.acknowledged.load(SeqCst) >= target;
        for _ in 0..3 {
            // Faults take seconds.
            let wait = async {
                while !is_reached() {
                    sleep(Duration::from_millis(5)).await;
                }
            };
            if timeout(common::TEST_TIMEOUT, wait).await.is_ok() {
                return;
            }
        }
        panic!("publishing does not continue");
    }

    /// Continues after the fault, ends, and compares what was acknowledged with the log.
    pub(super) async fn finish(self) -> Outcome {
        self.wait_for_messages().await;
        self.room.is_over.store(true, SeqCst);
        let mut acknowledged = Acknowledged::new();
        for publisher in self.publishers {
            acknowledged.extend(publisher.await.expect("the publisher ends"));
        }
        publish_last(&self.room.servers).await;
        let mut histories = Vec::new();
        for reader in self.readers {
            histories.push(reader.await.expect("the reader ends"));
        }
        let log = read_all(&self.room.servers).await;
        for history in &histories {
            let rest = &log.messages[log.messages.len() - history.messages.len()..];
            assert!(history.messages == rest, "a reader has another sequence");
        }
        let ids: HashSet<_> = log.ids().into_iter().collect();
        assert_eq!(
            ids.len(),
            log.messages.len(),
            "a message is in the log twice"
        );
        let is_lost = |id: &&String| !ids.contains(id.as_str());
        let lost: Vec<_> = acknowledged.keys().filter(is_lost).collect();
        for id in &lost {
            let epoch = Some(&acknowledged[*id]);
            assert_ne!(
                epoch,
                log.epoch.as_ref(),
                "{id} is lost and its epoch is not"
            );
        }
        Outcome {
            lost: lost.len(),
            gaps: histories.iter().map(|history| history.gaps).collect(),
        }
    }
}

/// Publishes the last message at a server that answers.
async fn publish_last(servers: &[SocketAddr]) {
    for server in servers.iter().cycle() {
        let message = json!({ "id": LAST, "body": "" });
        let request = http().post(format!("http://{server}/messages"));
        let sent = request.json(&message).send().await;
        if sent.is_ok_and(|response| response.status().is_success()) {
            return;
        }
    }
}

/// Reads the whole log from each server that answers, which must hold the same.
async fn read_all(servers: &[SocketAddr]) -> History {
    let mut first: Option<History> = None;
    for server in servers {
        let url = format!("http://{server}/health");
        let Ok(response) = http().get(url).send().await else {
            continue; // it was killed
        };
        let health: Value = response.json().await.expect("JSON");
        let mut history = History::default();
        history.record_gap(&health);
        while history.ids().last() != Some(&LAST) {
            let url = format!("http://{server}/poll{}", history.query());
            let response = http().get(url).send().await.expect("a response");
            history.record(&response.json().await.expect("a batch"));
        }
        if let Some(first) = &first {
            assert_eq!(first.epoch, history.epoch);
            assert!(first.messages == history.messages, "the servers differ");
        }
        first = Some(history);
    }
    first.expect("a server answers")
}
