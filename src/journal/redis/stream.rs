//! The stream and its indexes: what is sent to Redis, and what comes back.

use std::time::Duration;

use derive_more::{Display, From};
use redis::aio::MultiplexedConnection;
use redis::{RedisError, Script};

use crate::log::{EncodedMessage, NewMessage, Retention, Version};

/// Maximum number of messages that one command reads, and their size that is aimed at, in bytes: a
/// page has to arrive before the response times out, also over a slow link.
const MAX_PAGE_MESSAGES: usize = 500;
const PAGE_BYTES: usize = 1 << 20;

/// Number of messages in the first page that a connection reads: their size is not known yet.
pub(super) const FIRST_PAGE_MESSAGES: usize = 16;

/// The keys of a log. The part in braces puts all of them into one slot of a cluster.
pub(super) struct Stream {
    name: String,
    state: String,
    ids: String,
    append: Script,
    attach: Script,
}

/// Why the stream cannot be used.
#[derive(Debug, Display, From)]
pub(super) enum StreamError {
    Redis(RedisError),
    #[from(ignore)]
    Unsuitable(String),
}

/// An entry: `0-<version>`, and the fields `id` and `json` with their values.
type Entry = (String, (String, String, String, String));

/// What follows a version.
pub(super) struct Page {
    /// The version of the first message; later ones follow without a gap.
    pub(super) first: Version,
    pub(super) messages: Vec<EncodedMessage>,
    /// Epoch and head, read after the messages: if the epoch is still the same, they belong to it.
    pub(super) epoch: Option<String>,
    pub(super) head: Version,
    /// How many messages the next page should have.
    pub(super) next_count: usize,
}

/// A message's version, and whether its `id` had it before.
#[derive(Debug, Clone, Copy)]
pub(super) struct Assignment {
    pub(super) version: Version,
    pub(super) duplicate: bool,
}

/// The process that answers on a connection.
pub(super) struct RedisProcess {
    pub(super) run_id: String,
    /// Whether a restart keeps every message that it acknowledges.
    pub(super) is_durable: bool,
}

/// What a server's log holds, for the comparison with the stream; nothing while it starts.
#[derive(Default)]
pub(super) struct Held {
    pub(super) epoch: String,
    pub(super) head: Version,
    pub(super) newest: String,
}

/// The stream as it is after the comparison.
pub(super) struct Attached {
    pub(super) epoch: String,
    pub(super) oldest: Version,
    pub(super) head: Version,
    /// Why a new epoch began, if one did.
    pub(super) reason: Option<String>,
}

impl Stream {
    pub(super) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            state: format!("{{{name}}}:state"),
            ids: format!("{{{name}}}:ids"),
            append: Script::new(include_str!("append.lua")),
            attach: Script::new(include_str!("attach.lua")),
        }
    }

    /// Compares the log with the stream; creates the stream if there is none.
    ///
    /// # Errors
    /// If the keys are not those of a log, or Redis does not answer.
    pub(super) async fn attach(
        &self,
        connection: &mut MultiplexedConnection,
        candidate: &str,
        process: &RedisProcess,
        held: &Held,
    ) -> Result<Attached, StreamError> {
        let mut call = self.attach.prepare_invoke();
        call.key(&self.name).key(&self.state).key(&self.ids);
        call.arg(candidate).arg(&process.run_id);
        call.arg(u8::from(process.is_durable));
        call.arg(&held.epoch).arg(held.head).arg(&held.newest);
        let reply: Vec<String> = call.invoke_async(connection).await?;
        match <[String; 4]>::try_from(reply) {
            Ok([epoch, oldest, head, reason]) => Ok(Attached {
                epoch,
                oldest: parse_version(&oldest)?,
                head: parse_version(&head)?,
                reason: Some(reason).filter(|reason| !reason.is_empty()),
            }),
            Err(reason) => Err(StreamError::Unsuitable(reason.concat())),
        }
    }

    /// Appends messages in one step. Returns `None` if the stream has another epoch or is damaged:
    /// then nothing is appended, and the connection has to be attached again.
    ///
    /// # Errors
    /// If Redis rejects the messages or does not answer.
    pub(super) async fn append<'a>(
        &self,
        connection: &mut MultiplexedConnection,
        epoch: &str,
        retention: Retention,
        messages: impl Iterator<Item = &'a NewMessage>,
    ) -> Result<Option<Vec<Assignment>>, StreamError> {
        let mut call = self.append.prepare_invoke();
        call.key(&self.name).key(&self.state).key(&self.ids);
        call.arg(epoch).arg(retention.messages).arg(retention.bytes);
        for message in messages {
            let (before_at, after_at) = EncodedMessage::parts(message);
            call.arg(&message.id).arg(before_at).arg(after_at);
        }
        let reply: Vec<String> = call.invoke_async(connection).await?;
        if reply.is_empty() {
            return Ok(None);
        }
        let assignments = reply[1..].chunks_exact(2).map(|pair| {
            Ok(Assignment {
                version: parse_version(&pair[0])?,
                duplicate: pair[1] == "1",
            })
        });
        assignments.collect::<Result<_, _>>().map(Some)
    }

    /// Removes the messages that are not retained, if the stream still has this epoch.
    ///
    /// # Errors
    /// If Redis does not answer.
    pub(super) async fn trim(
        &self,
        connection: &mut MultiplexedConnection,
        epoch: &str,
        retention: Retention,
    ) -> Result<(), StreamError> {
        let none = std::iter::empty();
        self.append(connection, epoch, retention, none).await?;
        Ok(())
    }

    /// Reads what follows a version. If there is nothing, waits for it for `block`.
    ///
    /// # Errors
    /// If Redis does not answer, or an entry is not a message.
    pub(super) async fn read(
        &self,
        connection: &mut MultiplexedConnection,
        after: Version,
        count: usize,
        block: Option<Duration>,
    ) -> Result<Page, StreamError> {
        let mut commands = redis::pipe();
        commands.cmd("XREAD").arg("COUNT").arg(count);
        if let Some(block) = block {
            commands.arg("BLOCK").arg(block.as_millis() as u64);
        }
        let position = format!("0-{after}");
        commands.arg("STREAMS").arg(&self.name).arg(position);
        let fields = ["epoch", "head", "bytes"];
        commands.cmd("HMGET").arg(&self.state).arg(&fields);
        commands.cmd("XLEN").arg(&self.name);
        type Streams = Option<Vec<(String, Vec<Entry>)>>;
        type State = (Option<String>, Option<Version>, Option<usize>);
        let (streams, (epoch, head, bytes), length): (Streams, State, usize) =
            commands.query_async(connection).await?;
        let message_bytes = (bytes.unwrap_or(0) / length.max(1)).max(1);
        let entries = streams.unwrap_or_default().into_iter().next();
        let entries = entries.map(|(_, entries)| entries).unwrap_or_default();
        let first = match entries.first() {
            Some((position, _)) => parse_position(position)?,
            None => after + 1,
        };
        let messages = entries.into_iter().zip(first..).map(decode);
        Ok(Page {
            first,
            messages: messages.collect::<Result<_, _>>()?,
            epoch,
            head: head.unwrap_or(0),
            next_count: (PAGE_BYTES / message_bytes).clamp(1, MAX_PAGE_MESSAGES),
        })
    }

    /// Returns epoch and head.
    ///
    /// # Errors
    /// If Redis does not answer.
    pub(super) async fn head(
        &self,
        connection: &mut MultiplexedConnection,
    ) -> Result<(Option<String>, Option<Version>), RedisError> {
        let mut command = redis::cmd("HMGET");
        command.arg(&self.state).arg(&["epoch", "head"]);
        command.query_async(connection).await
    }
}

fn parse_version(text: &str) -> Result<Version, StreamError> {
    let unexpected = |_| StreamError::Unsuitable(format!("unexpected version {text}"));
    text.parse().map_err(unexpected)
}

fn parse_position(position: &str) -> Result<Version, StreamError> {
    let version = position.strip_prefix("0-").unwrap_or_default();
    parse_version(version)
}

/// Checks that an entry is the message that is expected at its place.
fn decode(
    ((position, (id_name, id, json_name, json)), version): (Entry, Version),
) -> Result<EncodedMessage, StreamError> {
    let is_expected = (&*id_name, &*json_name) == ("id", "json")
        && parse_position(&position)? == version;
    match is_expected {
        true => Ok(EncodedMessage::from_json(&id, json)),
        false => Err(StreamError::Unsuitable(format!(
            "entry {position} of the stream is not message {version}"
        ))),
    }
}
