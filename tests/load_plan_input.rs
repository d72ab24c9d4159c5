//! `trifold load --plan` reads the reports of runs and sweeps, and rejects those that lack a figure.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::common::Program;
use crate::load::{assert_error, output_path, program, text};
use crate::load_plan::{
    assert_figure, has_note, planned, written, ws_idle_report, ws_report,
};

#[tokio::test]
async fn unusable_reports_are_rejected() {
    let good = written("plan_good.json", &ws_report())
        .display()
        .to_string();
    let good = format!("--plan={good}");
    for (flags, expected) in [
        (&[&*good][..], "--plan needs --clients"),
        (
            &[&good, "--clients=1", "http://127.0.0.1:1"],
            "cannot be used with",
        ),
        (&[&good, "--clients=1", "--sweep=1"], "cannot be used with"),
        (
            &[&good, "--clients=1", "--duration=1s"],
            "cannot be used with",
        ),
        (
            &[&good, "--clients=1", "--transport=poll"],
            "a measurement of poll",
        ),
        (
            &[&good, "--clients=1", "--transport=ws,ws"],
            "contains ws twice",
        ),
        (
            &["--plan=/nowhere/to/be/found", "--clients=1"],
            "cannot read /nowhere",
        ),
    ] {
        assert_error(flags, expected).await;
    }
    let changed = |change: fn(&mut Value)| {
        let mut report = ws_report();
        change(&mut report);
        report
    };
    for (name, report, expected) in [
        ("list", json!([1]), "plan_list.json is not a report"),
        (
            "cpu",
            changed(|report| report["server"] = Value::Null),
            "plan_cpu.json has no CPU time of the server",
        ),
        (
            "version",
            changed(|report| report["version"] = json!("0.0.9")),
            "plan_version.json is from version 0.0.9 of trifold",
        ),
        (
            "field",
            changed(|report| report["window_seconds"] = Value::Null),
            "plan_field.json is not a report of this build",
        ),
        (
            "mix",
            changed(|report| {
                let row = report["transports"][0].clone();
                report["transports"] = json!([row, row]);
            }),
            "plan_mix.json has several transports in one run",
        ),
        ("idle", ws_idle_report(), "ws was measured without messages"),
    ] {
        let path = written(&format!("plan_{name}.json"), &report);
        let plan = format!("--plan={}", path.display());
        assert_error(&[&plan, "--clients=1"], expected).await;
    }
    let path = output_path("plan_text.json");
    fs::write(&path, "no JSON").unwrap();
    let plan = format!("--plan={}", path.display());
    assert_error(&[&plan, "--clients=1"], "plan_text.json is not JSON").await;
}

/// Reports of a run and of a sweep, as they are written, can be planned from.
#[tokio::test]
async fn written_reports_are_read() {
    if !cfg!(target_os = "linux") {
        return; // elsewhere the CPU time of the server may not be readable
    }
    let server = Program::start(&[]);
    let url = format!("http://{}", server.address);
    let [run, sweep] = ["plan_run.json", "plan_sweep.json"].map(output_path);
    let flags = ["--clients=4", "--duration=500ms", "--poll-interval=50ms"];
    for (file, mode) in [(&run, "--rate=20"), (&sweep, "--sweep=4,20")] {
        let json = format!("--json={}", file.display());
        let output = program(&[&[&*url, &json, mode], &flags[..]].concat()).await;
        assert!(output.status.success(), "{}", text(&output.stderr));
    }
    let read = |path: &PathBuf| -> Value {
        serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
    };
    let flags = ["--clients=1000", "--rate=20", "--poll-interval=50ms"];
    let (_, plan) = planned("written_run", &[read(&run)], &flags).await;
    let download = read(&run)["all"]["download_bytes_per_message"].as_f64();
    assert_figure(
        &plan,
        "/transports/0/cost/delivery/download_bytes",
        download,
    );

    let (table, plan) = planned("written_sweep", &[read(&sweep)], &flags).await;
    assert_eq!(plan["sources"].as_array().map(Vec::len), Some(6), "{table}");
    // The rates of a sweep tell polls from messages.
    let poll = &plan["transports"][0];
    assert!(poll["cost"]["delivery"]["cpu_us"].is_f64(), "{plan}");
    assert!(poll["cost"]["empty_poll"]["cpu_us"].is_f64(), "{plan}");
    assert_figure(poll, "/needs/requests_per_second", 20_000.0);
    assert!(
        has_note(&plan, "ws: the memory of a connection is unknown"),
        "{plan}"
    );
}
