//! Every metric is documented and counts correctly, and the dashboard uses all of them.

use crate::common;

use std::collections::BTreeSet;

use common::{JournalFile, Server, wait_until, with_timeout};
use serde_json::Value;

const OPERATIONS: &str = include_str!("../docs/operations.md");
const DASHBOARD: &str = include_str!("../docs/grafana.json");

fn labelled(name: &str, label: &str, value: &str) -> String {
    format!(r#"trifold_{name}{{{label}="{value}"}}"#)
}

fn metric(name: &str, transport: &str) -> String {
    labelled(name, "transport", transport)
}

/// Waits until a metric has this value.
async fn wait_metric(server: &Server, name: &str, value: f64) {
    let mut last = f64::NAN;
    let reached = async {
        while last != value {
            last = server.metric(name).await;
        }
    };
    let reached = tokio::time::timeout(common::TEST_TIMEOUT, reached)
        .await
        .is_ok();
    assert!(reached, "{name} is {last} instead of {value}");
}

#[tokio::test]
async fn transports_count_deliveries() {
    let server = Server::start(&[]);
    let mut socket = server.socket("").await;
    let long_poll = server.get("/longpoll");
    let publish = async {
        wait_until("both wait", || server.log.waiter_count() == 2).await;
        server.append_messages(1);
    };
    let (polled, ()) = tokio::join!(long_poll, publish);
    assert_eq!(socket.next("batch").await["version"], 1);
    server.append_messages(3); // id-1 is a duplicate
    assert_eq!(server.get("/poll?since=1").await.json()["version"], 3);
    assert_eq!(server.get("/poll?since=3").await.json()["version"], 3);
    let last = async { while socket.next("batch").await["version"] != 3 {} };
    with_timeout(last).await;

    let bytes = metric("batch_bytes_sent_total", "longpoll");
    assert_eq!(server.metric(&bytes).await, polled.body.len() as f64);
    for (transport, batches, messages) in [("poll", 2.0, 2.0), ("longpoll", 1.0, 1.0)] {
        let of_transport = |name: &str| metric(name, transport);
        assert_eq!(
            server.metric(&of_transport("batches_sent_total")).await,
            batches
        );
        assert_eq!(
            server
                .metric(&of_transport("messages_delivered_total"))
                .await,
            messages
        );
    }
    assert_eq!(
        server
            .metric(&metric("messages_delivered_total", "ws"))
            .await,
        3.0
    );
    // Empty batches have no latency.
    let latency = metric("delivery_latency_seconds_count", "poll");
    assert_eq!(server.metric(&latency).await, 1.0);
    assert_eq!(
        server.metric("trifold_long_poll_hold_seconds_count").await,
        1.0
    );
    assert_eq!(server.metric("trifold_log_head_version").await, 3.0);
    assert_eq!(server.metric("trifold_log_oldest_version").await, 1.0);
}

#[tokio::test]
async fn latency_starts_at_request() {
    let server = Server::start(&[]);
    server.append_messages(1);
    tokio::time::sleep(std::time::Duration::from_millis(300)).await; // the message's age
    server.get("/poll").await;
    server.get("/longpoll").await;
    server.socket("").await.next("batch").await;
    for transport in ["poll", "longpoll", "ws"] {
        let sum = server
            .metric(&metric("delivery_latency_seconds_sum", transport))
            .await;
        let count = metric("delivery_latency_seconds_count", transport);
        assert_eq!(server.metric(&count).await, 1.0);
        assert!(sum < 0.3, "{transport}: {sum}");
    }
}

#[tokio::test]
async fn gauges_return_to_zero() {
    let server = Server::start(&[]);
    let sockets = [server.socket("").await, server.socket("").await];
    let mut long_poll = server.connect_raw().await;
    long_poll.request("GET /longpoll", &[]).await;
    wait_until("all wait", || server.log.waiter_count() == 3).await;
    let metrics = server.get("/metrics").await;
    assert_eq!(metrics.metric("trifold_websockets_open"), 2.0);
    assert_eq!(metrics.metric("trifold_long_polls_in_flight"), 1.0);
    assert_eq!(metrics.metric("trifold_log_waiters"), 3.0);
    assert_eq!(metrics.metric("trifold_connections_open"), 4.0); // includes the one of this request
    drop(sockets);
    drop(long_poll);
    wait_metric(&server, "trifold_websockets_open", 0.0).await;
    wait_metric(&server, "trifold_long_polls_in_flight", 0.0).await;
    wait_metric(&server, "trifold_log_waiters", 0.0).await;
    wait_metric(&server, "trifold_connections_open", 1.0).await;
}

#[tokio::test]
async fn gaps_are_counted_by_reason() {
    let server = Server::start(&["--retain-messages=2"]);
    server.append_messages(5);
    server
        .get("/poll?since=1")
        .await
        .assert_problem(410, "cursor");
    server
        .get("/longpoll?since=9")
        .await
        .assert_problem(410, "cursor");
    server
        .socket("?since=0&epoch=other")
        .await
        .next("gap")
        .await;
    for reason in ["truncated", "ahead", "epoch"] {
        let name = labelled("cursor_gaps_total", "reason", reason);
        assert_eq!(server.metric(&name).await, 1.0, "{reason}");
    }
}

#[tokio::test]
async fn responses_are_counted_by_endpoint() {
    let server = Server::start(&[]);
    server.get("/poll").await;
    server.get("/poll?since=x").await;
    server.get("/no/such/path").await;
    let _socket = server.socket("").await;
    let text = server.get("/metrics").await.text().to_owned();
    for (endpoint, status) in [("poll", 200), ("poll", 400), ("page", 404), ("ws", 101)] {
        let line = format!(r#"{{endpoint="{endpoint}",code="{status}"}} 1"#);
        assert!(text.contains(&line), "{line} in {text}");
    }
    assert!(!text.contains("such"));
}

/// Starts a server in which every metric has a value.
async fn start_with_journal() -> (Server, JournalFile) {
    let file = JournalFile::new();
    let server = Server::start(&[&file.flag()]);
    assert_eq!(server.publish("1").await["version"], 1);
    (server, file)
}

#[tokio::test]
async fn commits_are_measured() {
    let (server, _file) = start_with_journal().await;
    let metrics = server.get("/metrics").await;
    assert_eq!(
        metrics.metric("trifold_journal_commit_duration_seconds_count"),
        1.0
    );
    assert_eq!(
        metrics.metric("trifold_journal_commit_batch_messages_sum"),
        1.0
    );
    assert!(metrics.metric("trifold_journal_commit_duration_seconds_sum") > 0.0);
    assert_eq!(metrics.metric("trifold_journal_commit_failures_total"), 0.0);
}

/// Returns the names of all metrics, without the suffixes of a histogram.
fn families(text: &str) -> BTreeSet<String> {
    let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    let families = types.filter_map(|line| {
        let (name, kind) = line.split_once(' ')?;
        let total = if kind == "counter" { "_total" } else { "" };
        Some(format!("{name}{total}"))
    });
    families.collect()
}

#[tokio::test]
async fn documented_metrics_match() {
    let (server, _file) = start_with_journal().await;
    let response = server.get("/metrics").await;
    let content_type = response.header("content-type").unwrap_or_default();
    assert!(content_type.starts_with("application/openmetrics-text"));
    assert!(response.text().ends_with("# EOF\n"));

    let mut rows = OPERATIONS
        .lines()
        .skip_while(|line| !line.starts_with("| metric |"));
    rows.next();
    let rows = rows.take_while(|line| line.starts_with('|'));
    let first = rows.filter_map(|line| line.split('|').nth(1));
    let names = first.flat_map(|cell| cell.split('`').skip(1).step_by(2));
    let names = names.filter_map(|name| name.split('{').next());
    let documented: BTreeSet<_> = names
        .map(|name| match name.starts_with("process_") {
            true => name.to_owned(),
            false => format!("trifold_{name}"),
        })
        .collect();
    assert_eq!(documented, families(response.text()));
}

#[tokio::test]
async fn dashboard_queries_exist() {
    let (server, _file) = start_with_journal().await;
    server.socket("").await.next("batch").await;
    let text = server.get("/metrics").await.text().to_owned();
    let dashboard: Value = serde_json::from_str(DASHBOARD).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let targets = panels
        .iter()
        .flat_map(|panel| panel["targets"].as_array().unwrap());
    let mut queried = BTreeSet::new();
    for target in targets {
        let query = target["expr"].as_str().unwrap();
        let words: Vec<_> = query
            .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .collect();
        let is_metric =
            |word: &&&str| word.starts_with("trifold_") || word.starts_with("process_");
        let names = words.iter().filter(is_metric);
        let names: BTreeSet<_> = names.copied().collect();
        assert!(!names.is_empty(), "{query}");
        for name in &names {
            let has_labels = |line: &&str| line.starts_with(&[name, "{"].concat());
            let sample = text.lines().find(has_labels);
            let plain = text
                .lines()
                .any(|line| line.starts_with(&[name, " "].concat()));
            assert!(sample.is_some() || plain, "there is no {name}: {query}");
            // The query groups only by labels of the metric.
            let group_by = query
                .split("by (")
                .nth(1)
                .and_then(|rest| rest.split(')').next());
            for label in group_by
                .unwrap_or_default()
                .split(", ")
                .filter(|label| !label.is_empty())
            {
                let has =
                    sample.is_some_and(|line| line.contains(&format!("{label}=\"")));
                assert!(has, "{name} has no {label}: {query}");
            }
        }
        queried.extend(names.into_iter().map(str::to_owned));
    }
    // The dashboard queries every metric.
    for family in families(&text) {
        let is_queried = |name: &String| name.starts_with(&family);
        assert!(
            queried.iter().any(is_queried),
            "the dashboard lacks {family}"
        );
    }
}
