//! Modules import from lower layers only, so that there is no import cycle.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Bottom to top. Modules of one layer do not import each other.
const LAYERS: [&[&str]; 9] = [
    &["log"],
    &["journal", "limits", "metrics", "process"],
    &["http"],
    &["ws"],
    &["publish"],
    &["transports"],
    &["lab"],
    &["server"],
    &["cli"],
];

/// Imports nothing of the crate, and only `cli` may import it.
const LOAD: &str = "load";

fn layer(module: &str) -> usize {
    let found = LAYERS.iter().position(|layer| layer.contains(&module));
    found.unwrap_or_else(|| panic!("add the module `{module}` to a layer"))
}

fn is_allowed(from: &str, to: &str) -> bool {
    match (from, to) {
        (LOAD, _) => to == LOAD,
        (_, LOAD) => from == "cli",
        _ => from == to || layer(to) < layer(from),
    }
}

/// The top-level module that a file belongs to.
fn module_of(path: &Path) -> String {
    let first = path.components().next().expect("a file has a name");
    let name = first.as_os_str().to_string_lossy();
    name.trim_end_matches(".rs").to_owned()
}

/// The top-level modules that a file names as `crate::module`, outside of comments.
fn imports(source: &str) -> BTreeSet<String> {
    let code = source.lines().map(|line| match line.find("//") {
        Some(comment) => &line[..comment],
        None => line,
    });
    let paths = code.flat_map(|line| line.split("crate::").skip(1).collect::<Vec<_>>());
    let name = |path: &str| -> String {
        let is_name = |letter: &char| letter.is_alphanumeric() || *letter == '_';
        path.chars().take_while(is_name).collect()
    };
    paths
        .map(|path| {
            assert!(!path.starts_with('{'), "one `use crate::…` a line: {path}");
            name(path)
        })
        .collect()
}

/// All Rust files below a directory.
fn files(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).expect("a directory");
    entries
        .map(|entry| entry.expect("a directory entry").path())
        .flat_map(|path| match path {
            directory if directory.is_dir() => files(&directory),
            file => vec![file],
        })
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect()
}

#[test]
fn modules_import_lower_layers_only() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut modules = BTreeSet::new();
    for file in files(&src) {
        let path = file.strip_prefix(&src).unwrap();
        let module = module_of(path);
        if matches!(&*module, "lib" | "main") {
            continue;
        }
        for import in imports(&fs::read_to_string(&file).unwrap()) {
            let path = path.display();
            assert!(
                is_allowed(&module, &import),
                "src/{path} imports crate::{import}, which is not below `{module}`"
            );
        }
        modules.insert(module);
    }
    let known: BTreeSet<_> = LAYERS.iter().flat_map(|layer| layer.iter()).collect();
    let known: BTreeSet<_> = known.into_iter().chain([&LOAD]).collect();
    assert!(
        modules
            .iter()
            .map(String::as_str)
            .eq(known.into_iter().copied())
    );
}

#[test]
fn upward_import_is_not_allowed() {
    assert!(is_allowed("http", "log"));
    assert!(!is_allowed("log", "http"));
    assert!(!is_allowed("journal", "limits"));
    assert!(!is_allowed("load", "log"));
    assert!(!is_allowed("server", "load"));
}
