//! Many publishers share a commit: the disk is waited for once.

mod common;

use std::sync::atomic::{AtomicUsize, Ordering};

use clap::Parser;
use common::{JournalFile, note, soon};
use futures_util::future::join_all;
use futures_util::poll;
use log::{LevelFilter, Log, Metadata, Record};
use trifold::{Options, Sequencer};

/// How many commits were logged.
static COMMITS: AtomicUsize = AtomicUsize::new(0);

struct Counter;

impl Log for Counter {
    fn enabled(&self, _: &Metadata) -> bool {
        true
    }

    fn log(&self, record: &Record) {
        let is_commit = record.args().to_string().starts_with("committed");
        COMMITS.fetch_add(is_commit.into(), Ordering::SeqCst);
    }

    fn flush(&self) {}
}

#[tokio::test]
async fn what_waits_for_the_disk_shares_the_next_commit() {
    log::set_logger(&Counter).unwrap();
    log::set_max_level(LevelFilter::Debug);
    let file = JournalFile::new();
    let options = Options::parse_from(["trifold", &file.flag()]);
    let sequencer = Sequencer::open(&options).unwrap();
    let tool = file.open();

    tool.execute_batch("BEGIN IMMEDIATE").unwrap(); // the disk is slow
    let publish = |number| sequencer.publish(note(format!("id-{number}"), "hi"));
    let mut published = join_all((1..=64).chain(1..=64).map(publish));
    assert!(poll!(&mut published).is_pending(), "all of them wait");
    tool.execute_batch("COMMIT").unwrap();

    let published = soon(published).await;
    let (first, again) = published.split_at(64);
    for (published, duplicate) in [(first, false), (again, true)] {
        for (published, version) in published.iter().zip(1..) {
            let published = published.as_ref().unwrap();
            assert_eq!(
                (published.version, published.duplicate),
                (version, duplicate)
            );
        }
    }
    let commits = COMMITS.load(Ordering::SeqCst);
    assert!(
        commits <= 2,
        "{commits}: the one that waited, and one for all others"
    );
    soon(sequencer.end()).await;
}
