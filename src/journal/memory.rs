//! The storage in memory: the log itself.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};

use super::error::{PublishError, Unavailable};
use super::storage::{Head, Storage};
use crate::log::{MessageLog, NewMessage, PublishAck};

pub(super) struct MemoryStorage(pub(super) Arc<MessageLog>);

impl Storage for MemoryStorage {
    fn append(
        &self,
        message: NewMessage,
    ) -> BoxFuture<'_, Result<PublishAck, PublishError>> {
        ready(self.0.append(message).map_err(PublishError::from)).boxed()
    }

    fn follow(&self) -> BoxFuture<'_, ()> {
        self.0.closed().boxed() // no other server appends to it
    }

    fn head(&self) -> BoxFuture<'_, Result<Head, Unavailable>> {
        ready(Ok(Head::of(&self.0))).boxed()
    }

    fn trim(&self) -> BoxFuture<'_, Result<(), Unavailable>> {
        ready(Ok(())).boxed() // the log does so with each message
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        ready(()).boxed()
    }
}
