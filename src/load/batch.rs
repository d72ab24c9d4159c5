//! What a subscriber reads from the server: batches and gaps. Only what is needed to follow
//! the log is taken out.

use std::borrow::Cow;
use std::sync::Arc;

use serde::Deserialize;

/// What the server says, as far as a subscriber has to know.
#[derive(Debug, PartialEq)]
pub enum Said {
    /// Messages, and the cursor to go on from.
    Batch {
        /// The log's incarnation.
        epoch: Arc<str>,
        /// The version to ask with next.
        version: u64,
        /// Whether the batch was cut, so that there is more to ask for at once.
        is_cut: bool,
        /// Each message's version, and its number if it is one of this run's.
        messages: Vec<(u64, Option<u64>)>,
    },
    /// The log cannot continue from the cursor; the one to go on from.
    Gap {
        /// The log's incarnation.
        epoch: Arc<str>,
        /// The version to ask with next.
        version: u64,
    },
    /// Something that is no subscriber's business.
    Other,
}

#[derive(Deserialize)]
struct Raw<'a> {
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
    messages: Option<Vec<RawMessage<'a>>>,
}

#[derive(Deserialize)]
struct RawMessage<'a> {
    version: u64,
    #[serde(borrow)]
    id: Cow<'a, str>,
}

/// Reads what the server said. `mark` is what the `id` of each of this run's messages begins
/// with; its number follows.
///
/// # Errors
/// What is wrong with it.
pub fn read(json: &[u8], mark: &str) -> Result<Said, String> {
    let raw: Raw<'_> =
        serde_json::from_slice(json).map_err(|error| format!("an answer: {error}"))?;
    Ok(match raw {
        Raw {
            epoch: Some(epoch),
            version: Some(version),
            head: Some(head),
            messages: Some(messages),
            ..
        } if raw.r#type == "batch" => Said::Batch {
            epoch: epoch.into(),
            version,
            is_cut: version < head,
            messages: messages
                .iter()
                .map(|message| (message.version, number(&message.id, mark)))
                .collect(),
        },
        Raw {
            epoch: Some(epoch),
            reason: Some(reason),
            oldest: Some(oldest),
            head: Some(head),
            ..
        } => Said::Gap {
            epoch: epoch.into(),
            version: match &*reason {
                "ahead" => head,
                _ => oldest.saturating_sub(1),
            },
        },
        _ if raw.r#type == "batch" => return Err("a batch that lacks members".to_owned()),
        _ => Said::Other,
    })
}

fn number(id: &str, mark: &str) -> Option<u64> {
    id.strip_prefix(mark)?.parse().ok()
}

/// The batches that were read last. All subscribers who wait are sent the same bytes, so most
/// of them need only be compared.
#[derive(Debug, Default)]
pub struct Reader {
    mark: Arc<str>,
    known: [Option<(Vec<u8>, Arc<Said>)>; Self::KNOWN],
    next: usize,
}

impl Reader {
    /// Techniques and stragglers are sent different bytes at one time, but not many.
    const KNOWN: usize = 4;

    /// A reader that knows this run's messages by how their `id` begins.
    pub fn new(mark: Arc<str>) -> Self {
        Self {
            mark,
            ..Self::default()
        }
    }

    /// Reads what the server said.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(&mut self, json: &[u8]) -> Result<Arc<Said>, String> {
        let mut known = self.known.iter().flatten();
        if let Some((_, said)) = known.find(|(bytes, _)| bytes == json) {
            return Ok(said.clone());
        }
        let said = Arc::new(read(json, &self.mark)?);
        self.known[self.next] = Some((json.to_owned(), said.clone()));
        self.next = (self.next + 1) % Self::KNOWN;
        Ok(said)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_read() {
        let json = br#"{"type":"batch","epoch":"e","since":3,"version":5,"head":9,"messages":[
            {"version":4,"id":"m-17","at":1.5,"sender":"","kind":"load","body":"x"},
            {"version":5,"id":"another","at":2,"sender":"","kind":"chat","body":{"a":[1]}}]}"#;
        let wanted = Said::Batch {
            epoch: "e".into(),
            version: 5,
            is_cut: true,
            messages: vec![(4, Some(17)), (5, None)],
        };
        let mut reader = Reader::new("m-".into());
        assert_eq!(*reader.read(json).unwrap(), wanted);
        assert_eq!(*reader.read(json).unwrap(), wanted, "from memory");
    }

    #[test]
    fn a_gap_says_where_to_go_on() {
        for (reason, version) in [("truncated", 6), ("epoch", 6), ("ahead", 9)] {
            let json = format!(
                r#"{{"type":"gap","title":"…","status":410,"reason":"{reason}","epoch":"e","oldest":7,"head":9}}"#
            );
            let wanted = Said::Gap {
                epoch: "e".into(),
                version,
            };
            assert_eq!(read(json.as_bytes(), "m-"), Ok(wanted));
        }
    }

    #[test]
    fn what_else_is_said_is_left_alone_and_what_is_broken_is_told() {
        assert_eq!(
            read(br#"{"type":"pong","t":1,"at":2}"#, "m-"),
            Ok(Said::Other)
        );
        assert!(read(b"{", "m-").is_err());
        assert!(read(br#"{"type":"batch"}"#, "m-").is_err());
    }
}
