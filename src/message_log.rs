//! The message log: everything published gets the next version, and any reader may ask for
//! what came after the version that it holds.

use std::collections::{HashMap, VecDeque};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use actix_http::ws::{OpCode, Parser};
use bytes::{Bytes, BytesMut};
use futures_util::Stream;
use parking_lot::Mutex;
use serde::Serialize;
use serde_json::value::RawValue;
use tokio::sync::Notify;

use crate::bell::{Bell, Listener};
use crate::cursor::Cursor;

/// A message's place in the log: 1, 2, 3, … without holes. 0 is before the first.
pub type Version = u64;

/// Most bytes of messages in one batch. A batch holds at least one message, however big.
pub const BATCH_BYTES: usize = 1 << 20;

/// Most batches remembered for readers that ask for the same one. They are forgotten with
/// the next message, so this bounds memory to 16 batches of [`BATCH_BYTES`].
const BATCHES_REMEMBERED: usize = 16;

/// The time as messages carry it: milliseconds since the Unix epoch, with microseconds as
/// decimals. A reading of the wall clock: it may jump, so nothing is ordered by it.
pub fn now() -> f64 {
    let since_1970 = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    since_1970.as_micros() as f64 / 1000.0
}

/// The name of a new log: 48 random bits, as 12 hexadecimal digits.
pub fn new_epoch() -> String {
    format!("{:012x}", rand::random::<u64>() >> 16)
}

/// Whether a text has the form of an epoch. It goes into JSON as it is.
pub fn is_epoch(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|own| own.is_ascii_hexdigit())
}

/// Encodes what the server says as JSON.
pub fn encode(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("the server's own types always encode")
}

/// A message on its way into the log: it has no version yet.
#[derive(Debug, Clone)]
pub struct Publication {
    /// The publisher's name for this message: the same `id` again is the same message.
    pub id: String,
    /// Who says it.
    pub sender: String,
    /// What sort of message it is, for example `chat`.
    pub kind: String,
    /// Any JSON value; readers get it byte for byte.
    pub body: Box<RawValue>,
}

/// What a publisher is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename = "published")]
pub struct Published {
    /// The log's incarnation.
    pub epoch: Arc<str>,
    /// The message's `id`: the publisher's, or the server's where none was sent.
    pub id: String,
    /// Its place in the log.
    pub version: Version,
    /// Whether this `id` was in the log already; then nothing was appended.
    pub duplicate: bool,
}

/// A numbered message, as readers get it.
#[derive(Serialize)]
struct Message<'a> {
    version: Version,
    id: &'a str,
    at: f64,
    sender: &'a str,
    kind: &'a str,
    body: &'a RawValue,
}

/// What came after a cursor, put together once for everyone who asks for it.
#[derive(Debug, Clone)]
pub struct Batch {
    /// The version that the reader said it holds.
    pub since: Version,
    /// The version to ask with next: the last message's, or `since` when nothing is new.
    pub version: Version,
    /// The newest version in the log. `version < head` means that the batch was cut.
    pub head: Version,
    /// When the newest message in the log was numbered.
    pub numbered: Instant,
    /// The batch as JSON.
    pub json: Bytes,
    /// The same bytes behind the header of a WebSocket text frame. What a server sends is
    /// not masked (RFC 6455 §5.1), so one frame serves every socket.
    pub frame: Bytes,
}

impl Batch {
    /// Whether there was no news.
    pub fn is_empty(&self) -> bool {
        self.version == self.since
    }

    fn new(
        epoch: &str,
        since: Version,
        head: Version,
        numbered: Instant,
        messages: &[&str],
    ) -> Self {
        let version = since + messages.len() as Version;
        let mut json = format!(
            r#"{{"type":"batch","epoch":"{epoch}","since":{since},"version":{version},"head":{head},"messages":["#
        );
        for (index, message) in messages.iter().enumerate() {
            if index > 0 {
                json.push(',');
            }
            json.push_str(message);
        }
        json.push_str("]}");
        let frame = text_frame(&json);
        let json = frame.slice(frame.len() - json.len()..);
        Self {
            since,
            version,
            head,
            numbered,
            json,
            frame,
        }
    }
}

/// One unmasked WebSocket text frame (RFC 6455 §5.2).
pub fn text_frame(json: &str) -> Bytes {
    let mut frame = BytesMut::with_capacity(json.len() + 10);
    Parser::write_message(&mut frame, json, OpCode::Text, true, false);
    frame.freeze()
}

/// Why the log cannot continue from a cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Reason {
    /// The cursor is older than what is kept.
    Truncated,
    /// The cursor belongs to another incarnation of the log.
    Epoch,
    /// The cursor is a version that does not exist yet.
    Ahead,
}

impl Reason {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Truncated, Self::Epoch, Self::Ahead];

    /// Its name, as in the JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Truncated => "truncated",
            Self::Epoch => "epoch",
            Self::Ahead => "ahead",
        }
    }
}

/// The log cannot continue from a cursor exactly, and says so instead of guessing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// Why not.
    pub reason: Reason,
    /// The log's incarnation.
    pub epoch: Arc<str>,
    /// The oldest version kept; `head + 1` while nothing is.
    pub oldest: Version,
    /// The newest version.
    pub head: Version,
}

/// The log is closed: it takes no more messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Closed;

/// How much a log keeps. The newest message is kept whatever its size.
#[derive(Debug, Clone, Copy)]
pub struct Retention {
    /// Most messages.
    pub messages: usize,
    /// Most bytes of encoded messages.
    pub bytes: usize,
}

impl Retention {
    fn holds(&self, messages: usize, bytes: usize) -> bool {
        messages <= self.messages && bytes <= self.bytes
    }
}

/// One versioned log of messages, shared by all who publish and read.
///
/// # Semantics
/// - [`append`](Self::append) gives the next version; readers wake after the lock is let go.
/// - [`extend`](Self::extend) takes what was given its version elsewhere: by the
///   [journal](crate::sequencer::journal).
/// - [`after`](Self::after) answers from any cursor exactly, or with the [`Gap`] that says why
///   it cannot.
/// - [`changed`](Self::changed) waits until `after` has something to say.
/// - [`follow`](Self::follow) is the two in a loop.
/// - [`close`](Self::close) ends every wait and every `follow`: this is how the server stops.
///
/// # Example
/// ```
/// use trifold::{Cursor, MessageLog, Publication, Retention};
/// let log = MessageLog::new(Retention { messages: 100, bytes: 1 << 20 });
/// let mut cursor = Cursor::new(0);
/// assert!(log.after(&cursor)?.is_empty());
///
/// let body = serde_json::value::to_raw_value("hi").unwrap();
/// log.append(Publication { id: "a-1".into(), sender: "ana".into(), kind: "chat".into(), body }).unwrap();
/// let batch = log.after(&cursor)?;
/// assert_eq!((batch.since, batch.version, batch.head), (0, 1, 1));
///
/// cursor.since = batch.version;
/// assert!(log.after(&cursor)?.is_empty());
/// # Ok::<(), trifold::Gap>(())
/// ```
pub struct MessageLog {
    epoch: Arc<str>,
    retention: Retention,
    window: Mutex<Window>,
    /// Set under the window's lock, so that nothing is appended after it; read without.
    closed: AtomicBool,
    news: Arc<Bell>,
    closing: Notify,
}

/// What is kept, under one lock. Neither encoding a message nor copying a batch waits for
/// anything, so a blocking mutex is cheaper here than an asynchronous one.
struct Window {
    oldest: Version,
    kept: VecDeque<Kept>,
    bytes: usize,
    versions: HashMap<Arc<str>, Version>,
    batches: Vec<(usize, Batch)>,
    /// When the newest message was numbered.
    numbered: Instant,
}

/// A numbered message, encoded: what the window holds of it.
pub struct Kept {
    id: Arc<str>,
    json: Box<str>,
}

impl Kept {
    /// Encodes a message that has got its version, and the time `at` which it got it.
    pub fn new(version: Version, at: f64, new: &Publication) -> Self {
        let json = encode(&Message {
            version,
            id: &new.id,
            at,
            sender: &new.sender,
            kind: &new.kind,
            body: &new.body,
        });
        Self {
            id: new.id.as_str().into(),
            json: json.into(),
        }
    }

    fn len(&self) -> usize {
        self.json.len()
    }
}

impl Window {
    fn new(oldest: Version) -> Self {
        Self {
            oldest,
            kept: VecDeque::new(),
            bytes: 0,
            versions: HashMap::new(),
            batches: Vec::new(),
            numbered: Instant::now(),
        }
    }

    /// Derived, so that it cannot disagree with what is kept.
    fn head(&self) -> Version {
        self.oldest + self.kept.len() as Version - 1
    }

    fn push(&mut self, message: Kept) {
        let version = self.head() + 1;
        self.bytes += message.json.len();
        self.versions.insert(message.id.clone(), version);
        self.kept.push_back(message);
        self.batches.clear();
        self.numbered = Instant::now();
    }

    fn trim(&mut self, retention: Retention) {
        while self.kept.len() > 1 && !retention.holds(self.kept.len(), self.bytes) {
            if let Some(gone) = self.kept.pop_front() {
                self.oldest += 1;
                self.bytes -= gone.json.len();
                self.versions.remove(&gone.id);
            }
        }
    }

    fn batch(&mut self, epoch: &str, since: Version, limit: usize) -> Batch {
        let is_same =
            |(own, batch): &&(usize, Batch)| (*own, batch.since) == (limit, since);
        if let Some((_, known)) = self.batches.iter().find(is_same) {
            return known.clone();
        }
        let mut room = BATCH_BYTES;
        let messages: Vec<&str> = self
            .kept
            .range((since + 1 - self.oldest) as usize..)
            .map(|kept| &*kept.json)
            .take(limit)
            .enumerate()
            .take_while(|(index, json)| {
                let fits = json.len() <= room;
                room = room.saturating_sub(json.len());
                *index == 0 || fits
            })
            .map(|(_, json)| json)
            .collect();
        let batch = Batch::new(epoch, since, self.head(), self.numbered, &messages);
        if self.batches.len() < BATCHES_REMEMBERED {
            self.batches.push((limit, batch.clone()));
        }
        batch
    }
}

impl MessageLog {
    /// An empty log with an epoch of its own.
    pub fn new(retention: Retention) -> Self {
        Self::restored(retention, &new_epoch(), 1)
    }

    /// A log that goes on where one of this epoch ended. What was kept of it is still to be
    /// [`extend`](Self::extend)ed by, from the version `oldest` on.
    pub fn restored(retention: Retention, epoch: &str, oldest: Version) -> Self {
        Self {
            epoch: epoch.into(),
            retention,
            window: Mutex::new(Window::new(oldest)),
            closed: AtomicBool::new(false),
            news: Arc::default(),
            closing: Notify::new(),
        }
    }

    /// This incarnation of the log: a cursor taken from another one does not fit.
    pub fn epoch(&self) -> &Arc<str> {
        &self.epoch
    }

    /// The newest version; 0 while there is none.
    pub fn head(&self) -> Version {
        self.window.lock().head()
    }

    /// The oldest version kept; `head + 1` while nothing is.
    pub fn oldest(&self) -> Version {
        self.window.lock().oldest
    }

    /// The bytes of all messages that are kept, encoded.
    pub fn bytes(&self) -> usize {
        self.window.lock().bytes
    }

    /// How many readers are asleep, in [`changed`](Self::changed) or in
    /// [`follow`](Self::follow).
    pub fn waiting(&self) -> usize {
        self.news.asleep()
    }

    /// Whether [`close`](Self::close) was called.
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Numbers a message, keeps it, and wakes all who wait. A message whose `id` is kept
    /// already is not appended: the answer then names the first one's version.
    ///
    /// # Errors
    /// [`Closed`] after [`close`](Self::close); nothing is appended.
    pub fn append(&self, new: Publication) -> Result<Published, Closed> {
        let (version, duplicate) = {
            let mut window = self.window.lock();
            if self.is_closed() {
                return Err(Closed);
            }
            match window.versions.get(new.id.as_str()) {
                Some(&first) => (first, true),
                None => {
                    let version = window.head() + 1;
                    window.push(Kept::new(version, now(), &new));
                    window.trim(self.retention);
                    (version, false)
                }
            }
        };
        // The lock is free by now: whoever wakes reads the log at once.
        if !duplicate {
            self.news.ring();
        }
        Ok(Published {
            epoch: self.epoch.clone(),
            id: new.id,
            version,
            duplicate,
        })
    }

    /// Appends messages that somebody else has numbered, from `head + 1` on, and wakes all who
    /// wait. Also after [`close`](Self::close): where it is written down, it is published.
    pub fn extend(&self, numbered: impl IntoIterator<Item = Kept>) {
        {
            let mut window = self.window.lock();
            for message in numbered {
                window.push(message);
                window.trim(self.retention);
            }
        }
        self.news.ring();
    }

    /// The version of the message of this `id`, while it is kept.
    pub fn version_of(&self, id: &str) -> Option<Version> {
        self.window.lock().versions.get(id).copied()
    }

    /// What [`oldest`](Self::oldest) will be once the log is extended by these messages.
    pub fn oldest_after<'a>(&self, more: impl Iterator<Item = &'a Kept>) -> Version {
        let more: Vec<usize> = more.map(Kept::len).collect();
        let window = self.window.lock();
        let mut messages = window.kept.len() + more.len();
        let mut bytes = window.bytes + more.iter().sum::<usize>();
        let mut oldest = window.oldest;
        for length in window.kept.iter().map(Kept::len).chain(more) {
            if messages <= 1 || self.retention.holds(messages, bytes) {
                break;
            }
            messages -= 1;
            bytes -= length;
            oldest += 1;
        }
        oldest
    }

    /// What came after the cursor, at most `cursor.limit` messages and [`BATCH_BYTES`].
    ///
    /// # Errors
    /// The [`Gap`] when the log cannot continue from this cursor exactly.
    pub fn after(&self, cursor: &Cursor) -> Result<Batch, Gap> {
        self.look(cursor).map(|(batch, _)| batch)
    }

    /// The same, and whether the log is closed.
    fn look(&self, cursor: &Cursor) -> Result<(Batch, bool), Gap> {
        let mut window = self.window.lock();
        let (oldest, head) = (window.oldest, window.head());
        let gap = |reason| Gap {
            reason,
            epoch: self.epoch.clone(),
            oldest,
            head,
        };
        if !cursor.is_of(&self.epoch) {
            return Err(gap(Reason::Epoch));
        }
        if cursor.since > head {
            return Err(gap(Reason::Ahead));
        }
        if cursor.since + 1 < oldest {
            return Err(gap(Reason::Truncated));
        }
        let batch = window.batch(&self.epoch, cursor.since, cursor.limit);
        Ok((batch, self.is_closed()))
    }

    /// Waits until [`after`](Self::after) has something to say about this cursor: news, or a
    /// gap, or that the log is closed.
    ///
    /// # Cancel safety
    /// Dropping the future forgets nothing: all that was waited for is in the log.
    pub async fn changed(&self, cursor: &Cursor) {
        // Listen first, look second: a message published in between still wakes us.
        let mut news = self.news.listen();
        while !self.is_news(cursor) {
            news.rung().await;
        }
    }

    fn is_news(&self, cursor: &Cursor) -> bool {
        let window = self.window.lock();
        self.is_closed() || cursor.since != window.head() || !cursor.is_of(&self.epoch)
    }

    /// Every batch after the cursor, as it happens. The last item says why there are no more.
    ///
    /// The cursor is all that a reader costs: while it does not ask, nothing is queued for
    /// it, and what it asks for next is then a bigger batch.
    ///
    /// # Cancel safety
    /// Dropping the stream forgets nothing; a new one continues from the last batch's version.
    pub fn follow(self: Arc<Self>, cursor: Cursor) -> Follow {
        Follow {
            news: self.news.listen(),
            log: self,
            cursor,
            step: Step::Look,
        }
    }

    /// Waits until the log is closed.
    ///
    /// # Cancel safety
    /// Dropping the future forgets nothing.
    pub async fn closed(&self) {
        let woken = self.closing.notified();
        if !self.is_closed() {
            woken.await;
        }
    }

    /// Ends the log: nothing more is appended, and nobody waits any longer. What is kept can
    /// still be read.
    pub fn close(&self) {
        {
            let _window = self.window.lock();
            self.closed.store(true, Ordering::Release);
        }
        self.news.ring();
        self.closing.notify_waiters();
    }
}

/// Why a follower gets no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// The log cannot continue from where the follower stands.
    Gap(Gap),
    /// The log is closed, and all that it holds was told.
    Closed,
}

/// [`MessageLog::follow`]: `changed` and `after` in a loop. It is written out as a stream, and
/// not as an `async` block, because it is polled for each message and each reader.
pub struct Follow {
    log: Arc<MessageLog>,
    cursor: Cursor,
    news: Listener,
    step: Step,
}

/// What a follower does next.
enum Step {
    Look,
    Sleep,
    End,
}

impl Follow {
    /// Looks once: `None` when there is nothing new.
    fn look(&mut self) -> Option<Result<Batch, End>> {
        let (batch, closed) = match self.log.look(&self.cursor) {
            Ok(seen) => seen,
            Err(gap) => return Some(self.end(End::Gap(gap))),
        };
        if closed && batch.is_empty() {
            return Some(self.end(End::Closed));
        }
        if !closed && batch.version == batch.head {
            self.step = Step::Sleep; // that was all
        }
        self.cursor.since = batch.version;
        (!batch.is_empty()).then_some(Ok(batch))
    }

    fn end(&mut self, why: End) -> Result<Batch, End> {
        self.step = Step::End;
        Err(why)
    }
}

impl Stream for Follow {
    type Item = Result<Batch, End>;

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Self::Item>> {
        loop {
            match self.step {
                Step::Look => {
                    if let Some(found) = self.look() {
                        return Poll::Ready(Some(found));
                    }
                }
                Step::Sleep => {
                    ready!(self.news.poll_rung(context));
                    self.step = Step::Look;
                }
                Step::End => return Poll::Ready(None),
            }
        }
    }
}
