//! `trifold load --sweep` measures each transport on its own, at each rate, and finds where two of
//! them cost the same.

use std::fs;

use serde_json::{Value, json};

use crate::common::Program;
use crate::load::{assert_error, output_path, program, text};

/// Runs a sweep against a server, with these flags, and returns its table and its JSON.
async fn swept(server: &Program, name: &str, flags: &[&str]) -> (String, Value) {
    let file = output_path(name);
    let (url, json) = (
        format!("http://{}", server.address),
        format!("--json={}", file.display()),
    );
    let output = program(&[&[&*url, &*json], flags].concat()).await;
    assert_eq!(text(&output.stderr), "");
    let json = fs::read(file).expect("--json has written it");
    let report: Value = serde_json::from_slice(&json).expect("JSON");
    assert_eq!(report["ok"], output.status.success());
    (text(&output.stdout).to_owned(), report)
}

fn number(value: &Value) -> f64 {
    value
        .as_f64()
        .unwrap_or_else(|| panic!("{value} is a number"))
}

/// Polls every 250 ms cost the same at 2 and at 10 messages per second, except for the messages;
/// long polls cost five times as much, and cross them.
#[tokio::test]
async fn sweep_measures_each_transport_at_each_rate() {
    let server = Program::start(&[]);
    let plot = output_path("sweep.svg");
    let flags = [
        "--sweep=10,2",
        "--clients=3",
        "--duration=1s",
        "--poll-interval=250ms",
        &format!("--plot={}", plot.display()),
    ];
    let (table, report) = swept(&server, "sweep_all.json", &flags).await;
    assert_eq!(report["ok"], true, "{table}");
    assert_eq!(
        report["parameters"]["clients"],
        json!({ "poll": 3, "longpoll": 3, "ws": 3 })
    );
    assert_eq!(report["parameters"]["rate"], Value::Null);

    let points = report["sweep"].as_array().unwrap();
    let keys: Vec<_> = points
        .iter()
        .map(|point| (number(&point["rate"]), point["transport"].as_str().unwrap()))
        .collect();
    let transports = ["poll", "longpoll", "ws"];
    let expected = [2.0, 10.0].map(|rate| transports.map(|name| (rate, name)));
    assert_eq!(keys, expected.concat());
    for (point, (rate, transport)) in points.iter().zip(&keys) {
        assert_eq!(point["clients"], 3);
        assert_eq!(number(&point["latency_ms"]["count"]), 3.0 * rate);
        assert_counters(point);
        let requests = number(&point["requests_per_client_second"]);
        match *transport {
            "poll" => assert!((2.0..=5.0).contains(&requests), "{table}"),
            "longpoll" => assert!((0.5 * rate..=*rate).contains(&requests), "{table}"),
            _ => assert_eq!(requests, 0.0, "{table}"),
        }
        let has_upload = number(&point["upload_bytes_per_client_second"]) > 0.0;
        assert_eq!(has_upload, *transport != "ws");
        assert!(number(&point["download_bytes_per_client_second"]) > 0.0);
    }
    assert!(points[1..].iter().all(
        |point| point["memory_per_client"].is_null() && point["memory_end"].is_null()
    ));

    let crossings = report["crossings"].as_array().unwrap();
    let [crossing] = &crossings[..] else {
        panic!("{crossings:?}\n{table}");
    };
    assert_eq!(crossing["transports"], json!(["poll", "longpoll"]));
    assert_eq!(crossing["quantity"], "bytes");
    assert!((2.0..10.0).contains(&number(&crossing["rate"])), "{table}");
    assert!(
        table.contains("poll and longpoll send as many bytes"),
        "{table}"
    );
    for point in points {
        let download = number(&point["download_bytes_per_client_second"]);
        assert!(table.contains(&format!("  {download:.1}")), "{table}");
    }
    assert_plot(&fs::read_to_string(plot).unwrap());
}

/// Asserts that the counters of a measurement belong to its other figures.
fn assert_counters(point: &Value) {
    assert_eq!(point["delivered"], point["latency_ms"]["count"]);
    let seconds = number(&point["window_seconds"]) * number(&point["clients"]);
    let requests = number(&point["requests_per_client_second"]) * seconds;
    assert!(
        (number(&point["requests"]) - requests).abs() < 1e-6,
        "{point}"
    );
    if cfg!(target_os = "linux") {
        assert!(number(&point["server_cores"]) < 2.0);
        assert!(number(&point["cpu_us_per_client_second"]) >= 0.0);
    }
}

/// Asserts that the plot names its axes, and has a curve for each transport and a crossing.
fn assert_plot(svg: &str) {
    let svg = roxmltree::Document::parse(svg).expect("well-formed XML");
    let texts: Vec<_> = svg
        .descendants()
        .filter_map(|element| element.text())
        .map(str::trim)
        .collect();
    for expected in [
        "messages per second",
        "bytes per client and second, up and down",
        "poll",
        "longpoll",
        "ws",
    ] {
        assert!(texts.contains(&expected), "{expected}");
    }
    assert!(texts.iter().any(|text| text.ends_with("/s")), "{texts:?}");
    // A point for each measurement, and a ring around the crossing.
    let circles = svg
        .descendants()
        .filter(|element| element.has_tag_name("circle"));
    assert_eq!(circles.count(), 2 * 3 + 1);
}

/// The duration grows to a whole number of messages: 6 at 5 per second are 1.2 s.
#[tokio::test]
async fn sweep_measures_named_transports_only() {
    let server = Program::start(&[]);
    let flags = ["--sweep=5", "--transport=ws=2,poll=1", "--duration=1100ms"];
    let (table, report) = swept(&server, "sweep_named.json", &flags).await;
    let counts = report["sweep"].as_array().unwrap().iter().map(|point| {
        let count = number(&point["latency_ms"]["count"]);
        (point["transport"].as_str().unwrap(), count)
    });
    let counts: Vec<_> = counts.collect();
    assert_eq!(counts, [("poll", 6.0), ("ws", 12.0)], "{table}");
}

#[tokio::test]
async fn contradictory_sweep_is_rejected() {
    let many = format!(
        "--sweep={}",
        (1..=21)
            .map(|rate| rate.to_string())
            .collect::<Vec<_>>()
            .join(",")
    );
    for (flags, expected) in [
        (&["--sweep=1", "--rate=2"][..], "cannot be used with"),
        (&["--sweep=1", "--hgrm=file"], "cannot be used with"),
        (&["--sweep=1,2,1"], "--sweep contains 1 twice"),
        (&["--sweep=0"], "from 0.01 to 100000"),
        (&["--sweep=100001"], "from 0.01 to 100000"),
        (&["--sweep="], "from 0.01 to 100000"),
        (&["--sweep=0.05"], "use a longer --duration"),
        (&[&many], "21 rates; the maximum is 20"),
        (&["--sweep=1", "--transport=ws,ws"], "contains ws twice"),
        (
            &["--sweep=1", "--transport=ws=2", "--clients=3"],
            "contradicts",
        ),
    ] {
        assert_error(flags, expected).await;
    }
}

/// Only polls send ETags, but all transports are measured.
#[tokio::test]
async fn sweep_with_etag_includes_other_transports() {
    let server = Program::start(&[]);
    let flags = ["--sweep=10", "--etag", "--clients=1", "--duration=200ms"];
    let (table, report) = swept(&server, "sweep_etag.json", &flags).await;
    assert_eq!(report["ok"], true, "{table}");
    assert_eq!(report["parameters"]["etag"], true);
    assert_eq!(report["sweep"].as_array().map(Vec::len), Some(3));
}
