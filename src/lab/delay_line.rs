//! A delay line: one direction of a network path.

use std::collections::VecDeque;
use std::pin::pin;
use std::time::Duration;

use async_stream::stream;
use futures_util::{FutureExt, Stream, StreamExt};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::time::{Instant, sleep_until};

use super::link::Link;
use super::losses::Losses;

/// Maximum size of what is in flight on one delayed socket, in bytes. Beyond it the sender waits.
const MAX_IN_FLIGHT_BYTES: usize = 1 << 20;

/// Maximum number of chunks in flight on one delayed socket. Beyond it the sender waits.
const MAX_IN_FLIGHT_CHUNKS: usize = 4096;

/// Delays what passes: by a fixed time, random jitter, the retransmission of what is lost, and
/// until the link is up.
pub(super) struct DelayLine {
    delay: Duration,
    jitter_ms: u64,
    random: StdRng,
    losses: Losses,
    link: Option<Link>,
}

impl DelayLine {
    pub(super) fn new(
        delay: Duration,
        jitter_ms: u64,
        seed: u64,
        losses: Losses,
        link: Option<Link>,
    ) -> Self {
        Self {
            delay,
            jitter_ms,
            random: StdRng::seed_from_u64(seed),
            losses,
            link,
        }
    }

    /// Returns whether the line can delay anything.
    pub(super) fn is_active(&self) -> bool {
        !self.delay.is_zero()
            || self.jitter_ms > 0
            || self.losses.is_active()
            || self.link.is_some()
    }

    fn sample_delay(&mut self) -> Duration {
        let delay = self.delay + self.losses.sample_delay();
        match self.jitter_ms {
            0 => delay,
            max => delay + Duration::from_millis(self.random.random_range(0..=max)),
        }
    }

    /// Waits as long as one request or response takes.
    pub(super) async fn delay_once(&mut self) {
        wait_until(Instant::now() + self.sample_delay()).await;
        if let Some(link) = &mut self.link {
            link.wait_until_up().await;
        }
    }

    /// Delays a stream. Chunks stay in order, as TCP keeps them, so a lost one delays those behind
    /// it. Several are in flight at the same time: delay does not limit bandwidth. Chunks that are ready at once count as
    /// sent at `initial_batch_at`, if that is known.
    pub(super) fn delay<T>(
        mut self,
        chunks: impl Stream<Item = T>,
        initial_batch_at: Option<Instant>,
        size: fn(&T) -> usize,
    ) -> impl Stream<Item = T> {
        enum Event<T> {
            Sent(Option<T>),
            Due,
        }
        stream! {
            let mut chunks = pin!(chunks.fuse());
            let mut in_flight: VecDeque<(Instant, T)> = VecDeque::new();
            let mut bytes = 0;
            let mut has_ended = false;
            let mut initial_batch_at = initial_batch_at;
            loop {
                let has_room = !has_ended
                    && bytes < MAX_IN_FLIGHT_BYTES
                    && in_flight.len() < MAX_IN_FLIGHT_CHUNKS;
                let ready = initial_batch_at.filter(|_| has_room).and_then(|sent_at| {
                    Some((Event::Sent(chunks.next().now_or_never()?), sent_at))
                });
                let due = in_flight.front().map_or_else(Instant::now, |&(due, _)| due);
                let (event, sent_at) = match ready {
                    Some(ready) => ready,
                    None => {
                        initial_batch_at = None;
                        let event = tokio::select! {
                            chunk = chunks.next(), if has_room => Event::Sent(chunk),
                            () = wait_until(due), if !in_flight.is_empty() => Event::Due,
                            else => return,
                        };
                        (event, Instant::now())
                    }
                };
                match event {
                    Event::Sent(None) => has_ended = true,
                    Event::Sent(Some(chunk)) => {
                        bytes += size(&chunk);
                        // A chunk whose delay ends before its predecessor's is released right
                        // after it.
                        in_flight.push_back((sent_at + self.sample_delay(), chunk));
                    }
                    Event::Due => {
                        if let Some(link) = &mut self.link {
                            link.wait_until_up().await;
                        }
                        if let Some((_, chunk)) = in_flight.pop_front() {
                            bytes -= size(&chunk);
                            yield chunk;
                        }
                    }
                }
            }
        }
    }
}

/// `sleep_until` would take a millisecond even for a time in the past.
async fn wait_until(due: Instant) {
    if due > Instant::now() {
        sleep_until(due).await;
    }
}

#[cfg(test)]
mod tests {
    //! The clock is paused: it moves only while everything waits.

    use futures_util::stream;
    use tokio::time::advance;

    use super::*;

    fn line(delay_ms: u64, jitter_ms: u64, seed: u64) -> DelayLine {
        lossy_line(delay_ms, jitter_ms, 0, seed)
    }

    /// A line with a round trip of twice the delay.
    fn lossy_line(
        delay_ms: u64,
        jitter_ms: u64,
        loss_per_mille: u32,
        seed: u64,
    ) -> DelayLine {
        let delay = Duration::from_millis(delay_ms);
        let losses = Losses::new(loss_per_mille, 2 * delay, seed);
        DelayLine::new(delay, jitter_ms, seed, losses, None)
    }

    /// Sends `0..count` at intervals and returns what arrives, and after how many milliseconds.
    async fn arrivals(line: DelayLine, count: u64, interval_ms: u64) -> Vec<(u64, u128)> {
        let sent = stream! {
            for number in 0..count {
                yield number;
                wait_until(Instant::now() + Duration::from_millis(interval_ms)).await;
            }
        };
        let started = Instant::now();
        let delayed = line.delay(sent, None, |_| 1);
        let arrived = delayed.map(|number| (number, started.elapsed().as_millis()));
        arrived.collect().await
    }

    #[tokio::test(start_paused = true)]
    async fn chunks_are_delayed_concurrently() {
        let expected: Vec<_> = (0..50).map(|n| (n, u128::from(1000 + 10 * n))).collect();
        assert_eq!(arrivals(line(1000, 0, 0), 50, 10).await, expected);
    }

    #[tokio::test(start_paused = true)]
    async fn jitter_is_bounded_and_never_reorders() {
        let arrived = arrivals(line(100, 100, 42), 200, 0).await;
        assert!(arrived.iter().map(|&(number, _)| number).eq(0..200));
        assert!(arrived.is_sorted_by_key(|&(_, at)| at));
        assert!(arrived.iter().all(|(_, at)| (100..=200).contains(at)));
        assert!(arrived[0].1 < 200 && arrived[199].1 > 100, "{arrived:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn same_seed_same_delays() {
        let first = arrivals(line(10, 100, 42), 50, 20).await;
        assert_eq!(arrivals(line(10, 100, 42), 50, 20).await, first);
        assert_ne!(arrivals(line(10, 100, 43), 50, 20).await, first);
    }

    #[tokio::test(start_paused = true)]
    async fn lost_chunk_delays_those_behind_it() {
        let mut losses = Losses::new(100, Duration::from_millis(80), 4);
        let extra: Vec<_> = (0..200)
            .map(|_| losses.sample_delay().as_millis())
            .collect();
        assert!(extra.iter().any(|extra| *extra > 0));
        let mut previous = 0;
        let expected: Vec<_> = extra
            .iter()
            .zip(0..)
            .map(|(extra, number)| {
                previous = previous.max(u128::from(10 * number) + 40 + extra);
                (number, previous)
            })
            .collect();
        let arrived = arrivals(lossy_line(40, 0, 100, 4), 200, 10).await;
        assert_eq!(arrived, expected);
        // What waited behind a lost chunk arrives together with it.
        let burst = arrived.chunk_by(|left, right| left.1 == right.1);
        assert!(burst.map(<[_]>::len).max() >= Some(28), "{arrived:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn independent_requests_do_not_wait_for_each_other() {
        let mut times = Vec::new();
        for seed in 0..1000 {
            let started = Instant::now();
            lossy_line(40, 0, 200, seed).delay_once().await;
            times.push(started.elapsed().as_millis());
        }
        let on_time = times.iter().filter(|time| **time == 40).count();
        let lost_once = times.iter().filter(|time| **time == 320).count();
        assert!(on_time.abs_diff(800) <= 40, "{on_time}");
        assert!(lost_once.abs_diff(160) <= 40, "{lost_once}");
    }

    #[test]
    fn loss_does_not_change_jitter() {
        let (mut plain, mut lossy) = (line(10, 100, 42), lossy_line(10, 100, 200, 42));
        let mut losses = Losses::new(200, Duration::from_millis(20), 42);
        for _ in 0..200 {
            let expected = plain.sample_delay() + losses.sample_delay();
            assert_eq!(lossy.sample_delay(), expected);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn initial_batch_is_sent_at_start() {
        let started = Instant::now();
        advance(Duration::from_millis(1000)).await;
        let delayed = line(1000, 0, 0).delay(stream::iter(0..5), Some(started), |_| 1);
        assert_eq!(delayed.count().await, 5);
        assert_eq!(started.elapsed().as_millis(), 1000);
    }

    #[tokio::test(start_paused = true)]
    async fn zero_delay_takes_no_time() {
        advance(Duration::from_micros(500)).await;
        let started = Instant::now();
        line(0, 0, 0).delay_once().await;
        assert_eq!(arrivals(line(0, 0, 0), 50, 0).await.len(), 50);
        assert_eq!(started.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn full_line_blocks_sender() {
        for (size, max) in [(1, MAX_IN_FLIGHT_CHUNKS), (MAX_IN_FLIGHT_BYTES / 4, 4)] {
            let sent = std::cell::Cell::new(0);
            let chunks = stream::repeat(size).inspect(|_| sent.set(sent.get() + 1));
            let mut delayed = pin!(line(10, 0, 0).delay(chunks, None, |size| *size));
            delayed.next().await;
            assert_eq!(sent.get(), max);
        }
    }
}
