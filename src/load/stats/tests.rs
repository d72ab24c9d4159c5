//! What is counted for a client, batch by batch.

use std::time::Duration;

use super::*;

/// A client of a run with ten messages a second that starts now.
struct TestClient {
    thread: Arc<ThreadStats>,
    stats: ClientStats,
    start: Instant,
}

impl TestClient {
    fn new() -> Self {
        let start = Instant::now();
        let times = Arc::new(RunTimes {
            start: start.into(),
            schedule: Schedule::new(10.0, Duration::from_secs(10)),
        });
        let thread = Arc::new(ThreadStats::new(
            times,
            BatchDecoder::new("m-".into(), Arc::default()),
        ));
        Self {
            stats: thread.add_client(Transport::Ws, &"e".into(), 0),
            thread,
            start,
        }
    }

    fn apply(&self, json: &str, after: Duration) -> NextAction {
        let at = self.start + after;
        let applied = self.stats.apply(json.as_bytes(), at, ByteCounts::default());
        applied.unwrap()
    }

    fn sum(&self) -> TransportStats {
        let mut sums = Default::default();
        self.thread.add_to(&mut sums);
        sums[Transport::Ws as usize].clone()
    }
}

fn batch(messages: &[(u64, &str)]) -> String {
    let last = messages.last().map_or(0, |message| message.0);
    let messages: Vec<_> = messages
        .iter()
        .map(|(version, id)| format!(r#"{{"version":{version},"id":"{id}"}}"#))
        .collect();
    format!(
        r#"{{"type":"batch","epoch":"e","version":{last},"head":{last},"messages":[{}]}}"#,
        messages.join(",")
    )
}

#[test]
fn latency_starts_at_due_time() {
    let client = TestClient::new();
    client.apply(
        &batch(&[(1, "m-0"), (2, "m-5")]),
        Duration::from_millis(700),
    );
    let latency = client.sum().latency;
    assert_eq!(latency.len(), 2);
    // With three significant digits: 700 ms and 200 ms.
    let (min, max) = (latency.min(), latency.max());
    assert!(latency.equivalent(max, 700_000), "{max}");
    assert!(latency.equivalent(min, 200_000), "{min}");
}

#[test]
fn classifies_lost_duplicate_reordered() {
    let client = TestClient::new();
    for messages in [
        &[(1, "m-0"), (2, "m-1")][..],
        &[(4, "m-3")], // m-2 is lost
        &[(2, "m-1")], // duplicate
        &[(6, "m-5")],
        &[(5, "m-4"), (7, "other")], // out of order; another publisher's
        &[(9, "m-7"), (8, "m-6")],
    ] {
        client.apply(&batch(messages), Duration::ZERO);
    }
    client.thread.count_lost(&RangeSet::from_iter(0..8));
    let TransportStats { lost, counters, .. } = client.sum();
    assert_eq!(lost, 1);
    assert_eq!(
        counters,
        Counters {
            delivered: 7,
            duplicate: 1,
            out_of_order: 2,
            unrelated: 1,
            ..Counters::default()
        }
    );
}

#[test]
fn versions_restart_with_epoch() {
    let client = TestClient::new();
    client.apply(&batch(&[(9, "m-0")]), Duration::ZERO);
    let gap = r#"{"type":"gap","reason":"epoch","epoch":"f","oldest":1,"head":0}"#;
    assert_eq!(client.apply(gap, Duration::ZERO), NextAction::Gap);
    assert_eq!(client.stats.cursor(), "since=0&epoch=f");
    let json = batch(&[(1, "m-1")]).replace(r#""e""#, r#""f""#);
    client.apply(&json, Duration::ZERO);
    // A batch of another epoch is enough, without a gap.
    let json = batch(&[(1, "m-2")]).replace(r#""e""#, r#""g""#);
    client.apply(&json, Duration::ZERO);
    let counters = client.sum().counters;
    assert_eq!((counters.gaps, counters.delivered), (1, 3));
    assert_eq!(counters.out_of_order, 0);
}

#[test]
fn truncated_batch_requests_more() {
    let client = TestClient::new();
    let json = batch(&[(1, "m-0")]).replace(r#""head":1"#, r#""head":2"#);
    assert_eq!(client.apply(&json, Duration::ZERO), NextAction::RequestMore);
}
