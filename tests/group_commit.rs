//! Queued messages share one commit, so that publishers wait for the disk once.

use crate::common;

use common::{JournalFile, Server, test_message, with_timeout};
use futures_util::future::join_all;
use futures_util::poll;

#[tokio::test]
async fn queued_messages_share_one_commit() {
    let file = JournalFile::new();
    let server = Server::start(&[&file.flag()]);
    let tool = file.open();

    tool.execute_batch("BEGIN IMMEDIATE").unwrap(); // blocks the writer, like a slow disk
    let publish = |number| {
        let message = test_message(format!("id-{number}"), "hi");
        server.writer.publish(message)
    };
    let mut published = join_all((1..=64).chain(1..=64).map(publish));
    assert!(
        poll!(&mut published).is_pending(),
        "no publish waits for the commit"
    );
    tool.execute_batch("COMMIT").unwrap();

    let published = with_timeout(published).await;
    let (first, again) = published.split_at(64);
    for (published, duplicate) in [(first, false), (again, true)] {
        for (published, version) in published.iter().zip(1..) {
            let published = published.as_ref().unwrap();
            let ack = (published.version, published.duplicate);
            assert_eq!(ack, (version, duplicate));
        }
    }
    let metrics = server.get("/metrics").await;
    assert_eq!(
        metrics.metric("trifold_journal_commit_batch_messages_sum"),
        64.0
    );
    let commits = metrics.metric("trifold_journal_commit_duration_seconds_count");
    assert!(
        commits <= 2.0,
        "{commits} commits: one for the first message and one for all others are enough"
    );
}
