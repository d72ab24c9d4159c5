//! Modules import from lower layers only, and no two files import each other.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Bottom to top. Modules of one layer do not import each other.
const LAYERS: [&[&str]; 9] = [
    &["log"],
    &["diagnostics", "journal", "limits", "metrics", "process"],
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

/// The files that a file imports from its own directory: `use super::name::…` or, at the top of a
/// program, `use name::…`. A `mod.rs` imports what it re-exports.
fn siblings(source: &str, names: &BTreeSet<String>) -> BTreeSet<String> {
    let uses = source.lines().map(str::trim_start).filter_map(|line| {
        let line = line.strip_prefix("pub ").unwrap_or(line);
        line.strip_prefix("use ")
    });
    let first = uses.filter_map(|path| {
        let path = path.strip_prefix("super::").unwrap_or(path);
        let path = path.strip_prefix("crate::").unwrap_or(path);
        path.split([':', ';', '{', ' ']).next()
    });
    let imported = first.map(str::to_owned);
    imported.filter(|name| names.contains(name)).collect()
}

/// The files of one directory with their imports. What a file takes from its `mod.rs` counts as an
/// import of it.
fn graph(directory: &Path) -> BTreeMap<String, BTreeSet<String>> {
    let entries = fs::read_dir(directory).expect("a directory");
    let paths = entries.map(|entry| entry.expect("a directory entry").path());
    let sources: BTreeMap<String, String> = paths
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .map(|path| {
            let name = path.file_stem().expect("a file name");
            let source = fs::read_to_string(&path).expect("a source file");
            (name.to_string_lossy().into_owned(), source)
        })
        .collect();
    let names: BTreeSet<_> = sources.keys().cloned().collect();
    let with_facade = |(name, source): (&String, &String)| {
        let mut imports = siblings(source, &names);
        let from_facade = source.lines().any(|line| {
            let item = line.strip_prefix("use super::");
            item.is_some_and(|item| {
                let first = item.split([':', ';', '{', ' ']).next().unwrap_or("");
                !names.contains(first)
                    && !directory.join(first).is_dir()
                    && first != "super"
            })
        });
        if from_facade && names.contains("mod") {
            imports.insert("mod".to_owned());
        }
        imports.remove(name);
        (name.clone(), imports)
    };
    sources.iter().map(with_facade).collect()
}

/// A file that imports itself through others, if there is one.
fn cycle(graph: &BTreeMap<String, BTreeSet<String>>) -> Option<String> {
    let reaches_itself = |start: &&String| {
        let (mut seen, mut next) = (BTreeSet::new(), vec![*start]);
        while let Some(file) = next.pop() {
            for import in &graph[file] {
                if import == *start {
                    return true;
                }
                if seen.insert(import) {
                    next.push(import);
                }
            }
        }
        false
    };
    graph.keys().find(reaches_itself).cloned()
}

#[test]
fn files_have_no_import_cycle() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut directories: BTreeSet<PathBuf> = BTreeSet::new();
    for part in ["src", "benches"] {
        for file in files(&root.join(part)) {
            directories.extend(file.parent().map(Path::to_owned));
        }
    }
    assert!(directories.len() >= 10);
    for directory in directories {
        let found = cycle(&graph(&directory));
        assert_eq!(found, None, "an import cycle in {}", directory.display());
    }
}

#[test]
fn cycle_is_found() {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let mut graph = BTreeMap::from([
        ("a".to_owned(), names(&["b"])),
        ("b".to_owned(), names(&["c"])),
        ("c".to_owned(), names(&[])),
    ]);
    assert_eq!(cycle(&graph), None);
    graph.insert("c".to_owned(), names(&["b"]));
    assert_eq!(cycle(&graph).as_deref(), Some("b"));
}
