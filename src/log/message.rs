//! Messages: before they have a version, encoded for readers, and acknowledged to publishers.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;
use serde_json::value::RawValue;

/// A message's position in the log: 1, 2, 3, … without gaps. 0 is before the first message.
pub type Version = u64;

/// Returns the wall-clock time in milliseconds since the Unix epoch, with microsecond precision.
/// The clock may jump, so nothing is ordered by it.
pub fn unix_millis() -> f64 {
    let since_1970 = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    since_1970.as_micros() as f64 / 1000.0
}

/// Encodes one of the server's own types as JSON.
pub fn to_json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("the server's own types always encode")
}

/// A message that has no version yet.
#[derive(Debug, Clone)]
pub struct NewMessage {
    /// The publisher's name for this message. The same `id` again is the same message.
    pub id: String,
    /// The author's display name.
    pub sender: String,
    /// The type of message, for example `chat`.
    pub kind: String,
    /// Any JSON value; readers receive it byte for byte.
    pub body: Box<RawValue>,
}

impl NewMessage {
    /// Returns an upper bound of the size of the encoded message, in bytes.
    pub fn max_encoded_len(&self) -> usize {
        const FIELDS: usize = 128; // names, punctuation, version and time
        const ESCAPED: usize = 6; // `\u0000` for one byte
        let names = self.id.len() + self.sender.len() + self.kind.len();
        FIELDS + ESCAPED * names + self.body.get().len()
    }
}

/// The reply to a publisher.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename = "published")]
pub struct PublishAck {
    /// The log's epoch.
    pub epoch: Arc<str>,
    /// The message's `id`: the publisher's, or a generated one.
    pub id: String,
    /// The message's position in the log.
    pub version: Version,
    /// Whether the log already held this `id`; nothing was appended.
    pub duplicate: bool,
}

/// A message as readers receive it.
#[derive(Serialize)]
struct Message<'a> {
    version: Version,
    id: &'a str,
    at: f64,
    sender: &'a str,
    kind: &'a str,
    body: &'a RawValue,
}

/// What the JSON of a message has before, between and after its first values.
const VERSION_0: &str = r#"{"version":0"#;
const ID: &str = r#","id":"#;
const AT: &str = r#","at":"#;
const ZERO: &str = "0.0";

/// A message with its version, encoded as JSON. This is what the log stores.
pub struct EncodedMessage {
    pub(super) id: Arc<str>,
    pub(super) json: Box<str>,
}

impl EncodedMessage {
    /// Encodes a message with its version and the time at which it was assigned, in
    /// milliseconds since the Unix epoch.
    pub fn new(version: Version, at: f64, message: &NewMessage) -> Self {
        let json = to_json(&Message {
            version,
            id: &message.id,
            at,
            sender: &message.sender,
            kind: &message.kind,
            body: &message.body,
        });
        Self {
            id: message.id.as_str().into(),
            json: json.into(),
        }
    }

    /// Restores a message from the JSON that [`new`](Self::new) made.
    pub fn from_json(id: &str, json: String) -> Self {
        Self {
            id: id.into(),
            json: json.into(),
        }
    }

    /// Encodes a message that gets its version and its time elsewhere: returns the JSON between
    /// them and the JSON after the time.
    pub fn parts(message: &NewMessage) -> (String, String) {
        let json = Self::new(0, 0.0, message).json;
        let after_version = &json[VERSION_0.len()..];
        // `id` is the only value in front of `at`.
        let id = to_json(&message.id);
        let before_at = ID.len() + id.len() + AT.len();
        let (before, after) = after_version.split_at(before_at);
        (before.to_owned(), after[ZERO.len()..].to_owned())
    }

    /// Returns the size of the JSON in bytes.
    pub fn json_len(&self) -> usize {
        self.json.len()
    }
}
