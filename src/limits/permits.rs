//! A semaphore that knows how many of its permits are in use.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Limits how many of something there are at the same time.
pub(super) struct Permits {
    semaphore: Arc<Semaphore>,
    max: usize,
}

impl Permits {
    pub(super) fn new(max: usize) -> Self {
        let max = max.min(Semaphore::MAX_PERMITS);
        Self {
            semaphore: Arc::new(Semaphore::new(max)),
            max,
        }
    }

    pub(super) fn try_acquire(&self) -> Option<OwnedSemaphorePermit> {
        self.semaphore.clone().try_acquire_owned().ok()
    }

    pub(super) fn in_use(&self) -> usize {
        self.max - self.semaphore.available_permits()
    }
}
