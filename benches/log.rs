//! The log alone, without sockets: what it costs to append, to look, to follow, and to wake
//! those who wait.

#[path = "../tests/common/mod.rs"]
mod common;

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput};
use futures_util::{FutureExt, StreamExt};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Notify;
use tokio::task::{LocalSet, yield_now};
use trifold::log::{Cursor, MessageLog, NewMessage, Retention};

use common::note;

/// What the program keeps by default.
const KEPT: Retention = Retention {
    messages: 10_000,
    bytes: 64 << 20,
};

/// The text of each message: a line of chat.
const TEXT: &str = "Anna: and then we take the tram at a quarter past seven";

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(3))
        .sample_size(50)
        .nresamples(10_000) // 100 000 take longer than measuring does
        .configure_from_args();
    append(&mut criterion);
    after(&mut criterion);
    follow(&mut criterion);
    wake_up(&mut criterion);
    criterion.final_summary();
}

/// A log that is full: each message that comes makes the oldest go.
fn full_log() -> Arc<MessageLog> {
    let log = Arc::new(MessageLog::new(KEPT));
    for _ in 0..KEPT.messages {
        append_one(&log);
    }
    log
}

fn append_one(log: &MessageLog) {
    log.append(message(log.head() + 1))
        .expect("the log is open");
}

fn message(number: u64) -> NewMessage {
    note(format!("id-{number}"), TEXT)
}

/// A message into a full log that nobody reads.
fn append(criterion: &mut Criterion) {
    let log = full_log();
    let mut numbers = log.head() + 1..;
    let mut group = criterion.benchmark_group("append");
    group.throughput(Throughput::Elements(1));
    group.bench_function("to a full log", |bencher| {
        bencher.iter_batched(
            || numbers.next().map(message).expect("numbers do not end"),
            |message| log.append(message),
            BatchSize::SmallInput,
        );
    });
    group.finish();
}

/// Who asks first pays for putting the batch together; the others share it.
fn after(criterion: &mut Criterion) {
    let log = full_log();
    let mut group = criterion.benchmark_group("after");
    let nothing_new = Cursor::new(log.head());
    group.bench_function("nothing new", |bencher| {
        bencher.iter(|| log.read(&nothing_new));
    });
    for behind in [1, 100] {
        group.throughput(Throughput::Elements(behind));
        group.bench_function(BenchmarkId::new("first to ask", behind), |bencher| {
            bencher.iter_batched(
                || {
                    append_one(&log); // forgets the batches of before
                    Cursor::new(log.head() - behind)
                },
                |cursor| log.read(&cursor),
                BatchSize::PerIteration,
            );
        });
        group.bench_function(BenchmarkId::new("asked before", behind), |bencher| {
            let cursor = Cursor::new(log.head() - behind);
            bencher.iter(|| log.read(&cursor));
        });
    }
    group.finish();
}

/// One follower: each message as it comes, and all that is kept.
fn follow(criterion: &mut Criterion) {
    let log = full_log();
    let mut group = criterion.benchmark_group("follow");
    group.throughput(Throughput::Elements(1));
    group.bench_function("one message, then asleep", |bencher| {
        let mut follow = log.clone().follow(Cursor::new(log.head()));
        assert!(follow.next().now_or_never().is_none());
        bencher.iter_batched(
            || append_one(&log),
            |()| {
                let batch = follow.next().now_or_never();
                assert!(batch.is_some() && follow.next().now_or_never().is_none());
                batch
            },
            BatchSize::PerIteration,
        );
    });
    group.throughput(Throughput::Elements(KEPT.messages as u64));
    group.bench_function("all that is kept, in batches of 500", |bencher| {
        bencher.iter_batched(
            || {
                append_one(&log); // forgets the batches of before
                log.clone().follow(Cursor::new(log.oldest() - 1))
            },
            |mut follow| {
                let mut held = 0;
                while let Some(Some(Ok(batch))) = follow.next().now_or_never() {
                    held = batch.version;
                }
                assert_eq!(held, log.head());
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

/// From before the append until the last of those who wait has its batch.
fn wake_up(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("wake-up");
    for waiters in [1, 100, 10_000] {
        group.throughput(Throughput::Elements(waiters));
        for kind in [Waiter::Changed, Waiter::Follow] {
            let mut crowd = None;
            group.bench_function(BenchmarkId::new(kind.name(), waiters), |bencher| {
                // Made here, so that a crowd that the filter leaves out is not made.
                let crowd =
                    crowd.get_or_insert_with(|| Crowd::new(kind, waiters as usize));
                bencher.iter_custom(|rounds| (0..rounds).map(|_| crowd.wake()).sum());
            });
        }
    }
    group.finish();
}

/// How a reader waits.
#[derive(Clone, Copy)]
enum Waiter {
    /// As a long poll, that asks again at once.
    Changed,
    /// As a WebSocket.
    Follow,
}

impl Waiter {
    fn name(self) -> &'static str {
        match self {
            Self::Changed => "changed, then after",
            Self::Follow => "follow",
        }
    }

    /// Reads for ever, and says so each time that it has a batch.
    async fn read(self, log: Arc<MessageLog>, has_batch: impl Fn()) {
        let mut cursor = Cursor::new(log.head());
        match self {
            Self::Changed => loop {
                log.changed(&cursor).await;
                cursor.since = log.read(&cursor).expect("all is kept").version;
                has_batch();
            },
            Self::Follow => {
                let mut follow = log.follow(cursor);
                while let Some(Ok(_)) = follow.next().await {
                    has_batch();
                }
            }
        }
    }
}

/// Waiters on one thread, on a runtime like that of actix's workers.
struct Crowd {
    runtime: Runtime,
    tasks: LocalSet,
    log: Arc<MessageLog>,
    waiters: usize,
    /// How many have their batch of this round.
    served: Rc<Cell<usize>>,
    all_served: Rc<Notify>,
}

impl Crowd {
    fn new(kind: Waiter, waiters: usize) -> Self {
        let crowd = Self {
            runtime: Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime can be made"),
            tasks: LocalSet::new(),
            log: Arc::new(MessageLog::new(KEPT)),
            waiters,
            served: Rc::default(),
            all_served: Rc::default(),
        };
        for _ in 0..waiters {
            let (served, all) = (crowd.served.clone(), crowd.all_served.clone());
            let has_batch = move || {
                served.set(served.get() + 1);
                if served.get() == waiters {
                    all.notify_one();
                }
            };
            crowd
                .tasks
                .spawn_local(kind.read(crowd.log.clone(), has_batch));
        }
        crowd
    }

    /// Appends once all are asleep, and says how long it took until all were served.
    fn wake(&self) -> Duration {
        self.runtime.block_on(self.tasks.run_until(async {
            while self.log.waiter_count() < self.waiters {
                yield_now().await;
            }
            self.served.set(0);
            let message = message(self.log.head() + 1);

            let begin = Instant::now();
            self.log.append(message).expect("the log is open");
            self.all_served.notified().await;
            begin.elapsed()
        }))
    }
}
