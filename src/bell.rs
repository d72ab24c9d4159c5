//! The bell: wakes everyone who waits for the log, thread by thread.
//!
//! Waking a task of another thread costs a lock and two caches, and a thousand subscribers are
//! tasks of a few worker threads. So who rings wakes one sleeper of each thread, and that one
//! wakes the others of its own thread, which is cheap.

use std::cell::Cell;
use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use parking_lot::Mutex;
use slab::Slab;

/// Bedrooms; threads beyond them share. More would make ringing dearer.
const BEDROOMS: usize = 16;

/// Wakes all its listeners at once.
#[derive(Default)]
pub struct Bell {
    rings: AtomicUsize,
    bedrooms: [Mutex<Bedroom>; BEDROOMS],
}

/// The sleepers of one thread.
#[derive(Default)]
struct Bedroom {
    sleepers: Slab<Waker>,
    /// How often all were woken and sent out, which makes their keys mean nothing.
    cleared: usize,
}

impl Bell {
    /// Wakes all who sleep, and spares those their sleep who are about to lie down.
    pub fn ring(&self) {
        self.rings.fetch_add(1, Ordering::AcqRel);
        for bedroom in &self.bedrooms {
            let first = {
                let bedroom = bedroom.lock();
                bedroom.sleepers.iter().next().map(|(_, own)| own.clone())
            };
            if let Some(first) = first {
                first.wake();
            }
        }
    }

    /// Hears every ring from now on.
    pub fn listen(self: &Arc<Self>) -> Listener {
        Listener {
            heard: self.rings.load(Ordering::Acquire),
            bell: self.clone(),
            bed: None,
        }
    }

    /// How many are asleep.
    pub fn asleep(&self) -> usize {
        let count = |bedroom: &Mutex<Bedroom>| bedroom.lock().sleepers.len();
        self.bedrooms.iter().map(count).sum()
    }
}

/// One who waits for a bell.
pub struct Listener {
    bell: Arc<Bell>,
    /// How many rings this listener knows of.
    heard: usize,
    bed: Option<Bed>,
}

/// Where a sleeper lies.
#[derive(Clone, Copy)]
struct Bed {
    bedroom: usize,
    key: usize,
    cleared: usize,
}

impl Listener {
    /// Waits until the bell has rung since the last time, or since [`Bell::listen`].
    ///
    /// # Cancel safety
    /// A ring that was not heard is heard the next time.
    pub async fn rung(&mut self) {
        std::future::poll_fn(|context| self.poll_rung(context)).await;
    }

    /// [`rung`](Self::rung), for streams.
    pub fn poll_rung(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if self.has_rung() || !self.lie_down(context.waker()) {
            self.get_up();
            self.heard = self.bell.rings.load(Ordering::Acquire);
            return Poll::Ready(());
        }
        Poll::Pending
    }

    fn has_rung(&self) -> bool {
        self.bell.rings.load(Ordering::Acquire) != self.heard
    }

    /// Falls asleep, unless the bell has rung meanwhile.
    fn lie_down(&mut self, waker: &Waker) -> bool {
        let own = self.bed.map_or_else(own_bedroom, |bed| bed.bedroom);
        let mut bedroom = self.bell.bedrooms[own].lock();
        // Whoever rings counts first and looks for sleepers then, so no ring falls in between.
        if self.has_rung() {
            return false;
        }
        match self.bed.filter(|bed| bed.cleared == bedroom.cleared) {
            Some(bed) => bedroom.sleepers[bed.key].clone_from(waker),
            None => {
                self.bed = Some(Bed {
                    bedroom: own,
                    key: bedroom.sleepers.insert(waker.clone()),
                    cleared: bedroom.cleared,
                });
            }
        }
        true
    }

    /// Leaves the bed. The first to leave after a ring wakes all others in the room: it may be
    /// the one that was woken for them.
    fn get_up(&mut self) {
        let Some(bed) = self.bed.take() else { return };
        let mut bedroom = self.bell.bedrooms[bed.bedroom].lock();
        if bedroom.cleared != bed.cleared {
            return; // woken by another
        }
        bedroom.sleepers.remove(bed.key);
        if self.has_rung() {
            bedroom.cleared += 1;
            let others = mem::take(&mut bedroom.sleepers);
            drop(bedroom); // whoever wakes may lie down again at once
            others.into_iter().for_each(|(_, other)| other.wake());
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.get_up();
    }
}

/// The bedroom of this thread.
fn own_bedroom() -> usize {
    static THREADS: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static OWN: Cell<Option<usize>> = const { Cell::new(None) };
    }
    OWN.get().unwrap_or_else(|| {
        let own = THREADS.fetch_add(1, Ordering::Relaxed) % BEDROOMS;
        OWN.set(Some(own));
        own
    })
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::atomic::AtomicBool;
    use std::task::Wake;

    use super::*;

    /// Whether it was woken.
    #[derive(Default)]
    struct Flag(AtomicBool);

    impl Wake for Flag {
        fn wake(self: Arc<Self>) {
            self.0.store(true, Ordering::Release);
        }
    }

    impl Flag {
        fn is_up(&self) -> bool {
            self.0.load(Ordering::Acquire)
        }
    }

    /// A listener that has fallen asleep, and its flag.
    fn asleep(bell: &Arc<Bell>) -> (Listener, Arc<Flag>) {
        let mut listener = bell.listen();
        let flag = Arc::new(Flag::default());
        assert!(poll(&mut listener, &flag).is_pending());
        (listener, flag)
    }

    fn poll(listener: &mut Listener, flag: &Arc<Flag>) -> Poll<()> {
        listener.poll_rung(&mut Context::from_waker(&flag.clone().into()))
    }

    #[test]
    fn who_rings_wakes_one_and_that_one_the_others() {
        let bell = Arc::new(Bell::default());
        let mut sleepers: Vec<_> = (0..5).map(|_| asleep(&bell)).collect();
        assert_eq!(bell.asleep(), 5);
        bell.ring();
        let woken = |sleepers: &[(Listener, Arc<Flag>)]| {
            sleepers.iter().filter(|(_, flag)| flag.is_up()).count()
        };
        assert_eq!(woken(&sleepers), 1);
        let (first, flag) = &mut sleepers[0];
        assert!(poll(first, flag).is_ready());
        assert_eq!(woken(&sleepers), 5);
        assert_eq!(bell.asleep(), 0);
        for (listener, flag) in &mut sleepers[1..] {
            assert!(poll(listener, flag).is_ready());
            assert!(poll(listener, flag).is_pending());
        }
    }

    #[test]
    fn whoever_gets_up_first_wakes_the_others_even_when_it_leaves() {
        let bell = Arc::new(Bell::default());
        let (first, flag) = asleep(&bell);
        let (_second, other) = asleep(&bell);
        bell.ring();
        assert!(flag.is_up() && !other.is_up());
        drop(first);
        assert!(other.is_up());
    }

    #[test]
    fn a_ring_between_listening_and_sleeping_is_heard() {
        let bell = Arc::new(Bell::default());
        let mut listener = bell.listen();
        bell.ring();
        bell.ring();
        let flag = Arc::new(Flag::default());
        assert!(poll(&mut listener, &flag).is_ready());
        assert!(poll(&mut listener, &flag).is_pending());
    }

    #[test]
    fn who_leaves_without_a_ring_wakes_nobody_and_leaves_nothing() {
        let bell = Arc::new(Bell::default());
        let (first, _) = asleep(&bell);
        let (second, flag) = asleep(&bell);
        drop(first);
        assert_eq!(bell.asleep(), 1);
        assert!(!flag.is_up());
        drop(second);
        assert_eq!(bell.asleep(), 0);
    }

    #[test]
    fn who_is_polled_again_asleep_lies_in_one_bed_and_its_last_waker_counts() {
        let bell = Arc::new(Bell::default());
        let (mut listener, first) = asleep(&bell);
        let last = Arc::new(Flag::default());
        assert!(poll(&mut listener, &last).is_pending());
        assert_eq!(bell.asleep(), 1);
        bell.ring();
        assert!(last.is_up() && !first.is_up());
    }

    #[test]
    fn who_lies_down_after_the_ring_sleeps_on_when_the_room_is_cleared() {
        let bell = Arc::new(Bell::default());
        let (mut first, flag) = asleep(&bell);
        bell.ring();
        let (mut late, late_flag) = asleep(&bell);
        assert!(poll(&mut first, &flag).is_ready());
        assert!(poll(&mut late, &late_flag).is_pending());
        bell.ring();
        assert!(poll(&mut late, &late_flag).is_ready());
    }

    #[test]
    fn no_ring_is_lost_between_threads() {
        const RINGS: usize = 2000;
        let bell = Arc::new(Bell::default());
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(4)
            .build()
            .unwrap();
        // Each ring waits until all have heard the one before: one lost, and this hangs.
        let heard = Arc::new(AtomicUsize::new(0));
        let listeners: Vec<_> = (0..50)
            .map(|number| {
                let mut listener = bell.listen();
                let heard = heard.clone();
                runtime.spawn(async move {
                    for _ in 0..RINGS {
                        if number % 5 == 0 {
                            // One of those who hurry may be dropped while it is the first.
                            drop(listener.bell.listen());
                            tokio::task::yield_now().await;
                        }
                        pin!(listener.rung()).await;
                        heard.fetch_add(1, Ordering::AcqRel);
                    }
                })
            })
            .collect();
        for ring in 1..=RINGS {
            bell.ring();
            while heard.load(Ordering::Acquire) < ring * listeners.len() {
                std::thread::yield_now();
            }
        }
        assert_eq!(bell.asleep(), 0);
    }
}
