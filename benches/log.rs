//! The log alone, without sockets: what it costs to append, to read, to follow, and to wake
//! waiters.

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

use common::test_message;

/// The retention of the program by default.
const RETENTION: Retention = Retention {
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

/// Returns a full log: each new message evicts the oldest one.
fn full_log() -> Arc<MessageLog> {
    let log = Arc::new(MessageLog::new(RETENTION));
    for _ in 0..RETENTION.messages {
        append_one(&log);
    }
    log
}

fn append_one(log: &MessageLog) {
    log.append(message(log.head() + 1))
        .expect("the log is open");
}

fn message(number: u64) -> NewMessage {
    test_message(format!("id-{number}"), TEXT)
}

/// Appends to a full log without readers.
fn append(criterion: &mut Criterion) {
    let log = full_log();
    let mut numbers = log.head() + 1..;
    let mut group = criterion.benchmark_group("append");
    group.throughput(Throughput::Elements(1));
    group.bench_function("to a full log", |bencher| {
        bencher.iter_batched(
            || numbers.next().map(message).expect("an endless range"),
            |message| log.append(message),
            BatchSize::SmallInput,
        );
    });
    group.finish();
}

/// Reads: the first reader assembles the batch, the others share it.
fn after(criterion: &mut Criterion) {
    let log = full_log();
    let mut group = criterion.benchmark_group("after");
    let nothing_new = Cursor::new(log.head());
    group.bench_function("nothing new", |bencher| {
        bencher.iter(|| log.read(&nothing_new));
    });
    for behind in [1, 100] {
        group.throughput(Throughput::Elements(behind));
        group.bench_function(BenchmarkId::new("first reader", behind), |bencher| {
            bencher.iter_batched(
                || {
                    append_one(&log); // invalidates the cached batches
                    Cursor::new(log.head() - behind)
                },
                |cursor| log.read(&cursor),
                BatchSize::PerIteration,
            );
        });
        group.bench_function(BenchmarkId::new("cached", behind), |bencher| {
            let cursor = Cursor::new(log.head() - behind);
            bencher.iter(|| log.read(&cursor));
        });
    }
    group.finish();
}

/// Follows: each message as it is appended, and everything retained.
fn follow(criterion: &mut Criterion) {
    let log = full_log();
    let mut group = criterion.benchmark_group("follow");
    group.throughput(Throughput::Elements(1));
    group.bench_function("one message, then wait", |bencher| {
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
    group.throughput(Throughput::Elements(RETENTION.messages as u64));
    group.bench_function("everything retained, in batches of 500", |bencher| {
        bencher.iter_batched(
            || {
                append_one(&log); // invalidates the cached batches
                log.clone().follow(Cursor::new(log.oldest() - 1))
            },
            |mut follow| {
                let mut version = 0;
                while let Some(Some(Ok(batch))) = follow.next().now_or_never() {
                    version = batch.version;
                }
                assert_eq!(version, log.head());
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

/// Measures from before the append until the last waiter has its batch.
fn wake_up(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("wake-up");
    for waiters in [1, 100, 10_000] {
        group.throughput(Throughput::Elements(waiters));
        for kind in [WaiterKind::Changed, WaiterKind::Follow] {
            let mut created = None;
            group.bench_function(BenchmarkId::new(kind.name(), waiters), |bencher| {
                // Created here, so that benches that are filtered out create nothing.
                let created =
                    created.get_or_insert_with(|| Waiters::new(kind, waiters as usize));
                bencher.iter_custom(|rounds| (0..rounds).map(|_| created.wake()).sum());
            });
        }
    }
    group.finish();
}

/// How a reader waits.
#[derive(Clone, Copy)]
enum WaiterKind {
    /// Like a long poll, with the next request at once.
    Changed,
    /// Like a WebSocket.
    Follow,
}

impl WaiterKind {
    fn name(self) -> &'static str {
        match self {
            Self::Changed => "changed, then after",
            Self::Follow => "follow",
        }
    }

    /// Reads forever, and calls `on_batch` for each batch.
    async fn read(self, log: Arc<MessageLog>, on_batch: impl Fn()) {
        let mut cursor = Cursor::new(log.head());
        match self {
            Self::Changed => loop {
                log.changed(&cursor).await;
                cursor.since = log.read(&cursor).expect("no gap").version;
                on_batch();
            },
            Self::Follow => {
                let mut follow = log.follow(cursor);
                while let Some(Ok(_)) = follow.next().await {
                    on_batch();
                }
            }
        }
    }
}

/// Waiters on one thread, on a runtime like that of actix's workers.
struct Waiters {
    runtime: Runtime,
    tasks: LocalSet,
    log: Arc<MessageLog>,
    waiters: usize,
    /// How many have the batch of this round.
    served: Rc<Cell<usize>>,
    all_served: Rc<Notify>,
}

impl Waiters {
    fn new(kind: WaiterKind, waiters: usize) -> Self {
        let created = Self {
            runtime: Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime"),
            tasks: LocalSet::new(),
            log: Arc::new(MessageLog::new(RETENTION)),
            waiters,
            served: Rc::default(),
            all_served: Rc::default(),
        };
        for _ in 0..waiters {
            let (served, all) = (created.served.clone(), created.all_served.clone());
            let on_batch = move || {
                served.set(served.get() + 1);
                if served.get() == waiters {
                    all.notify_one();
                }
            };
            created
                .tasks
                .spawn_local(kind.read(created.log.clone(), on_batch));
        }
        created
    }

    /// Appends once all wait, and returns the time until all were served.
    fn wake(&self) -> Duration {
        self.runtime.block_on(self.tasks.run_until(async {
            while self.log.waiter_count() < self.waiters {
                yield_now().await;
            }
            self.served.set(0);
            let message = message(self.log.head() + 1);

            let start = Instant::now();
            self.log.append(message).expect("the log is open");
            self.all_served.notified().await;
            start.elapsed()
        }))
    }
}
