//! The versions of everything that is compared, for the tables.

use std::fs;
use std::process::Command;

use crate::program::SOURCES;

const PACKAGES: [(&str, &str); 5] = [
    ("nginx", "nginx"),
    ("nchan", "libnginx-mod-nchan"),
    ("Pushpin", "pushpin"),
    ("Condure, in front of Pushpin", "condure"),
    ("wrk", "wrk"),
];

const MODULES: [(&str, &str); 4] = [
    ("Bun", "bun"),
    ("ws", "ws"),
    ("socket.io", "socket.io"),
    ("Express", "express"),
];

/// Returns the names and versions; `unknown` if one is not installed.
pub(crate) fn versions() -> Vec<(String, String)> {
    let lock = include_str!("../../Cargo.lock");
    let run = include_str!("run");
    let mut versions = vec![
        ("Trifold", Some(env!("CARGO_PKG_VERSION").to_owned())),
        ("axum", after(lock, "name = \"axum\"\nversion = \"")),
        ("durable-streams", after(run, "durable_version=")),
    ];
    versions.extend(PACKAGES.map(|(name, package)| (name, debian(package))));
    versions.extend(MODULES.map(|(name, module)| (name, npm(module))));
    versions.push(("Node.js", output("node", &["--version"])));
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").ok();
    versions.push(("Linux", kernel.as_deref().and_then(|text| after(text, ""))));
    let named = versions.into_iter().map(|(name, version)| {
        let version = version.unwrap_or_else(|| "unknown".to_owned());
        (name.to_owned(), version)
    });
    named.collect()
}

/// Returns the version that follows a text: up to what is not a part of its number.
fn after(text: &str, start: &str) -> Option<String> {
    let (_, rest) = text.split_once(start)?;
    let is_part = |letter: &char| letter.is_ascii_digit() || *letter == '.';
    Some(rest.chars().take_while(is_part).collect())
}

fn debian(package: &str) -> Option<String> {
    output("dpkg-query", &["-W", "-f", "${Version}", package])
}

fn npm(module: &str) -> Option<String> {
    let file = format!("{SOURCES}/node_modules/{module}/package.json");
    let package = fs::read(file).ok()?;
    let package: serde_json::Value = serde_json::from_slice(&package).ok()?;
    Some(package["version"].as_str()?.to_owned())
}

fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}
