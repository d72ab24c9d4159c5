//! A `Notify` with one shard per thread, whose waiters are woken from that thread.
//!
//! Waking a task of another thread costs a lock and two cache misses, and a thousand subscribers
//! are tasks of a few worker threads. So each worker runs a [relay](ShardedNotify::relay): the
//! notifier wakes the relays, and each of them wakes the waiters of its thread, which is cheap.
//! `tokio::sync::Notify` wakes each waiter from the notifier's thread.

use std::cell::Cell;
use std::convert::Infallible;
use std::mem;
use std::pin::Pin;
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
    relay: Option<Waker>,
}

impl Shard {
    fn drain(&mut self) -> Slab<Waker> {
        self.drain_count += 1;
        mem::take(&mut self.wakers)
    }
}

fn wake_all(wakers: Slab<Waker>) {
    wakers.into_iter().for_each(|(_, waker)| waker.wake());
}

impl ShardedNotify {
    /// Wakes every registered waiter: through the relay of its thread, or directly if that runs
    /// none. A waiter that registers concurrently sees the new generation and returns at once.
    pub fn notify_waiters(&self) {
        self.generation.fetch_add(1, Ordering::AcqRel);
        for shard in &self.shards {
            let mut shard = shard.lock();
            if shard.wakers.is_empty() {
                continue;
            }
            match shard.relay.clone() {
                Some(relay) => {
                    drop(shard);
                    relay.wake();
                }
                None => {
                    let wakers = shard.drain();
                    drop(shard); // a woken task may register again at once
                    wake_all(wakers);
                }
            }
        }
    }

    /// Wakes the waiters of the thread on which this future is polled, for ever. One task per
    /// worker runs it.
    ///
    /// # Cancel safety
    /// When the future is dropped, waiters of its thread are woken directly from then on.
    pub fn relay(self: &Arc<Self>) -> Relay {
        Relay {
            notify: self.clone(),
            shard: None,
            seen_generation: self.generation.load(Ordering::Acquire),
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

/// The future of [`ShardedNotify::relay`].
pub struct Relay {
    notify: Arc<ShardedNotify>,
    shard: Option<usize>,
    seen_generation: usize,
}

impl Future for Relay {
    type Output = Infallible;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Infallible> {
        let index = *self.shard.get_or_insert_with(current_shard);
        let notify = self.notify.clone();
        let mut shard = notify.shards[index].lock();
        // Under the lock: a later notification finds the waker, an earlier one the generation.
        shard.relay = Some(context.waker().clone());
        let generation = notify.generation.load(Ordering::Acquire);
        if mem::replace(&mut self.seen_generation, generation) != generation {
            let wakers = shard.drain();
            drop(shard); // a woken task may register again at once
            wake_all(wakers);
        }
        Poll::Pending
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        let Some(index) = self.shard else { return };
        let mut shard = self.notify.shards[index].lock();
        shard.relay = None;
        let wakers = shard.drain(); // a notification may be on its way to the relay
        drop(shard);
        wake_all(wakers);
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

    fn unregister(&mut self) {
        let Some(registration) = self.registration.take() else {
            return;
        };
        let mut shard = self.notify.shards[registration.shard].lock();
        if shard.drain_count == registration.drain_count {
            shard.wakers.remove(registration.key);
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
    fn relay_wakes_waiters_of_its_thread() {
        let notify = Arc::new(ShardedNotify::default());
        let relay_flag = Arc::new(Flag::default());
        let waker = relay_flag.clone().into();
        let mut relay = pin!(notify.relay());
        let mut poll_relay = || relay.as_mut().poll(&mut Context::from_waker(&waker));
        assert!(poll_relay().is_pending());
        let (first, first_flag) = registered_waiter(&notify);
        let (_second, second_flag) = registered_waiter(&notify);
        notify.notify_waiters();
        assert!(relay_flag.is_set());
        assert!(!first_flag.is_set() && !second_flag.is_set());
        drop(first); // no waiter depends on another one
        assert!(poll_relay().is_pending());
        assert!(second_flag.is_set());
        assert_eq!(notify.waiter_count(), 0);
    }

    #[test]
    fn without_relay_waiters_are_woken_directly() {
        let notify = Arc::new(ShardedNotify::default());
        let mut waiters: Vec<_> = (0..5).map(|_| registered_waiter(&notify)).collect();
        assert_eq!(notify.waiter_count(), 5);
        notify.notify_waiters();
        assert_eq!(notify.waiter_count(), 0);
        for (waiter, flag) in &mut waiters {
            assert!(flag.is_set());
            assert!(poll(waiter, flag).is_ready());
            assert!(poll(waiter, flag).is_pending());
        }
    }

    #[test]
    fn dropped_relay_wakes_waiters() {
        let notify = Arc::new(ShardedNotify::default());
        let waker = Arc::new(Flag::default()).into();
        let mut relay = Box::pin(notify.relay());
        assert!(
            relay
                .as_mut()
                .poll(&mut Context::from_waker(&waker))
                .is_pending()
        );
        let (_waiter, flag) = registered_waiter(&notify);
        notify.notify_waiters();
        assert!(!flag.is_set());
        drop(relay);
        assert!(flag.is_set());
        let (_waiter, flag) = registered_waiter(&notify);
        notify.notify_waiters();
        assert!(flag.is_set());
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
    fn stale_registration_is_replaced() {
        let notify = Arc::new(ShardedNotify::default());
        let (mut first, first_flag) = registered_waiter(&notify);
        notify.notify_waiters();
        let (mut second, second_flag) = registered_waiter(&notify);
        assert!(poll(&mut first, &first_flag).is_ready()); // leaves the second one registered
        assert_eq!(notify.waiter_count(), 1);
        notify.notify_waiters();
        assert!(second_flag.is_set());
        assert!(poll(&mut second, &second_flag).is_ready());
    }

    #[test]
    fn no_lost_notifications() {
        const NOTIFICATIONS: usize = 2000;
        let notify = Arc::new(ShardedNotify::default());
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(4)
            .build()
            .unwrap();
        // Some of the threads have a relay.
        let relays: Vec<_> = (0..2).map(|_| runtime.spawn(notify.relay())).collect();
        // Each notification waits until all waiters have seen the previous one: a lost one hangs.
        let seen = Arc::new(AtomicUsize::new(0));
        let waiters: Vec<_> = (0..50)
            .map(|number| {
                let mut waiter = notify.subscribe();
                let seen = seen.clone();
                runtime.spawn(async move {
                    for _ in 0..NOTIFICATIONS {
                        if number % 5 == 0 {
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
        relays.iter().for_each(|relay| relay.abort());
    }
}
