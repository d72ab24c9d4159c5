//! Rebuilds when a file of the page is added or removed: a macro embeds the list of files, and the
//! compiler notices changed files, but not new ones.

fn main() {
    let directories = ["model", "net", "session", "transports", "view", "workers"];
    for path in directories.iter().chain(&["index.html", "main.js"]) {
        println!("cargo:rerun-if-changed=web/{path}");
    }
}
