//! The log behaves like a window on a numbered list: random operations give the same results.

use crate::common;

use std::ops::Range;

use common::{parse_batch, test_message};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::Value;
use trifold::log::{Cursor, Gap, GapReason, MessageLog, Retention};

#[derive(Debug, Clone)]
enum Operation {
    /// Publishes a message: its id, and the length of its text.
    Append(u8, usize),
    /// Reads: the distance before (or after) the head, the limit, and whether the epoch is right.
    Read(i64, usize, Option<bool>),
}

fn operations(length: Range<usize>) -> impl Strategy<Value = Vec<Operation>> {
    let append =
        (any::<u8>(), 0..200_usize).prop_map(|(id, size)| Operation::Append(id, size));
    let epoch = prop::option::weighted(0.5, prop::bool::weighted(0.8));
    let read = (-3..15_i64, 1..8_usize, epoch)
        .prop_map(|(back, limit, epoch)| Operation::Read(back, limit, epoch));
    vec(prop_oneof![append, read], length)
}

/// All messages that were ever published, and the oldest one that is retained.
struct Model {
    all: Vec<(String, Value, usize)>,
    oldest: usize,
    retention: Retention,
}

impl Model {
    fn head(&self) -> usize {
        self.all.len()
    }

    /// Returns the version of a retained message.
    fn find_version(&self, id: &str) -> Option<u64> {
        let retained = &self.all[self.oldest - 1..];
        let index = retained.iter().position(|(other, ..)| other == id);
        index.map(|index| (self.oldest + index) as u64)
    }

    fn append(&mut self, id: String, message: Value, bytes: usize) {
        self.all.push((id, message, bytes));
        while self.oldest < self.head() && !self.fits() {
            self.oldest += 1;
        }
    }

    fn fits(&self) -> bool {
        let retained = &self.all[self.oldest - 1..];
        let bytes: usize = retained.iter().map(|(.., bytes)| bytes).sum();
        retained.len() <= self.retention.messages && bytes <= self.retention.bytes
    }

    fn read(
        &self,
        cursor: &Cursor,
        epoch_matches: bool,
    ) -> Result<Vec<Value>, GapReason> {
        let since = cursor.since as usize;
        match () {
            () if !epoch_matches => Err(GapReason::Epoch),
            () if since > self.head() => Err(GapReason::Ahead),
            () if since + 1 < self.oldest => Err(GapReason::Truncated),
            () => {
                let messages = self.all[since..].iter().take(cursor.limit);
                Ok(messages.map(|(_, message, _)| message.clone()).collect())
            }
        }
    }
}

/// Returns the newest message as the log encodes it, and its size in bytes.
fn newest(log: &MessageLog) -> (Value, usize) {
    let batch = log
        .read(&Cursor::new(log.head() - 1))
        .expect("the newest message is retained");
    let text = std::str::from_utf8(&batch.json).expect("a batch is UTF-8");
    let (head, message) = text.split_once("[").expect("a batch has messages");
    assert!(head.ends_with(r#""messages":"#) && message.ends_with("]}"));
    let value = parse_batch(&batch)["messages"][0].clone();
    (value, message.len() - "]}".len())
}

fn publish(log: &MessageLog, model: &mut Model, id: u8, size: usize) {
    let (id, text) = (id.to_string(), "é".repeat(size));
    let published = log
        .append(test_message(&id, &text))
        .expect("the log is open");
    assert_eq!(published.id, id);
    if let Some(first) = model.find_version(&id) {
        assert_eq!((published.version, published.duplicate), (first, true));
        return;
    }
    assert_eq!(published.version, model.head() as u64 + 1);
    assert!(!published.duplicate);
    let (message, bytes) = newest(log);
    assert_eq!(message["version"], published.version);
    assert_eq!(
        (&message["id"], &message["body"]),
        (&id.as_str().into(), &text.into())
    );
    model.append(id, message, bytes);
}

fn read(log: &MessageLog, model: &Model, cursor: &Cursor, epoch_matches: bool) {
    let (oldest, head) = (model.oldest as u64, model.head() as u64);
    match (log.read(cursor), model.read(cursor, epoch_matches)) {
        (Ok(batch), Ok(messages)) => {
            let version = cursor.since + messages.len() as u64;
            assert_eq!((batch.since, batch.version), (cursor.since, version));
            assert_eq!((batch.head, batch.is_empty()), (head, messages.is_empty()));
            let json = parse_batch(&batch);
            assert_eq!(json["messages"], Value::from(messages));
            assert_eq!(
                (&json["since"], &json["head"]),
                (&cursor.since.into(), &head.into())
            );
            assert_eq!(json["version"], version);
        }
        (Err(gap), Err(reason)) => {
            let epoch = log.epoch();
            assert_eq!(
                gap,
                Gap {
                    reason,
                    epoch,
                    oldest,
                    head
                }
            );
        }
        (log, model) => panic!("{log:?} instead of {model:?} for {cursor:?}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

    #[test]
    fn log_agrees_with_plain_list(
        messages in 1..12_usize,
        bytes in prop_oneof![Just(usize::MAX), 50..3000_usize],
        operations in operations(0..80),
    ) {
        let retention = Retention { messages, bytes };
        let log = MessageLog::new(retention);
        let mut model = Model { all: Vec::new(), oldest: 1, retention };
        for operation in operations {
            match operation {
                Operation::Append(id, size) => publish(&log, &mut model, id % 16, size),
                Operation::Read(back, limit, epoch_matches) => {
                    let since = log.head().saturating_add_signed(-back);
                    let epoch = epoch_matches.map(|matches| match matches {
                        true => (*log.epoch()).into(),
                        false => "other".into(),
                    });
                    let cursor = Cursor { since, epoch, limit };
                    read(&log, &model, &cursor, epoch_matches != Some(false));
                }
            }
            prop_assert_eq!(log.head(), model.head() as u64);
            prop_assert_eq!(log.oldest(), model.oldest as u64);
        }
    }
}
