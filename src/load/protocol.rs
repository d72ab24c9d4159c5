//! The subscriber's half of the protocol: batches and gaps. Only what is needed to follow the
//! log is decoded.

use std::borrow::Cow;
use std::sync::Arc;

use serde::Deserialize;

use super::message_versions::MessageVersions;

/// A message from the server, as far as a subscriber needs it.
#[derive(Debug, PartialEq)]
pub(super) enum ServerMessage {
    /// Messages, and the cursor to continue from.
    Batch(DecodedBatch),
    /// The log cannot continue from the cursor; this is the new one.
    Gap {
        /// The log's epoch.
        epoch: Arc<str>,
        /// The version to continue from.
        version: u64,
    },
    /// A message that does not concern a subscriber.
    Other,
}

/// A batch, as far as a subscriber needs it.
#[derive(Debug, PartialEq)]
pub(super) struct DecodedBatch {
    /// The log's epoch.
    pub epoch: Arc<str>,
    /// The version to continue from.
    pub version: u64,
    /// Whether the batch reached its size limit, so that more can be requested at once.
    pub truncated: bool,
    /// Each message's version, and its number if it belongs to this run.
    pub messages: Vec<(u64, Option<u64>)>,
}

#[derive(Deserialize)]
struct ServerMessageFields<'a> {
    #[serde(borrow)]
    r#type: Cow<'a, str>,
    #[serde(borrow)]
    epoch: Option<Cow<'a, str>>,
    #[serde(borrow)]
    reason: Option<Cow<'a, str>>,
    version: Option<u64>,
    head: Option<u64>,
    oldest: Option<u64>,
    #[serde(borrow)]
    messages: Option<Vec<MessageFields<'a>>>,
}

#[derive(Deserialize)]
struct MessageFields<'a> {
    version: u64,
    #[serde(borrow)]
    id: Cow<'a, str>,
}

/// Decodes a message from the server. The `id` of each of this run's messages is `id_prefix`
/// and the message's number.
///
/// # Errors
/// When it is not valid JSON, or a batch has missing fields.
fn decode(json: &[u8], id_prefix: &str) -> Result<ServerMessage, String> {
    let fields: ServerMessageFields<'_> = serde_json::from_slice(json)
        .map_err(|error| format!("the server sent invalid JSON: {error}"))?;
    Ok(match fields {
        ServerMessageFields {
            epoch: Some(epoch),
            version: Some(version),
            head: Some(head),
            messages: Some(messages),
            ..
        } if fields.r#type == "batch" => ServerMessage::Batch(DecodedBatch {
            epoch: epoch.into(),
            version,
            truncated: version < head,
            messages: messages
                .iter()
                .map(|message| (message.version, message_number(&message.id, id_prefix)))
                .collect(),
        }),
        ServerMessageFields {
            epoch: Some(epoch),
            reason: Some(reason),
            oldest: Some(oldest),
            head: Some(head),
            ..
        } => ServerMessage::Gap {
            epoch: epoch.into(),
            version: match &*reason {
                "ahead" => head,
                _ => oldest.saturating_sub(1),
            },
        },
        _ if fields.r#type == "batch" => {
            return Err("the server sent a batch with missing fields".to_owned());
        }
        _ => ServerMessage::Other,
    })
}

fn message_number(id: &str, id_prefix: &str) -> Option<u64> {
    id.strip_prefix(id_prefix)?.parse().ok()
}

/// Decodes messages, and caches the last ones: all waiting subscribers receive the same bytes,
/// so most of them need only be compared.
#[derive(Debug, Default)]
pub(super) struct BatchDecoder {
    id_prefix: Arc<str>,
    versions: Arc<MessageVersions>,
    cache: [Option<(Vec<u8>, Arc<ServerMessage>)>; Self::CACHE_SIZE],
    next: usize,
}

impl BatchDecoder {
    /// Transports and slow subscribers receive different bytes at one time, but not many.
    const CACHE_SIZE: usize = 4;

    /// Creates a decoder that recognizes this run's messages by the start of their `id`, and
    /// records their versions.
    pub(super) fn new(id_prefix: Arc<str>, versions: Arc<MessageVersions>) -> Self {
        Self {
            id_prefix,
            versions,
            ..Self::default()
        }
    }

    /// Decodes a message from the server.
    ///
    /// # Errors
    /// When it is not valid JSON, or a batch has missing fields.
    pub(super) fn decode(&mut self, json: &[u8]) -> Result<Arc<ServerMessage>, String> {
        let mut cached = self.cache.iter().flatten();
        if let Some((_, message)) = cached.find(|(bytes, _)| bytes == json) {
            return Ok(message.clone());
        }
        let message = Arc::new(decode(json, &self.id_prefix)?);
        if let ServerMessage::Batch(batch) = &*message {
            for &(version, number) in &batch.messages {
                if let Some(number) = number {
                    self.versions.record(&batch.epoch, version, number);
                }
            }
        }
        self.cache[self.next] = Some((json.to_owned(), message.clone()));
        self.next = (self.next + 1) % Self::CACHE_SIZE;
        Ok(message)
    }
}

/// Describes an error response: its status, and the problem's title if the body has one.
pub(super) fn describe_error_response(status: u16, body: &[u8]) -> String {
    #[derive(Deserialize)]
    struct ProblemTitle {
        title: String,
    }
    match serde_json::from_slice(body) {
        Ok(ProblemTitle { title }) => format!("the server responded {status} {title}"),
        Err(_) => format!("the server responded {status}"),
    }
}

/// Returns whether a request with this error status may succeed later: an overloaded server
/// recovers, but a path that it does not serve stays that way.
pub(super) fn is_retryable(status: u16) -> bool {
    matches!(status, 408 | 429 | 500..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batch_is_decoded_and_cached() {
        let json = br#"{"type":"batch","epoch":"e","since":3,"version":5,"head":9,"messages":[
            {"version":4,"id":"m-17","at":1.5,"sender":"","kind":"load","body":"x"},
            {"version":5,"id":"another","at":2,"sender":"","kind":"chat","body":{"a":[1]}}]}"#;
        let expected = ServerMessage::Batch(DecodedBatch {
            epoch: "e".into(),
            version: 5,
            truncated: true,
            messages: vec![(4, Some(17)), (5, None)],
        });
        let mut decoder = BatchDecoder::new("m-".into(), Arc::default());
        let first = decoder.decode(json).unwrap();
        assert_eq!(*first, expected);
        assert!(Arc::ptr_eq(&first, &decoder.decode(json).unwrap()));
    }

    #[test]
    fn gap_contains_new_cursor() {
        for (reason, version) in [("truncated", 6), ("epoch", 6), ("ahead", 9)] {
            let json = format!(
                r#"{{"type":"gap","title":"…","status":410,"reason":"{reason}","epoch":"e","oldest":7,"head":9}}"#
            );
            let expected = ServerMessage::Gap {
                epoch: "e".into(),
                version,
            };
            assert_eq!(decode(json.as_bytes(), "m-"), Ok(expected));
        }
    }

    #[test]
    fn other_messages_are_ignored() {
        let pong = br#"{"type":"pong","t":1,"at":2}"#;
        assert_eq!(decode(pong, "m-"), Ok(ServerMessage::Other));
    }

    #[test]
    fn invalid_messages_are_errors() {
        assert!(decode(b"{", "m-").is_err());
        assert!(decode(br#"{"type":"batch"}"#, "m-").is_err());
    }

    #[test]
    fn error_response_contains_title() {
        let problem = br#"{"type":"about:blank","title":"Too long","status":413}"#;
        let described = describe_error_response(413, problem);
        assert_eq!(described, "the server responded 413 Too long");
        let described = describe_error_response(502, b"<html>");
        assert_eq!(described, "the server responded 502");
    }

    #[test]
    fn only_temporary_errors_are_retried() {
        for status in [408, 429, 500, 503] {
            assert!(is_retryable(status), "{status}");
        }
        for status in [200, 400, 403, 404, 421, 426] {
            assert!(!is_retryable(status), "{status}");
        }
    }
}
