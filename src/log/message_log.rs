//! The log: appends messages, wakes readers, and continues from any cursor.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use tokio::sync::Notify;

use super::batch::Batch;
use super::cursor::{Cursor, Gap, GapReason};
use super::message::{EncodedMessage, NewMessage, PublishAck, Version, unix_millis};
use super::notify::{Relay, ShardedNotify, Waiter};
use super::window::{Retention, Window};

/// The log is closed and accepts no more messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogClosed;

/// Creates a random epoch: 48 bits as 12 hexadecimal digits.
pub fn new_epoch() -> String {
    format!("{:012x}", rand::random::<u64>() >> 16)
}

/// Returns whether a string has the form of an epoch. Epochs are written into JSON unescaped.
pub fn is_epoch(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// A log of messages, shared by all publishers and readers.
///
/// # Semantics
/// - [`append`](Self::append) assigns the next version. Readers wake after the lock is released.
/// - [`append_sequenced`](Self::append_sequenced) appends messages that the
///   [journal](crate::journal) has assigned versions to.
/// - [`read`](Self::read) returns exactly what follows a cursor, or the [`Gap`] that prevents it.
/// - [`changed`](Self::changed) waits until `read` has news for a cursor.
/// - [`follow`](Self::follow) is `changed` and `read` in a loop.
/// - [`close`](Self::close) ends every `changed` and `follow`; this is how the server stops.
///
/// # Example
/// ```
/// use trifold::log::{Cursor, Gap, MessageLog, NewMessage, Retention};
/// let log = MessageLog::new(Retention { messages: 100, bytes: 1 << 20 });
/// let mut cursor = Cursor::new(0);
/// assert!(log.read(&cursor)?.is_empty());
///
/// let body = serde_json::value::to_raw_value("hi").unwrap();
/// log.append(NewMessage { id: "a-1".into(), sender: "ana".into(), kind: "chat".into(), body }).unwrap();
/// let batch = log.read(&cursor)?;
/// assert_eq!((batch.since, batch.version, batch.head), (0, 1, 1));
///
/// cursor.since = batch.version;
/// assert!(log.read(&cursor)?.is_empty());
/// # Ok::<(), Gap>(())
/// ```
pub struct MessageLog {
    retention: Retention,
    /// A blocking mutex: nothing waits while it is held, so it is cheaper than an async one.
    window: Mutex<Window>,
    /// Written under the window's lock, so that nothing is appended afterwards; read without.
    closed: AtomicBool,
    notify: Arc<ShardedNotify>,
    closed_notify: Notify,
}

impl MessageLog {
    /// Creates an empty log with a new epoch.
    pub fn new(retention: Retention) -> Self {
        Self {
            retention,
            window: Mutex::new(Window::new(&new_epoch(), 1)),
            closed: AtomicBool::new(false),
            notify: Arc::default(),
            closed_notify: Notify::new(),
        }
    }

    /// Returns the log's epoch. Cursors of another epoch do not match.
    pub fn epoch(&self) -> Arc<str> {
        self.window.lock().epoch.clone()
    }

    /// Returns the epoch and the newest version.
    pub fn position(&self) -> (Arc<str>, Version) {
        let window = self.window.lock();
        (window.epoch.clone(), window.head())
    }

    /// Returns the epoch, the newest version, and that message's JSON, if the log holds it.
    pub fn newest(&self) -> (Arc<str>, Version, Option<Box<str>>) {
        let window = self.window.lock();
        let json = window.newest().map(|message| message.json.clone());
        (window.epoch.clone(), window.head(), json)
    }

    /// Returns how much the log retains.
    pub fn retention(&self) -> Retention {
        self.retention
    }

    /// Returns the epoch, the oldest version and the newest one.
    pub fn range(&self) -> (Arc<str>, Version, Version) {
        let window = self.window.lock();
        (window.epoch.clone(), window.oldest, window.head())
    }

    /// Returns the newest version; 0 before the first message.
    pub fn head(&self) -> Version {
        self.window.lock().head()
    }

    /// Returns the oldest version in the log; `head + 1` if the log is empty.
    pub fn oldest(&self) -> Version {
        self.window.lock().oldest
    }

    /// Returns the size of all encoded messages in the log, in bytes.
    pub fn bytes(&self) -> usize {
        self.window.lock().bytes
    }

    /// Returns the number of readers that wait in [`changed`](Self::changed) or
    /// [`follow`](Self::follow).
    pub fn waiter_count(&self) -> usize {
        self.notify.waiter_count()
    }

    /// Returns whether [`close`](Self::close) has been called.
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Appends a message and wakes all readers. A message whose `id` is already in the log is
    /// not appended again: the acknowledgement carries the first one's version.
    ///
    /// # Errors
    /// [`LogClosed`] after [`close`](Self::close). Nothing is appended.
    pub fn append(&self, message: NewMessage) -> Result<PublishAck, LogClosed> {
        let (epoch, version, duplicate) = {
            let mut window = self.window.lock();
            if self.is_closed() {
                return Err(LogClosed);
            }
            let epoch = window.epoch.clone();
            match window.find_version(&message.id) {
                Some(first) => (epoch, first, true),
                None => {
                    let version = window.head() + 1;
                    window.push(EncodedMessage::new(version, unix_millis(), &message));
                    window.trim(self.retention);
                    (epoch, version, false)
                }
            }
        };
        // The lock is released: a reader that wakes can read at once.
        if !duplicate {
            self.notify.notify_waiters();
        }
        Ok(PublishAck {
            epoch,
            id: message.id,
            version,
            duplicate,
        })
    }

    /// Appends messages whose versions start at `head + 1` and wakes all readers. Works after
    /// [`close`](Self::close), too: a message that is on disk must become visible.
    pub fn append_sequenced(&self, messages: impl IntoIterator<Item = EncodedMessage>) {
        {
            let mut window = self.window.lock();
            for message in messages {
                window.push(message);
                window.trim(self.retention);
            }
        }
        self.notify.notify_waiters();
    }

    /// Replaces the content: an earlier log's, or that of another epoch. Readers whose cursor does
    /// not fit get a gap.
    pub fn replace(
        &self,
        epoch: &str,
        oldest: Version,
        messages: impl IntoIterator<Item = EncodedMessage>,
    ) {
        let mut replacement = Window::new(epoch, oldest);
        for message in messages {
            replacement.push(message);
            replacement.trim(self.retention);
        }
        *self.window.lock() = replacement;
        self.notify.notify_waiters();
    }

    /// Returns the version of the message with this `id`, if the log holds it.
    pub fn find_version(&self, id: &str) -> Option<Version> {
        self.window.lock().find_version(id)
    }

    /// Returns what [`oldest`](Self::oldest) would be after these messages were appended.
    pub fn oldest_after_append<'a>(
        &self,
        messages: impl Iterator<Item = &'a EncodedMessage>,
    ) -> Version {
        let window = self.window.lock();
        window.oldest_after_append(self.retention, messages)
    }

    /// Returns the batch after the cursor: at most `cursor.limit` messages and
    /// [`MAX_BATCH_BYTES`](super::MAX_BATCH_BYTES).
    ///
    /// # Errors
    /// The [`Gap`] if the log cannot continue exactly from this cursor.
    pub fn read(&self, cursor: &Cursor) -> Result<Batch, Gap> {
        self.read_locked(cursor).map(|(batch, _)| batch)
    }

    /// Returns the batch, and whether the log is closed.
    pub(super) fn read_locked(&self, cursor: &Cursor) -> Result<(Batch, bool), Gap> {
        let mut window = self.window.lock();
        let (oldest, head) = (window.oldest, window.head());
        let gap = |reason| Gap {
            reason,
            epoch: window.epoch.clone(),
            oldest,
            head,
        };
        if !cursor.matches_epoch(&window.epoch) {
            return Err(gap(GapReason::Epoch));
        }
        if cursor.since > head {
            return Err(gap(GapReason::Ahead));
        }
        if cursor.since + 1 < oldest {
            return Err(gap(GapReason::Truncated));
        }
        let batch = window.batch(cursor.since, cursor.limit);
        Ok((batch, self.is_closed()))
    }

    /// Waits until [`read`](Self::read) has news for this cursor: a message, a gap, or the end
    /// of the log.
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing: every message is in the log.
    pub async fn changed(&self, cursor: &Cursor) {
        // Subscribe first, check second: a message published in between still wakes us.
        let mut waiter = self.subscribe();
        while !self.has_changed(cursor) {
            waiter.notified().await;
        }
    }

    /// Returns whether the log holds, or held, everything up to the cursor.
    pub fn has_reached(&self, cursor: &Cursor) -> bool {
        let window = self.window.lock();
        cursor.matches_epoch(&window.epoch) && cursor.since <= window.head()
    }

    /// Waits until the log has reached the cursor, or is closed.
    ///
    /// # Cancel safety
    /// Dropping the future has no effect.
    pub async fn reached(&self, cursor: &Cursor) {
        let mut waiter = self.subscribe();
        while !self.has_reached(cursor) && !self.is_closed() {
            waiter.notified().await;
        }
    }

    /// Returns a waiter for the next messages.
    pub(super) fn subscribe(&self) -> Waiter {
        self.notify.subscribe()
    }

    fn has_changed(&self, cursor: &Cursor) -> bool {
        let window = self.window.lock();
        self.is_closed()
            || cursor.since != window.head()
            || !cursor.matches_epoch(&window.epoch)
    }

    /// Waits until the log is closed.
    ///
    /// # Cancel safety
    /// Dropping the future has no effect.
    pub async fn closed(&self) {
        let notified = self.closed_notify.notified();
        if !self.is_closed() {
            notified.await;
        }
    }

    /// Wakes the readers of the thread on which this future is polled; see
    /// [`ShardedNotify::relay`]. Each worker thread of a server runs it in a task.
    pub fn relay_wakeups(&self) -> Relay {
        self.notify.relay()
    }

    /// Closes the log: nothing more is appended, and every wait ends. The messages can still be
    /// read.
    pub fn close(&self) {
        {
            let _window = self.window.lock();
            self.closed.store(true, Ordering::Release);
        }
        self.notify.notify_waiters();
        self.closed_notify.notify_waiters();
    }
}
