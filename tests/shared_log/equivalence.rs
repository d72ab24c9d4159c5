//! Every storage behaves like the same window on a numbered list: random operations on it, through
//! one server or two, give the same results.

use super::common;

use std::ops::Range;
use std::sync::Arc;

use common::{JournalFile, Redis, parse_batch, test_message};
use futures_util::future::join_all;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};
use trifold::journal::{JournalConfig, LogWriter, RedisConfig};
use trifold::log::{Cursor, GapReason, Retention};

const CASES: u32 = 64;

#[derive(Debug, Clone)]
enum Operation {
    /// Publishes a message: its id, and the length of its text.
    Append(u8, usize),
    /// Publishes messages at once.
    Burst(Vec<u8>),
    /// Reads: the distance before (or after) the head, the limit, and whether the epoch is right.
    Read(i64, usize, Option<bool>),
    /// Uses the other server.
    Switch,
    /// Restarts all servers.
    Restart,
}

fn operations(length: Range<usize>) -> impl Strategy<Value = Vec<Operation>> {
    let append =
        (0..16_u8, 0..200_usize).prop_map(|(id, size)| Operation::Append(id, size));
    let burst = vec(any::<u8>(), 1..60).prop_map(Operation::Burst);
    let epoch = prop::option::weighted(0.5, prop::bool::weighted(0.8));
    let read = (-3..15_i64, 1..8_usize, epoch)
        .prop_map(|(back, limit, epoch)| Operation::Read(back, limit, epoch));
    let operation = prop_oneof![
        8 => append,
        2 => burst,
        8 => read,
        3 => Just(Operation::Switch),
        1 => Just(Operation::Restart),
    ];
    vec(operation, length)
}

/// A storage, and the servers that use it.
struct Subject {
    config: JournalConfig,
    retention: Retention,
    writers: Vec<Arc<LogWriter>>,
    current: usize,
    /// Every message that was published, in order.
    model: Vec<Published>,
}

struct Published {
    id: String,
    message: Value,
    bytes: usize,
}

impl Published {
    /// A message that was evicted before it could be read; it does not fit any more.
    fn evicted() -> Self {
        Self {
            id: String::new(),
            message: Value::Null,
            bytes: usize::MAX >> 1,
        }
    }
}

impl Subject {
    async fn open(config: JournalConfig, servers: usize, retention: Retention) -> Self {
        let mut subject = Self {
            config,
            retention,
            writers: Vec::new(),
            current: 0,
            model: Vec::new(),
        };
        subject.open_writers(servers).await;
        subject
    }

    async fn open_writers(&mut self, servers: usize) {
        for _ in 0..servers {
            let writer = LogWriter::open(&self.config, self.retention).await;
            self.writers
                .push(Arc::new(writer.expect("it can be opened")));
        }
    }

    fn writer(&self) -> &Arc<LogWriter> {
        &self.writers[self.current]
    }

    /// Restarts the servers, which are new ones for a log that was kept.
    async fn restart(&mut self) {
        if matches!(self.config, JournalConfig::Memory) {
            return;
        }
        let servers = self.writers.len();
        let epoch = self.writer().log().epoch();
        for writer in self.writers.drain(..) {
            writer.log().close();
            writer.close().await;
        }
        self.open_writers(servers).await;
        assert_eq!(self.writer().log().epoch(), epoch);
    }

    /// Returns the oldest version: retained are the newest messages that fit, and at least one.
    fn oldest(&self) -> usize {
        let (mut count, mut bytes) = (0, 0);
        for published in self.model.iter().rev() {
            count += 1;
            bytes += published.bytes;
            let fits = count <= self.retention.messages && bytes <= self.retention.bytes;
            if !fits && count > 1 {
                count -= 1;
                break;
            }
        }
        self.model.len() + 1 - count
    }

    fn find_version(&self, id: &str) -> Option<u64> {
        let retained = self.model.iter().enumerate().skip(self.oldest() - 1);
        let mut found = retained.filter(|(_, published)| published.id == id);
        found.next().map(|(index, _)| index as u64 + 1)
    }

    async fn append(&mut self, id: u8, size: usize) {
        let (id, text) = (id.to_string(), "é".repeat(size));
        let ack = self.writer().publish(test_message(&id, &text)).await;
        let ack = ack.expect("it is published");
        assert_eq!(
            (&*ack.epoch, &*ack.id),
            (&*self.writer().log().epoch(), &*id)
        );
        if let Some(first) = self.find_version(&id) {
            return assert_eq!((ack.version, ack.duplicate), (first, true));
        }
        assert_eq!(ack.version, self.model.len() as u64 + 1);
        assert!(!ack.duplicate);
        self.record_newest(ack.version, &id, &text);
    }

    /// Adds a message to the model as the log encodes it.
    fn record_newest(&mut self, version: u64, id: &str, text: &str) {
        let cursor = Cursor {
            limit: 1,
            ..Cursor::new(version - 1)
        };
        let batch = self.writer().log().read(&cursor);
        let batch = batch.expect("the newest message is retained");
        let json = std::str::from_utf8(&batch.json).expect("a batch is UTF-8");
        let (_, messages) = json.split_once("[").expect("a batch has messages");
        let message = parse_batch(&batch)["messages"][0].clone();
        let fields = ["version", "id", "at", "sender", "kind", "body"];
        assert!(message.as_object().expect("an object").keys().eq({
            let mut sorted = fields;
            sorted.sort_unstable();
            sorted
        }));
        assert_eq!(message["version"], version);
        let at = format!(r#""at":{},"#, message["at"]);
        assert!(
            messages.contains(&at),
            "{at} is printed otherwise in {messages}"
        );
        assert_eq!(
            (&message["id"], &message["body"]),
            (&id.into(), &text.into())
        );
        self.model.push(Published {
            id: id.to_owned(),
            message,
            bytes: messages.len() - "]}".len(),
        });
    }

    /// Publishes at once. The order is that of the calls, and each id is published once.
    async fn burst(&mut self, numbers: &[u8]) {
        let ids: Vec<_> = numbers
            .iter()
            .map(|number| format!("burst-{number}"))
            .collect();
        let publish = |id: &String| self.writer().publish(test_message(id, "hi"));
        let acks = join_all(ids.iter().map(publish)).await;
        let mut first_new = self.model.len() as u64 + 1;
        let before = first_new;
        for (id, ack) in ids.iter().zip(acks) {
            let ack = ack.expect("it is published");
            assert_eq!(&ack.id, id);
            if !ack.duplicate {
                assert_eq!(ack.version, first_new);
                first_new += 1;
            } else {
                assert!(ack.version < first_new);
            }
        }
        self.record_since(before).await;
    }

    /// Adds to the model what a burst has appended; a part of it may be evicted already.
    async fn record_since(&mut self, version: u64) {
        let log = self.writer().log().clone();
        for version in version..=log.head() {
            if version < log.oldest() {
                self.model.push(Published::evicted());
                continue;
            }
            let cursor = Cursor {
                limit: 1,
                ..Cursor::new(version - 1)
            };
            let batch = log.read(&cursor).expect("it is retained");
            let message = parse_batch(&batch)["messages"][0].clone();
            let id = message["id"].as_str().expect("an id").to_owned();
            self.record_newest(version, &id, "hi");
        }
    }

    fn read(&self, back: i64, limit: usize, epoch_matches: Option<bool>) {
        let log = self.writer().log();
        let (oldest, head) = (self.oldest() as u64, self.model.len() as u64);
        let epoch = epoch_matches.map(|matches| match matches {
            true => (*log.epoch()).into(),
            false => "other".into(),
        });
        let since = head.saturating_add_signed(-back);
        let cursor = Cursor {
            since,
            epoch,
            limit,
        };
        let expected = match () {
            () if epoch_matches == Some(false) => Err(GapReason::Epoch),
            () if since > head => Err(GapReason::Ahead),
            () if since + 1 < oldest => Err(GapReason::Truncated),
            () => {
                let messages = self.model[since as usize..].iter().take(limit);
                Ok(messages
                    .map(|published| published.message.clone())
                    .collect())
            }
        };
        let read = log.read(&cursor);
        let read = read.map(|batch| parse_batch(&batch)["messages"].clone());
        let read = read.map_err(|gap| {
            assert_eq!((gap.oldest, gap.head), (oldest, head));
            gap.reason
        });
        assert_eq!(read, expected.map(Value::Array), "{cursor:?}");
    }

    async fn apply(&mut self, operation: Operation) {
        match operation {
            Operation::Append(id, size) => self.append(id, size).await,
            Operation::Burst(numbers) => self.burst(&numbers).await,
            Operation::Read(back, limit, epoch) => self.read(back, limit, epoch),
            Operation::Restart => self.restart().await,
            Operation::Switch => {
                self.current = (self.current + 1) % self.writers.len();
                let head = Cursor::new(self.model.len() as u64);
                let caught_up = self.writer().catch_up(&head).await;
                caught_up.expect("the other server has the messages, too");
            }
        }
        let log = self.writer().log();
        let range = (log.oldest(), log.head());
        assert_eq!(range, (self.oldest() as u64, self.model.len() as u64));
    }

    async fn close(self) {
        for writer in self.writers {
            writer.log().close();
            writer.close().await;
        }
    }
}

fn runtime() -> Runtime {
    let runtime = Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime")
}

/// Runs random operations on storages, each of which is new.
fn assert_equivalent(servers: usize, mut new: impl FnMut() -> JournalConfig) {
    let runtime = runtime();
    let retention = (20..40_usize, prop_oneof![Just(64 << 20), 5000..9000_usize]);
    let mut runner = TestRunner::new(Config {
        cases: CASES,
        failure_persistence: None,
        max_shrink_iters: 200,
        ..Config::default()
    });
    let new = std::cell::RefCell::new(&mut new);
    let result = runner.run(
        &(retention, operations(0..60)),
        |(retention, operations)| {
            let (messages, bytes) = retention;
            let config = (new.borrow_mut())();
            runtime.block_on(async {
                let retention = Retention { messages, bytes };
                let mut subject = Subject::open(config, servers, retention).await;
                for operation in operations {
                    subject.apply(operation).await;
                }
                subject.close().await;
            });
            Ok(())
        },
    );
    if let Err(error) = result {
        panic!("{error}");
    }
}

#[test]
fn memory_agrees_with_plain_list() {
    assert_equivalent(1, || JournalConfig::Memory);
}

#[test]
fn sqlite_agrees_with_plain_list() {
    let mut files = Vec::new();
    assert_equivalent(1, || {
        files.push(JournalFile::new());
        JournalConfig::Sqlite(files[files.len() - 1].path.clone())
    });
}

#[test]
fn redis_agrees_with_plain_list() {
    let Some(redis) = Redis::start(&[]) else {
        return;
    };
    let mut count = 0;
    assert_equivalent(2, || {
        count += 1;
        JournalConfig::Redis(RedisConfig {
            url: redis.url().into(),
            stream: format!("stream-{count}"),
        })
    });
}
