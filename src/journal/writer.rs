//! The writer thread: it owns the journal's file and commits messages in groups.
//!
//! A message is on disk before any reader sees it, so versions, ids and the epoch survive the
//! process however it ends. All queued messages share one transaction, because a disk takes
//! about as long for sixty messages as for one.

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use super::error::PublishError;
use super::metrics::CommitMetrics;
use super::sqlite::{SequencedMessage, SqliteFile, WriteError};
use crate::log::{MessageLog, NewMessage, PublishAck, Retention, Version};

/// Maximum number of messages that wait to be written. Further ones are rejected, so a slow disk
/// cannot fill the memory.
const QUEUE_CAPACITY: usize = 4096;

/// Maximum number of messages per commit.
const MAX_COMMIT_MESSAGES: usize = 1024;

/// Size of message bodies at which a commit is full, in bytes.
const MAX_COMMIT_BYTES: usize = 4 << 20;

/// How often the file is looked for. A deleted one is noticed after this time, also while nothing
/// is published, and a commit need not ask the file system.
const CHECK_INTERVAL: Duration = Duration::from_millis(250);

/// The publishers' end of the writer thread's queue.
pub(super) struct Journal {
    commands: mpsc::Sender<WriterCommand>,
    is_failing: Arc<AtomicBool>,
    pub(super) metrics: CommitMetrics,
}

type PublishResult = Result<PublishAck, PublishError>;

/// A message and the channel on which its publisher waits for the result.
type PendingAppend = (NewMessage, oneshot::Sender<PublishResult>);

enum WriterCommand {
    Append(PendingAppend),
    Close(oneshot::Sender<()>),
}

/// Opens a journal, creating it if necessary, and restores its log.
///
/// # Errors
/// If another server uses the file, if it is not a journal, or is corrupt, or cannot be written.
/// In these cases it is not modified.
pub(super) fn open(
    path: &Path,
    retention: Retention,
) -> io::Result<(Arc<MessageLog>, Journal)> {
    let (file, log) = SqliteFile::open(path, retention)?;
    let log = Arc::new(log);
    let (tx, rx) = mpsc::channel(QUEUE_CAPACITY);
    let metrics = CommitMetrics::default();
    let is_failing = Arc::new(AtomicBool::new(false));
    let writer = Writer {
        log: log.clone(),
        file,
        commands: rx,
        max_commit: Retention {
            messages: MAX_COMMIT_MESSAGES.min(retention.messages),
            bytes: MAX_COMMIT_BYTES.min(retention.bytes),
        },
        metrics: metrics.clone(),
        is_failing: is_failing.clone(),
        checked_at: Instant::now(),
        is_moved: false,
    };
    let runtime = Builder::new_current_thread().enable_time().build()?;
    let thread = thread::Builder::new().name("journal".to_owned());
    thread.spawn(move || writer.run(&runtime))?;
    let journal = Journal {
        commands: tx,
        is_failing,
        metrics,
    };
    Ok((log, journal))
}

impl Journal {
    /// Queues a message and waits until it is on disk.
    ///
    /// # Errors
    /// [`PublishError`] if the message is not published.
    pub(super) async fn publish(&self, message: NewMessage) -> PublishResult {
        let (result_tx, result_rx) = oneshot::channel();
        // Not `send`: senders that wait for capacity could be reordered, and the messages of one
        // socket get their versions in the order in which they were sent.
        let sent = self
            .commands
            .try_send(WriterCommand::Append((message, result_tx)));
        sent.map_err(|error| match error {
            TrySendError::Full(_) => PublishError::QueueFull,
            TrySendError::Closed(_) => PublishError::ShuttingDown,
        })?;
        result_rx.await.unwrap_or(Err(PublishError::ShuttingDown))
    }

    /// Returns whether the last commit failed, or the file is not where it was.
    pub(super) fn is_failing(&self) -> bool {
        self.is_failing.load(Ordering::Relaxed)
    }

    /// Waits until the queue is processed and the file is closed.
    pub(super) async fn close(&self) {
        let (done_tx, done_rx) = oneshot::channel();
        if self
            .commands
            .send(WriterCommand::Close(done_tx))
            .await
            .is_ok()
        {
            let _ = done_rx.await;
        }
    }
}

/// The state of the writer thread.
struct Writer {
    log: Arc<MessageLog>,
    file: SqliteFile,
    commands: mpsc::Receiver<WriterCommand>,
    /// Maximum size of a commit. Never more than the log retains: the first messages would be
    /// evicted before they could be read.
    max_commit: Retention,
    metrics: CommitMetrics,
    /// Whether the last commit failed, or the file is not where it was. Logged on change, not
    /// for every publisher.
    is_failing: Arc<AtomicBool>,
    /// When the file was looked for, and whether it was elsewhere.
    checked_at: Instant,
    is_moved: bool,
}

/// The commands that share a commit.
#[derive(Default)]
struct CommitBatch {
    appends: Vec<PendingAppend>,
    bytes: usize,
    close: Option<oneshot::Sender<()>>,
}

impl Writer {
    fn run(mut self, runtime: &Runtime) {
        let mut close = None;
        while close.is_none() {
            let received = async { timeout(CHECK_INTERVAL, self.commands.recv()).await };
            match runtime.block_on(received) {
                Ok(Some(first)) => {
                    let mut batch = self.collect_batch(first);
                    close = batch.close.take();
                    self.commit_and_publish(batch.appends);
                }
                Ok(None) => break,
                Err(_) => self.check_while_idle(),
            }
        }
        drop(self);
        if let Some(done) = close {
            let _ = done.send(()); // the caller may be gone
        }
    }

    fn check_while_idle(&mut self) {
        let was_moved = self.is_moved;
        match self.check_file() {
            Err(error) => self.report_failure(&error),
            Ok(()) if was_moved => self.report_success(),
            Ok(()) => {}
        }
    }

    /// Looks for the file, if that is due.
    fn check_file(&mut self) -> Result<(), WriteError> {
        if !self.is_moved && self.checked_at.elapsed() < CHECK_INTERVAL {
            return Ok(());
        }
        self.checked_at = Instant::now();
        let result = self.file.check_in_place();
        self.is_moved = result.is_err();
        result
    }

    /// Takes everything from the queue that fits into one commit.
    fn collect_batch(&mut self, first: WriterCommand) -> CommitBatch {
        let mut batch = CommitBatch::default();
        batch.add(first);
        while !batch.is_full(self.max_commit)
            && let Ok(command) = self.commands.try_recv()
        {
            batch.add(command);
        }
        batch
    }

    /// Writes, then publishes, then replies: no reader sees a message that a crash could lose,
    /// and no publisher gets an acknowledgement for one.
    fn commit_and_publish(&mut self, appends: Vec<PendingAppend>) {
        if self.log.is_closed() {
            for (_, publisher) in appends {
                let _ = publisher.send(Err(PublishError::ShuttingDown));
            }
            return;
        }
        let head = self.log.head();
        let (assignments, messages) = assign_versions(&appends, &self.log);
        let is_written = self.write(&messages);
        if is_written && !messages.is_empty() {
            let encoded = messages.into_iter().map(|message| message.encoded);
            self.log.append_sequenced(encoded);
        }
        for ((message, publisher), assignment) in appends.into_iter().zip(assignments) {
            let result = match is_written || assignment.version <= head {
                true => Ok(self.acknowledge(message.id, assignment)),
                false => Err(PublishError::StorageFailed),
            };
            let _ = publisher.send(result); // the publisher may be gone
        }
    }

    fn acknowledge(&self, id: String, assignment: Assignment) -> PublishAck {
        PublishAck {
            epoch: self.log.epoch().clone(),
            id,
            version: assignment.version,
            duplicate: assignment.duplicate,
        }
    }

    /// Writes the messages and returns whether they are on disk.
    fn write(&mut self, messages: &[SequencedMessage]) -> bool {
        if messages.is_empty() {
            return true;
        }
        let encoded = messages.iter().map(|message| &message.encoded);
        let oldest = self.log.oldest_after_append(encoded);
        let started = Instant::now();
        let checked = self.check_file();
        match checked.and_then(|()| self.file.write(messages, oldest)) {
            Ok(()) => {
                self.metrics
                    .record_success(messages.len(), started.elapsed());
                self.report_success();
                true
            }
            Err(error) => {
                self.metrics.record_failure();
                self.report_failure(&error);
                false
            }
        }
    }

    fn report_success(&self) {
        if self.is_failing.swap(false, Ordering::Relaxed) {
            log::info!("journal: messages can be written again");
        }
    }

    fn report_failure(&self, error: &WriteError) {
        if !self.is_failing.swap(true, Ordering::Relaxed) {
            log::error!("journal: messages cannot be written: {error}");
        }
    }
}

impl CommitBatch {
    fn add(&mut self, command: WriterCommand) {
        match command {
            WriterCommand::Close(done) => self.close = Some(done),
            WriterCommand::Append(append) => {
                self.bytes += append.0.max_encoded_len();
                self.appends.push(append);
            }
        }
    }

    fn is_full(&self, max: Retention) -> bool {
        self.appends.len() >= max.messages
            || self.bytes >= max.bytes
            || self.close.is_some()
    }
}

/// The version of a message, and whether it had that version before.
struct Assignment {
    version: Version,
    duplicate: bool,
}

/// Assigns a version to each message of a commit. An `id` that the log holds, or that occurs
/// twice in the commit, refers to its first occurrence.
fn assign_versions<'a>(
    appends: &'a [PendingAppend],
    log: &MessageLog,
) -> (Vec<Assignment>, Vec<SequencedMessage<'a>>) {
    let head = log.head();
    let mut assignments = Vec::with_capacity(appends.len());
    let mut messages: Vec<SequencedMessage> = Vec::with_capacity(appends.len());
    let mut in_this_commit: HashMap<&str, Version> = HashMap::new();
    for (message, _) in appends {
        let known = log.find_version(&message.id);
        let known = known.or_else(|| in_this_commit.get(&*message.id).copied());
        let version = known.unwrap_or(head + 1 + messages.len() as Version);
        assignments.push(Assignment {
            version,
            duplicate: known.is_some(),
        });
        if known.is_none() {
            in_this_commit.insert(&message.id, version);
            messages.push(SequencedMessage::new(version, message));
        }
    }
    (assignments, messages)
}
