//! Following the log: [`MessageLog::changed`] and [`MessageLog::read`] in a loop, as a stream.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_util::Stream;

use super::batch::Batch;
use super::cursor::{Cursor, Gap};
use super::message_log::MessageLog;
use super::notify::Waiter;

/// Why a [`Follow`] ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FollowEnd {
    /// The log cannot continue from the follower's cursor.
    Gap(Gap),
    /// The log is closed, and the follower has read all of it.
    Closed,
}

/// The stream returned by [`MessageLog::follow`]. Written by hand and not as an `async` block,
/// because it is polled for every message and every reader.
pub struct Follow {
    log: Arc<MessageLog>,
    waiter: Waiter,
    cursor: Cursor,
    state: State,
}

enum State {
    Reading,
    Waiting,
    Done,
}

impl MessageLog {
    /// Streams every batch after the cursor. The last item says why the stream ends.
    ///
    /// A slow reader costs its cursor and nothing else: no message is queued for it, and its
    /// next batch is larger.
    ///
    /// # Cancel safety
    /// Dropping the stream loses nothing. A new one continues from the last batch's version.
    pub fn follow(self: &Arc<Self>, mut cursor: Cursor) -> Follow {
        // A stream continues one epoch, also for a reader that names none.
        cursor.epoch.get_or_insert_with(|| (*self.epoch()).into());
        Follow {
            waiter: self.subscribe(),
            log: self.clone(),
            cursor,
            state: State::Reading,
        }
    }
}

impl Follow {
    /// Reads once. Returns `None` if there is nothing new.
    fn read(&mut self) -> Option<Result<Batch, FollowEnd>> {
        let (batch, closed) = match self.log.read_locked(&self.cursor) {
            Ok(read) => read,
            Err(gap) => return Some(self.end(FollowEnd::Gap(gap))),
        };
        if closed && batch.is_empty() {
            return Some(self.end(FollowEnd::Closed));
        }
        if !closed && batch.version == batch.head {
            self.state = State::Waiting;
        }
        self.cursor.since = batch.version;
        (!batch.is_empty()).then_some(Ok(batch))
    }

    fn end(&mut self, end: FollowEnd) -> Result<Batch, FollowEnd> {
        self.state = State::Done;
        Err(end)
    }
}

impl Stream for Follow {
    type Item = Result<Batch, FollowEnd>;

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Self::Item>> {
        loop {
            match self.state {
                State::Reading => {
                    if let Some(item) = self.read() {
                        return Poll::Ready(Some(item));
                    }
                }
                State::Waiting => {
                    ready!(self.waiter.poll_notified(context));
                    self.state = State::Reading;
                }
                State::Done => return Poll::Ready(None),
            }
        }
    }
}
