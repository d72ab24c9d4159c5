//! Builds again when a file of the page appears or goes: the list of files is made by a macro,
//! and the compiler notices changed files, but not new ones.

fn main() {
    for part in ["index.html", "core", "transports", "view"] {
        println!("cargo:rerun-if-changed=web/{part}");
    }
}
