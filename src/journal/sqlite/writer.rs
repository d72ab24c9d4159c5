//! The writer thread: it owns the file and commits messages in groups.
//!
//! All queued messages share one transaction, because a disk takes about as long for sixty
//! messages as for one.

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::file::{SequencedMessage, SqliteFile, WriteError};
use crate::journal::error::{PublishError, Unavailable};
use crate::journal::queue::{Command, CommitBatch, PendingAppend, reject};
use crate::journal::status::Status;
use crate::log::{MessageLog, PublishAck, Retention, Version};

/// Maximum number of messages per commit.
const MAX_COMMIT_MESSAGES: usize = 1024;

/// Size of message bodies at which a commit is full, in bytes.
const MAX_COMMIT_BYTES: usize = 4 << 20;

/// How often the file is looked for. A deleted one is noticed after this time, also while nothing
/// is published, and a commit need not ask the file system.
const CHECK_INTERVAL: Duration = Duration::from_millis(250);

/// Opens the file, restores the log, and starts the thread.
///
/// # Errors
/// If the file cannot be used; it is not modified then.
pub(super) fn start(
    path: &Path,
    log: Arc<MessageLog>,
    status: Arc<Status>,
    commands: mpsc::Receiver<Command>,
) -> io::Result<()> {
    let retention = log.retention();
    let writer = Writer {
        file: SqliteFile::open(path, &log)?,
        log,
        commands,
        max_commit: Retention {
            messages: MAX_COMMIT_MESSAGES.min(retention.messages),
            bytes: MAX_COMMIT_BYTES.min(retention.bytes),
        },
        status,
        checked_at: Instant::now(),
        is_moved: false,
    };
    let runtime = Builder::new_current_thread().enable_time().build()?;
    let thread = thread::Builder::new().name("journal".to_owned());
    thread.spawn(move || writer.run(&runtime))?;
    Ok(())
}

/// The state of the writer thread.
struct Writer {
    log: Arc<MessageLog>,
    file: SqliteFile,
    commands: mpsc::Receiver<Command>,
    /// Maximum size of a commit. Never more than the log retains: the first messages would be
    /// evicted before they could be read.
    max_commit: Retention,
    status: Arc<Status>,
    /// When the file was looked for, and whether it was elsewhere.
    checked_at: Instant,
    is_moved: bool,
}

impl Writer {
    fn run(mut self, runtime: &Runtime) {
        let mut close = None;
        while close.is_none() {
            let received = async { timeout(CHECK_INTERVAL, self.commands.recv()).await };
            match runtime.block_on(received) {
                Ok(Some(first)) => {
                    let max = self.max_commit;
                    let batch = CommitBatch::collect(first, &mut self.commands, max);
                    self.commit_and_publish(batch.appends);
                    match batch.last {
                        Some(Command::Close(done)) => close = Some(done),
                        Some(Command::Trim(done)) => {
                            let _ = done.send(self.trim()); // the caller may be gone
                        }
                        Some(Command::Append(_)) | None => {}
                    }
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
            Err(error) => self.status.report_failure(&error),
            Ok(()) if was_moved => self.status.report_success(),
            Ok(()) => {}
        }
    }

    fn trim(&mut self) -> Result<(), Unavailable> {
        let trimmed = self.file.write(&[], self.log.oldest());
        trimmed.map_err(|error| Unavailable(error.to_string()))
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

    /// Writes, then publishes, then replies: no reader sees a message that a crash could lose,
    /// and no publisher gets an acknowledgement for one.
    fn commit_and_publish(&mut self, appends: Vec<PendingAppend>) {
        if self.log.is_closed() {
            return reject(appends, PublishError::ShuttingDown);
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
            epoch: self.log.epoch(),
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
                let metrics = &self.status.metrics;
                metrics.record_success(messages.len(), started.elapsed());
                self.status.report_success();
                true
            }
            Err(error) => {
                self.status.metrics.record_failure();
                self.status.report_failure(&error);
                false
            }
        }
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
