//! The log behaves like a window on a numbered list: compared with one at random.

use crate::common;

use std::ops::Range;

use common::{parse_batch, test_message};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::Value;
use trifold::log::{Cursor, Gap, GapReason, MessageLog, Retention};

#[derive(Debug, Clone)]
enum Step {
    /// Publish a message: its id, and how long its text is.
    Append(u8, usize),
    /// Read: how far before (or after) the head, how many at most, from the right log?
    After(i64, usize, Option<bool>),
}

fn steps(length: Range<usize>) -> impl Strategy<Value = Vec<Step>> {
    let append =
        (any::<u8>(), 0..200_usize).prop_map(|(id, size)| Step::Append(id, size));
    let epoch = prop::option::weighted(0.5, prop::bool::weighted(0.8));
    let after = (-3..15_i64, 1..8_usize, epoch)
        .prop_map(|(back, limit, epoch)| Step::After(back, limit, epoch));
    vec(prop_oneof![append, after], length)
}

/// Everything that was ever published, and how much of it is kept.
struct Model {
    all: Vec<(String, Value, usize)>,
    oldest: usize,
    retention: Retention,
}

impl Model {
    fn head(&self) -> usize {
        self.all.len()
    }

    /// The version of a message that is kept.
    fn version_of(&self, id: &str) -> Option<u64> {
        let kept = &self.all[self.oldest - 1..];
        let place = kept.iter().position(|(own, ..)| own == id);
        place.map(|place| (self.oldest + place) as u64)
    }

    fn append(&mut self, id: String, message: Value, bytes: usize) {
        self.all.push((id, message, bytes));
        while self.oldest < self.head() && !self.fits() {
            self.oldest += 1;
        }
    }

    fn fits(&self) -> bool {
        let kept = &self.all[self.oldest - 1..];
        let bytes: usize = kept.iter().map(|(.., bytes)| bytes).sum();
        kept.len() <= self.retention.messages && bytes <= self.retention.bytes
    }

    fn after(&self, cursor: &Cursor, is_own: bool) -> Result<Vec<Value>, GapReason> {
        let since = cursor.since as usize;
        match () {
            () if !is_own => Err(GapReason::Epoch),
            () if since > self.head() => Err(GapReason::Ahead),
            () if since + 1 < self.oldest => Err(GapReason::Truncated),
            () => {
                let rest = self.all[since..].iter().take(cursor.limit);
                Ok(rest.map(|(_, message, _)| message.clone()).collect())
            }
        }
    }
}

/// The newest message as the log has it, and its bytes.
fn newest(log: &MessageLog) -> (Value, usize) {
    let batch = log.read(&Cursor::new(log.head() - 1)).expect("it is kept");
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
    if let Some(first) = model.version_of(&id) {
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

fn read(log: &MessageLog, model: &Model, cursor: &Cursor, is_own: bool) {
    let (oldest, head) = (model.oldest as u64, model.head() as u64);
    match (log.read(cursor), model.after(cursor, is_own)) {
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
            let epoch = log.epoch().clone();
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
        (log, model) => panic!("for {cursor:?} {log:?} instead of {model:?}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

    #[test]
    fn the_log_agrees_with_a_plain_list(
        messages in 1..12_usize,
        bytes in prop_oneof![Just(usize::MAX), 50..3000_usize],
        steps in steps(0..80),
    ) {
        let retention = Retention { messages, bytes };
        let log = MessageLog::new(retention);
        let mut model = Model { all: Vec::new(), oldest: 1, retention };
        for step in steps {
            match step {
                Step::Append(id, size) => publish(&log, &mut model, id % 16, size),
                Step::After(back, limit, own) => {
                    let since = log.head().saturating_add_signed(-back);
                    let epoch = own.map(|own| if own { &**log.epoch() } else { "other" });
                    let epoch = epoch.map(Into::into);
                    let cursor = Cursor { since, epoch, limit };
                    read(&log, &model, &cursor, own != Some(false));
                }
            }
            prop_assert_eq!(log.head(), model.head() as u64);
            prop_assert_eq!(log.oldest(), model.oldest as u64);
        }
    }
}
