//! What publishing costs: messages per second, from one publisher and from many that share a
//! commit, in memory, in a file and in Redis (if it is installed; it keeps nothing on disk here),
//! compared with the disk itself. All of it depends on the disk: a laptop's needs
//! milliseconds for a commit, and the host of a virtual one may not wait for its own.

#[path = "../tests/common/mod.rs"]
mod common;

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use common::Redis;
use criterion::{BenchmarkId, Criterion, Throughput};
use futures_util::future::join_all;
use serde_json::value::to_raw_value;
use tokio::runtime::{Builder, Runtime};
use trifold::journal::{JournalConfig, LogWriter, RedisConfig};
use trifold::log::{NewMessage, Retention};

/// The defaults of the server.
const RETENTION: Retention = Retention {
    messages: 10_000,
    bytes: 64 << 20,
};

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(3))
        .sample_size(20)
        .configure_from_args();
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("bench-journal");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a writable folder");
    publish(&mut criterion, &folder);
    sync_disk(&mut criterion, &folder);
    criterion.final_summary();
    let _ = fs::remove_dir_all(&folder);
}

/// The storages, each with its name.
fn storages(folder: &Path, redis: Option<&Redis>) -> Vec<(&'static str, JournalConfig)> {
    let mut storages = vec![
        ("memory", JournalConfig::Memory),
        ("journal", JournalConfig::Sqlite(folder.join("log.db"))),
    ];
    if let Some(redis) = redis {
        let config = RedisConfig {
            url: redis.url().into(),
            stream: "bench".to_owned(),
        };
        storages.push(("redis", JournalConfig::Redis(config)));
    }
    storages
}

/// Measures from the request to its result; each publisher waits for it before the next one.
fn publish(criterion: &mut Criterion, folder: &Path) {
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build();
    let runtime = runtime.expect("a runtime");
    let redis = Redis::start(&[]);
    for (name, config) in storages(folder, redis.as_ref()) {
        let mut group = criterion.benchmark_group(name);
        let writer = runtime.block_on(LogWriter::open(&config, RETENTION));
        let writer = Arc::new(writer.expect("the storage can be opened"));
        for publishers in [1_u64, 8, 64] {
            group.throughput(Throughput::Elements(publishers));
            group.bench_function(BenchmarkId::new("publishers", publishers), |bencher| {
                bencher.iter_custom(|rounds| burst(&runtime, &writer, publishers, rounds))
            });
        }
        runtime.block_on(writer.close());
        group.finish();
    }
}

fn burst(
    runtime: &Runtime,
    writer: &LogWriter,
    publishers: u64,
    rounds: u64,
) -> Duration {
    let publisher = async || {
        for _ in 0..rounds {
            let published = writer.publish(message()).await;
            published.expect("it is published");
        }
    };
    let start = Instant::now();
    runtime.block_on(join_all((0..publishers).map(|_| publisher())));
    start.elapsed()
}

fn message() -> NewMessage {
    NewMessage {
        id: format!("{:016x}", rand::random::<u64>()),
        sender: "ana".to_owned(),
        kind: "chat".to_owned(),
        body: to_raw_value(&"x".repeat(100)).expect("a string is JSON"),
    }
}

/// The limit: appends 4 KiB to a file, and waits for the disk.
fn sync_disk(criterion: &mut Criterion, folder: &Path) {
    let mut file = File::create(folder.join("bare")).expect("a writable folder");
    let mut append = || {
        file.write_all(&[0; 4096]).expect("the disk has room");
        file.sync_data().expect("the disk works");
    };
    criterion.bench_function("bare fdatasync", |bencher| bencher.iter(&mut append));
}
