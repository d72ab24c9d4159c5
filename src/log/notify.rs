//! A `Notify` with one shard per thread: it wakes every waiter, thread by thread.
//!
//! Waking a task of another thread costs a lock and two cache misses, and a thousand subscribers
//! are tasks of a few worker threads. So the notifier wakes one waiter per thread, and that
//! waiter wakes the others on its thread, which is cheap. `tokio::sync::Notify` wakes each waiter
//! from the notifier's thread.

use std::cell::Cell;
use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use parking_lot::Mutex;
use slab::Slab;

/// Number of shards; further threads share them. More would make notifying more expensive.
const SHARDS: usize = 16;

/// Wakes all its waiters at once.
#[derive(Default)]
pub struct ShardedNotify {
    /// Incremented by each notification.
    generation: AtomicUsize,
    shards: [Mutex<Shard>; SHARDS],
}

/// The waiters of one thread.
#[derive(Default)]
struct Shard {
    wakers: Slab<Waker>,
    /// Incremented when the slab is drained; keys from an earlier drain are stale.
    drain_count: usize,
}

impl ShardedNotify {
    /// Wakes every registered waiter. A waiter that registers concurrently sees the new
    /// generation and returns at once.
    pub fn notify_waiters(&self) {
        self.generation.fetch_add(1, Ordering::AcqRel);
        for shard in &self.shards {
            let first = {
                let shard = shard.lock();
                shard.wakers.iter().next().map(|(_, waker)| waker.clone())
            };
            if let Some(first) = first {
                first.wake();
            }
        }
    }

    /// Returns a waiter that sees every notification from now on.
    pub fn subscribe(self: &Arc<Self>) -> Waiter {
        Waiter {
            seen_generation: self.generation.load(Ordering::Acquire),
            notify: self.clone(),
            registration: None,
        }
    }

    /// Returns the number of registered waiters.
    pub fn waiter_count(&self) -> usize {
        let count = |shard: &Mutex<Shard>| shard.lock().wakers.len();
        self.shards.iter().map(count).sum()
    }
}

/// Waits for notifications.
pub struct Waiter {
    notify: Arc<ShardedNotify>,
    seen_generation: usize,
    registration: Option<Registration>,
}

/// The place of a waiter's waker.
#[derive(Clone, Copy)]
struct Registration {
    shard: usize,
    key: usize,
    drain_count: usize,
}

impl Waiter {
    /// Waits for a notification since the previous one, or since
    /// [`subscribe`](ShardedNotify::subscribe).
    ///
    /// # Cancel safety
    /// A notification that was not returned is returned by the next call.
    pub async fn notified(&mut self) {
        std::future::poll_fn(|context| self.poll_notified(context)).await;
    }

    /// The poll function of [`notified`](Self::notified), for streams.
    pub fn poll_notified(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if self.is_notified() || !self.register(context.waker()) {
            self.unregister();
            self.seen_generation = self.notify.generation.load(Ordering::Acquire);
            return Poll::Ready(());
        }
        Poll::Pending
    }

    fn is_notified(&self) -> bool {
        self.notify.generation.load(Ordering::Acquire) != self.seen_generation
    }

    /// Registers the waker, unless a notification arrived in the meantime.
    fn register(&mut self, waker: &Waker) -> bool {
        let index = self
            .registration
            .map_or_else(current_shard, |registration| registration.shard);
        let mut shard = self.notify.shards[index].lock();
        // The notifier increments the generation before it locks the shard, so a notification
        // is seen either here or by the waker.
        if self.is_notified() {
            return false;
        }
        let current = self
            .registration
            .filter(|registration| registration.drain_count == shard.drain_count);
        match current {
            Some(registration) => shard.wakers[registration.key].clone_from(waker),
            None => {
                self.registration = Some(Registration {
                    shard: index,
                    key: shard.wakers.insert(waker.clone()),
                    drain_count: shard.drain_count,
                });
            }
        }
        true
    }

    /// Removes the waker. The first waiter to do so after a notification wakes the others of
    /// its shard: it may be the one that was woken on their behalf.
    fn unregister(&mut self) {
        let Some(registration) = self.registration.take() else {
            return;
        };
        let mut shard = self.notify.shards[registration.shard].lock();
        if shard.drain_count != registration.drain_count {
            return; // woken by another waiter
        }
        shard.wakers.remove(registration.key);
        if self.is_notified() {
            shard.drain_count += 1;
            let others = mem::take(&mut shard.wakers);
            drop(shard); // a woken task may register again at once
            others.into_iter().for_each(|(_, waker)| waker.wake());
        }
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        self.unregister();
    }
}

/// Returns this thread's shard.
fn current_shard() -> usize {
    static THREADS: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static SHARD: Cell<Option<usize>> = const { Cell::new(None) };
    }
    SHARD.get().unwrap_or_else(|| {
        let shard = THREADS.fetch_add(1, Ordering::Relaxed) % SHARDS;
        SHARD.set(Some(shard));
        shard
    })
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::atomic::AtomicBool;
    use std::task::Wake;

    use super::*;

    /// Records that it was woken.
    #[derive(Default)]
    struct Flag(AtomicBool);

    impl Wake for Flag {
        fn wake(self: Arc<Self>) {
            self.0.store(true, Ordering::Release);
        }
    }

    impl Flag {
        fn is_set(&self) -> bool {
            self.0.load(Ordering::Acquire)
        }
    }

    fn registered_waiter(notify: &Arc<ShardedNotify>) -> (Waiter, Arc<Flag>) {
        let mut waiter = notify.subscribe();
        let flag = Arc::new(Flag::default());
        assert!(poll(&mut waiter, &flag).is_pending());
        (waiter, flag)
    }

    fn poll(waiter: &mut Waiter, flag: &Arc<Flag>) -> Poll<()> {
        waiter.poll_notified(&mut Context::from_waker(&flag.clone().into()))
    }

    #[test]
    fn notify_wakes_one_waiter_per_thread() {
        let notify = Arc::new(ShardedNotify::default());
        let mut waiters: Vec<_> = (0..5).map(|_| registered_waiter(&notify)).collect();
        assert_eq!(notify.waiter_count(), 5);
        notify.notify_waiters();
        let woken = |waiters: &[(Waiter, Arc<Flag>)]| {
            waiters.iter().filter(|(_, flag)| flag.is_set()).count()
        };
        assert_eq!(woken(&waiters), 1);
        let (first, flag) = &mut waiters[0];
        assert!(poll(first, flag).is_ready());
        assert_eq!(woken(&waiters), 5);
        assert_eq!(notify.waiter_count(), 0);
        for (waiter, flag) in &mut waiters[1..] {
            assert!(poll(waiter, flag).is_ready());
            assert!(poll(waiter, flag).is_pending());
        }
    }

    #[test]
    fn dropped_waiter_passes_wakeup_on() {
        let notify = Arc::new(ShardedNotify::default());
        let (first, first_flag) = registered_waiter(&notify);
        let (_second, second_flag) = registered_waiter(&notify);
        notify.notify_waiters();
        assert!(first_flag.is_set() && !second_flag.is_set());
        drop(first);
        assert!(second_flag.is_set());
    }

    #[test]
    fn notify_before_first_poll() {
        let notify = Arc::new(ShardedNotify::default());
        let mut waiter = notify.subscribe();
        notify.notify_waiters();
        notify.notify_waiters();
        let flag = Arc::new(Flag::default());
        assert!(poll(&mut waiter, &flag).is_ready());
        assert!(poll(&mut waiter, &flag).is_pending());
    }

    #[test]
    fn drop_unregisters() {
        let notify = Arc::new(ShardedNotify::default());
        let (first, _) = registered_waiter(&notify);
        let (second, flag) = registered_waiter(&notify);
        drop(first);
        assert_eq!(notify.waiter_count(), 1);
        assert!(!flag.is_set());
        drop(second);
        assert_eq!(notify.waiter_count(), 0);
    }

    #[test]
    fn repoll_replaces_waker() {
        let notify = Arc::new(ShardedNotify::default());
        let (mut waiter, first) = registered_waiter(&notify);
        let last = Arc::new(Flag::default());
        assert!(poll(&mut waiter, &last).is_pending());
        assert_eq!(notify.waiter_count(), 1);
        notify.notify_waiters();
        assert!(last.is_set() && !first.is_set());
    }

    #[test]
    fn late_waiter_survives_drain() {
        let notify = Arc::new(ShardedNotify::default());
        let (mut first, first_flag) = registered_waiter(&notify);
        notify.notify_waiters();
        let (mut late, late_flag) = registered_waiter(&notify);
        assert!(poll(&mut first, &first_flag).is_ready());
        assert!(poll(&mut late, &late_flag).is_pending());
        notify.notify_waiters();
        assert!(poll(&mut late, &late_flag).is_ready());
    }

    #[test]
    fn no_lost_notifications() {
        const NOTIFICATIONS: usize = 2000;
        let notify = Arc::new(ShardedNotify::default());
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(4)
            .build()
            .unwrap();
        // Each notification waits until all waiters have seen the previous one: a lost one hangs.
        let seen = Arc::new(AtomicUsize::new(0));
        let waiters: Vec<_> = (0..50)
            .map(|number| {
                let mut waiter = notify.subscribe();
                let seen = seen.clone();
                runtime.spawn(async move {
                    for _ in 0..NOTIFICATIONS {
                        if number % 5 == 0 {
                            // A waiter that was woken on behalf of its shard may be dropped.
                            drop(waiter.notify.subscribe());
                            tokio::task::yield_now().await;
                        }
                        pin!(waiter.notified()).await;
                        seen.fetch_add(1, Ordering::AcqRel);
                    }
                })
            })
            .collect();
        for notification in 1..=NOTIFICATIONS {
            notify.notify_waiters();
            while seen.load(Ordering::Acquire) < notification * waiters.len() {
                std::thread::yield_now();
            }
        }
        assert_eq!(notify.waiter_count(), 0);
    }
}
