//! The rules of this code base that the compiler does not know: who may use whom, how long, in which words.
//!
//! Each rule is a line in a table here or in a module; an exception is a line with its reason.

mod code;
mod deploy;
mod dialects;
mod edges;
mod text;

use std::fs;
use std::path::{Path, PathBuf};

/// The root of the workspace.
fn root() -> &'static Path {
    const HERE: &str = env!("CARGO_MANIFEST_DIR");
    Path::new(HERE).ancestors().nth(2).unwrap()
}

/// A file of the workspace: its path from the root, with `/`, and its text.
struct File {
    path: String,
    text: String,
}

/// Every text file of the workspace, but none that was built, downloaded or generated elsewhere.
fn files(wanted: impl Fn(&str) -> bool) -> Vec<File> {
    let mut found = Vec::new();
    let mut folders = vec![root().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/");
            if path.is_dir() {
                if !is_foreign(&path) {
                    folders.push(path);
                }
            } else if wanted(&name)
                && let Ok(text) = fs::read_to_string(&path)
            {
                found.push(File { path: name, text });
            }
        }
    }
    found.sort_by(|one, other| one.path.cmp(&other.path));
    found
}

fn is_foreign(folder: &Path) -> bool {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    matches!(&*name, ".git" | ".venv" | "target" | "node_modules" | "__pycache__" | ".hypothesis")
        || folder.join("CACHEDIR.TAG").exists()
}

/// Every Rust file.
fn rust_files() -> Vec<File> {
    files(|name| is_kind(name, &["rs"]))
}

fn is_kind(name: &str, extensions: &[&str]) -> bool {
    let extension = PathBuf::from(name).extension().map(|extension| extension.to_string_lossy().into_owned());
    extension.is_some_and(|extension| extensions.contains(&&*extension))
}

/// Fails with all complaints at once.
fn none(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}
