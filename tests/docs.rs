//! The docs are true: the examples of docs/protocol.md run, the flag tables match the command
//! line, and docs/openapi.yaml names the same endpoints, errors and parameters.

use crate::common;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use clap::{Arg, CommandFactory};
use common::Server;
use trifold::cli::Cli;

const PROTOCOL: &str = include_str!("../docs/protocol.md");
const PERFORMANCE: &str = include_str!("../docs/performance.md");

const OPENAPI: &str = include_str!("../docs/openapi.yaml");

/// A command and its documented output.
struct Example {
    line: usize,
    command: String,
    output: String,
}

/// Returns the examples of all `console` blocks, in order. A command continues after a backslash at
/// the end of its line, an output on an indented line.
fn examples(page: &str) -> Vec<Example> {
    let mut examples: Vec<Example> = Vec::new();
    let mut inside = false;
    for (index, line) in page.lines().enumerate() {
        if line.starts_with("```") {
            inside = line == "```console";
        } else if let (true, Some(command)) = (inside, line.strip_prefix("$ ")) {
            examples.push(Example {
                line: index + 1,
                command: command.to_owned(),
                output: String::new(),
            });
        } else if inside {
            let last = examples.last_mut();
            let Example {
                command, output, ..
            } = last.expect("a block starts with a command");
            if command.ends_with('\\') {
                command.push('\n');
                command.push_str(line);
            } else {
                if !output.is_empty() && !line.starts_with(' ') {
                    output.push('\n');
                }
                output.push_str(line.trim_start());
            }
        }
    }
    examples
}

/// Returns whether the text matches the pattern, in which `…` stands for anything.
fn matches(pattern: &str, text: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('…') else {
        return pattern == text;
    };
    let (middle, end) = rest.rsplit_once('…').unwrap_or(("", rest));
    let inner = text.strip_prefix(start).and_then(|t| t.strip_suffix(end));
    // The earliest match of each part leaves the most text for the following ones.
    let mut parts = middle.split('…');
    inner.is_some_and(|mut text| {
        parts.all(|part| match text.find(part) {
            Some(at) => {
                text = &text[at + part.len()..];
                true
            }
            None => false,
        })
    })
}

/// Runs a command in a shell in this directory, without the user's curl configuration. Returns its
/// standard output and standard error.
fn run(command: &str, directory: &Path) -> [String; 2] {
    let ran = Command::new("sh")
        .args(["-c", command])
        .current_dir(directory)
        .env("CURL_HOME", directory)
        .env("no_proxy", "*")
        .output()
        .expect("there is a shell");
    [ran.stdout, ran.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

#[test]
fn pattern_matches_whole_line() {
    for (pattern, text, fits) in [
        ("ab", "ab", true),
        ("ab", "abc", false),
        ("a…", "abc", true),
        ("…c", "abc", true),
        ("a…c…e", "abcde", true),
        ("a…c…e", "acbe", true),
        ("a…c…e", "abde", false),
        ("a…a", "a", false),
        ("a…b", "abc", false),
    ] {
        assert_eq!(matches(pattern, text), fits, "{pattern} {text}");
    }
}

#[test]
fn protocol_examples_run() {
    let examples = examples(PROTOCOL);
    assert!(examples.len() >= 8, "only {} examples", examples.len());
    let server = Server::start(&[]);
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("examples");
    fs::create_dir_all(&directory).unwrap();

    for Example {
        line,
        command,
        output,
    } in examples
    {
        let address = server.address.to_string();
        let here = command.replace("localhost:8080", &address);
        let [printed, complaints] = run(&here, &directory);
        assert!(
            matches(&output, printed.trim_end()),
            "docs/protocol.md, line {line}:\n$ {command}\nexpected: {output}\nprinted:  {printed}\n{complaints}"
        );
    }
}

/// Returns the rows of a flag table: the flag with its value's name, and the given number of further
/// cells. Only text in backticks counts.
fn documented(page: &str, cells: usize) -> Vec<String> {
    let quoted = |cell| str::split(cell, '`').nth(1).unwrap_or("none");
    let rows = page.lines().filter(|line| line.starts_with("| `--"));
    rows.map(|row| {
        let cells: Vec<_> = row.split('|').skip(1).take(cells).map(quoted).collect();
        cells.join(", ")
    })
    .collect()
}

/// Returns a flag with its value's name, its environment variable and its default.
fn defined(flag: &Arg) -> [String; 3] {
    let mut cells = [
        format!("--{}", flag.get_long().expect("a flag has a name")),
        "none".to_owned(),
        "none".to_owned(),
    ];
    if let Some(variable) = flag.get_env() {
        cells[1] = variable.to_string_lossy().into_owned();
    }
    if flag.get_action().takes_values() {
        for name in flag.get_value_names().unwrap_or_default() {
            cells[0] += &match flag.is_require_equals_set() {
                true => format!("[={name}]"),
                false => format!(" {name}"),
            };
        }
        let default = flag.get_default_values().first();
        if let Some(value) = default.filter(|_| !flag.is_hide_default_value_set()) {
            cells[2] = value.to_string_lossy().into_owned();
        }
    }
    cells
}

fn assert_same(documented: &[String], defined: &[String]) {
    for row in defined {
        assert!(documented.contains(row), "the table lacks {row}");
    }
    for row in documented {
        assert!(defined.contains(row), "there is no {row}");
    }
    assert_eq!(documented.len(), defined.len(), "a flag is there twice");
}

#[test]
fn flag_table_matches_cli() {
    let mut command = Cli::command();
    command.build();
    let defined = command.get_arguments().map(|flag| defined(flag).join(", "));
    assert_same(&documented(PROTOCOL, 3), &defined.collect::<Vec<_>>());
}

#[test]
fn load_flag_table_matches_cli() {
    let mut command = Cli::command();
    command.build();
    let load = command.find_subcommand("load").expect("there is one");
    let flags = load.get_arguments().filter(|flag| !flag.is_positional());
    let defined = flags.map(|flag| {
        let [flag, variable, default] = defined(flag);
        assert_eq!(variable, "none", "{flag}");
        [flag, default].join(", ")
    });
    assert_same(&documented(PERFORMANCE, 2), &defined.collect::<Vec<_>>());
}

/// Returns the section of protocol.md with this heading.
fn section(heading: &str) -> &'static str {
    let (_, rest) = PROTOCOL
        .split_once(&format!("\n## {heading}\n"))
        .expect("there is such a section");
    rest.split("\n## ").next().unwrap_or(rest)
}

/// Returns the endpoints, such as `GET /poll`. OpenAPI lists a path with its methods indented.
fn endpoints_of_openapi() -> BTreeSet<String> {
    let mut path = "";
    let mut endpoints = BTreeSet::new();
    for line in OPENAPI.lines() {
        if let Some(rest) = line.strip_prefix("  /") {
            path = rest.trim_end_matches(':');
        } else if let "    get:" | "    post:" = line {
            let method = line.trim().trim_end_matches(':').to_uppercase();
            endpoints.insert(format!("{method} /{path}"));
        }
    }
    endpoints
}

/// Returns the endpoints that protocol.md names in backticks.
fn endpoints_of_protocol() -> BTreeSet<String> {
    let quoted = PROTOCOL.split('`').skip(1).step_by(2);
    let endpoint =
        quoted.filter(|text| text.starts_with("GET /") || text.starts_with("POST /"));
    endpoint
        .map(|text| text.split(['?', '…']).next().unwrap_or(text).to_owned())
        .collect()
}

#[test]
fn openapi_and_protocol_same_endpoints() {
    let mut documented = endpoints_of_protocol();
    documented.insert("GET /".to_owned()); // "any other path is a file of the page"
    assert_eq!(endpoints_of_openapi(), documented);
}

#[test]
fn openapi_and_protocol_same_errors() {
    let of_openapi = OPENAPI.lines().filter_map(|line| {
        let status = line.strip_prefix("        '")?.get(..3)?;
        (status >= "400").then(|| status.to_owned())
    });
    let rows = section("Errors").lines();
    let of_protocol = rows.filter_map(|row| row.strip_prefix("| ")?.get(..3));
    let is_status = |text: &&str| text.parse::<u16>().is_ok();
    assert_eq!(
        of_openapi.collect::<BTreeSet<_>>(),
        of_protocol.filter(is_status).map(str::to_owned).collect()
    );
}

#[test]
fn openapi_and_protocol_same_parameters() {
    let mut of_openapi: BTreeSet<_> = OPENAPI
        .split("name: ")
        .skip(1)
        .filter_map(|after| {
            let (name, more) = after.split_once('\n')?;
            more.trim_start().starts_with("in: query").then_some(name)
        })
        .collect();
    for heading in ["Reading", "Simulated network"] {
        let tables = section(heading)
            .split("| name | meaning | default |")
            .skip(1);
        for table in tables {
            let rows = table
                .trim_start()
                .lines()
                .take_while(|row| row.starts_with('|'));
            for name in rows.filter_map(|row| row.strip_prefix("| `")) {
                let name = name.split('`').next().unwrap_or(name);
                assert!(of_openapi.remove(name), "openapi.yaml lacks {name}");
            }
        }
    }
    assert!(of_openapi.is_empty(), "protocol.md lacks {of_openapi:?}");
}
