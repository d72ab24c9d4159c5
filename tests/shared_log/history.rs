//! What a client holds of a log: the messages of one epoch without a gap, and how often it had
//! to begin again.

use serde_json::Value;

/// A client's copy of the log.
#[derive(Debug, Default)]
pub(super) struct History {
    pub(super) epoch: Option<String>,
    /// The version before the first message.
    start: u64,
    /// Each message as it was received.
    pub(super) messages: Vec<Value>,
    /// How often the log could not be continued.
    pub(super) gaps: usize,
}

impl History {
    /// Returns the query that continues.
    pub(super) fn query(&self) -> String {
        let since = self.start + self.messages.len() as u64;
        match &self.epoch {
            Some(epoch) => format!("?since={since}&epoch={epoch}"),
            None => format!("?since={since}"),
        }
    }

    /// Records a batch, which must continue the history.
    pub(super) fn record(&mut self, batch: &Value) {
        let epoch = batch["epoch"].as_str().expect("an epoch");
        let held = self.epoch.get_or_insert_with(|| epoch.to_owned());
        assert_eq!(held, epoch, "another epoch without a gap");
        for message in batch["messages"].as_array().expect("messages") {
            let next = self.start + self.messages.len() as u64 + 1;
            assert_eq!(message["version"], next, "a message is missing or repeated");
            self.messages.push(message.clone());
        }
    }

    /// Begins again where the log begins.
    pub(super) fn record_gap(&mut self, gap: &Value) {
        assert_ne!(gap["reason"], "ahead", "{gap}");
        self.epoch = Some(gap["epoch"].as_str().expect("an epoch").to_owned());
        self.start = gap["oldest"].as_u64().expect("a version") - 1;
        self.messages.clear();
        self.gaps += 1;
    }

    /// Returns the ids in their order.
    pub(super) fn ids(&self) -> Vec<&str> {
        let ids = self.messages.iter().map(|message| message["id"].as_str());
        ids.map(|id| id.expect("an id")).collect()
    }
}
