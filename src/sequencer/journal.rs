//! The journal: a message is in a file before anybody hears of it, so versions, ids and the
//! epoch outlive the process, however it ends.
//!
//! One thread owns the file. All that it finds waiting it writes in one transaction, because a
//! disk takes about as long for sixty messages as for one.

use std::collections::HashMap;
use std::io;
use std::mem;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};

use super::Refused;
use super::file::{File, Numbered};
use crate::message_log::{MessageLog, Publication, Published, Retention, Version};
use crate::metrics::Commits;

/// Most messages that wait to be written. Beyond it publishers are told to come again: a disk
/// that is too slow does not fill the memory.
const QUEUE: usize = 4096;

/// Most messages that share a commit, and most bytes of bodies, but for the last one's.
const GROUP: usize = 1024;
const GROUP_BYTES: usize = 4 << 20;

/// Where publishers hand in what is to be written.
pub struct Journal {
    inbox: mpsc::Sender<Asked>,
    /// What commits took.
    pub commits: Commits,
}

/// A message, and where its publisher waits.
type Waiting = (Publication, oneshot::Sender<Answer>);
type Answer = Result<Published, Refused>;

enum Asked {
    Publish(Waiting),
    End(oneshot::Sender<()>),
}

/// Opens the journal in this file, made when there is none, and the log that it holds.
///
/// # Errors
/// When another server writes it, when it is no journal or a damaged one, and when it cannot be
/// written. The file is then as it was.
pub fn open(path: &Path, retention: Retention) -> io::Result<(Arc<MessageLog>, Journal)> {
    let (file, log) = File::open(path, retention)?;
    let log = Arc::new(log);
    let (inbox, waiting) = mpsc::channel(QUEUE);
    let commits = Commits::default();
    let writer = Writer {
        log: log.clone(),
        file,
        waiting,
        group: Retention {
            messages: GROUP.min(retention.messages),
            bytes: GROUP_BYTES.min(retention.bytes),
        },
        commits: commits.clone(),
        is_failing: false,
    };
    let thread = thread::Builder::new().name("journal".to_owned());
    thread.spawn(move || writer.run())?;
    Ok((log, Journal { inbox, commits }))
}

impl Journal {
    /// Hands in a message, and waits until it is on the disk.
    ///
    /// # Errors
    /// [`Refused`], and then it is not published.
    pub async fn publish(&self, new: Publication) -> Answer {
        let (answer, answered) = oneshot::channel();
        // Not `send`: who waits for room there may be overtaken, and a socket's messages are
        // numbered in the order in which they were said.
        let handed_in = self.inbox.try_send(Asked::Publish((new, answer)));
        handed_in.map_err(|error| match error {
            TrySendError::Full(_) => Refused::Busy,
            TrySendError::Closed(_) => Refused::Closed,
        })?;
        answered.await.unwrap_or(Err(Refused::Closed))
    }

    /// Waits until all that was handed in is written, and the file is closed.
    pub async fn end(&self) {
        let (ended, end) = oneshot::channel();
        if self.inbox.send(Asked::End(ended)).await.is_ok() {
            let _ = end.await;
        }
    }
}

/// The thread that writes.
struct Writer {
    log: Arc<MessageLog>,
    file: File,
    waiting: mpsc::Receiver<Asked>,
    /// Most that shares a commit. Never more than the log keeps: it would be gone before anybody
    /// could read it.
    group: Retention,
    commits: Commits,
    /// Whether the last commit failed: that is logged once, and not for each publisher.
    is_failing: bool,
}

/// What shares a commit.
#[derive(Default)]
struct Group {
    messages: Vec<Waiting>,
    bytes: usize,
    end: Option<oneshot::Sender<()>>,
}

impl Writer {
    fn run(mut self) {
        let mut end = None;
        while end.is_none()
            && let Some(first) = self.waiting.blocking_recv()
        {
            let mut group = self.group(first);
            end = group.end.take();
            self.settle(group.messages);
        }
        drop(self);
        if let Some(ended) = end {
            let _ = ended.send(()); // whoever asked may have left
        }
    }

    /// All that is waiting, as far as it fits.
    fn group(&mut self, first: Asked) -> Group {
        let mut group = Group::default();
        group.take(first);
        while !group.is_full(self.group)
            && let Ok(next) = self.waiting.try_recv()
        {
            group.take(next);
        }
        group
    }

    /// Writes a group, then publishes it, then answers: no reader sees what a crash could take
    /// back, and no publisher is told what is not so.
    fn settle(&mut self, group: Vec<Waiting>) {
        if self.log.is_closed() {
            for (_, publisher) in group {
                let _ = publisher.send(Err(Refused::Closed));
            }
            return;
        }
        let head = self.log.head();
        let (places, numbered) = number(&group, &self.log);
        let is_written = self.write(&numbered);
        if is_written && !numbered.is_empty() {
            self.log.extend(numbered.into_iter().map(|own| own.kept));
        }
        for ((new, publisher), place) in group.into_iter().zip(places) {
            let answer = match is_written || place.version <= head {
                true => Ok(self.published(new.id, place)),
                false => Err(Refused::Unwritten),
            };
            let _ = publisher.send(answer); // it may have left
        }
    }

    fn published(&self, id: String, place: Place) -> Published {
        Published {
            epoch: self.log.epoch().clone(),
            id,
            version: place.version,
            duplicate: place.duplicate,
        }
    }

    /// Whether the messages are on the disk now.
    fn write(&mut self, numbered: &[Numbered]) -> bool {
        if numbered.is_empty() {
            return true;
        }
        let oldest = self.log.oldest_after(numbered.iter().map(|own| &own.kept));
        let began = Instant::now();
        match self.file.write(numbered, oldest) {
            Ok(()) => self.committed(numbered.len(), began.elapsed()),
            Err(error) => {
                self.commits.failed();
                if !mem::replace(&mut self.is_failing, true) {
                    log::error!("the journal cannot be written: {error}");
                }
            }
        }
        !self.is_failing
    }

    /// A commit succeeded: so many messages, and so long for writing and waiting for the disk.
    fn committed(&mut self, messages: usize, took: Duration) {
        if mem::take(&mut self.is_failing) {
            log::info!("the journal can be written again");
        }
        self.commits.succeeded(messages, took);
    }
}

impl Group {
    fn take(&mut self, asked: Asked) {
        match asked {
            Asked::End(ended) => self.end = Some(ended),
            Asked::Publish(waiting) => {
                self.bytes += waiting.0.body.get().len();
                self.messages.push(waiting);
            }
        }
    }

    fn is_full(&self, most: Retention) -> bool {
        let is_big = self.messages.len() >= most.messages || self.bytes >= most.bytes;
        is_big || self.end.is_some()
    }
}

/// The version of a message, and whether it had that before.
struct Place {
    version: Version,
    duplicate: bool,
}

/// Gives each message of a group its place. An `id` that is kept, or that comes twice in the
/// group, stands for the first of them.
fn number<'a>(group: &'a [Waiting], log: &MessageLog) -> (Vec<Place>, Vec<Numbered<'a>>) {
    let head = log.head();
    let mut places = Vec::with_capacity(group.len());
    let mut numbered: Vec<Numbered> = Vec::with_capacity(group.len());
    let mut here: HashMap<&str, Version> = HashMap::new();
    for (new, _) in group {
        let first = log.version_of(&new.id);
        let first = first.or_else(|| here.get(&*new.id).copied());
        let version = first.unwrap_or(head + 1 + numbered.len() as Version);
        places.push(Place {
            version,
            duplicate: first.is_some(),
        });
        if first.is_none() {
            here.insert(&new.id, version);
            numbered.push(Numbered::new(version, new));
        }
    }
    (places, numbered)
}
