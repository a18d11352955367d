//! What no file says, whatever it is written in.

use crate::{File, files, is_kind, none, root};

const TEXT: &[&str] = &["rs", "toml", "md", "json", "py", "yaml", "yml", "sql", "sh", "html"];
/// Scripts have no extension.
const FOLDERS: &[&str] = &["scripts/", ".ci/"];

fn text_files() -> Vec<File> {
    files(|name| is_kind(name, TEXT) || FOLDERS.iter().any(|folder| name.starts_with(folder)))
}

fn complain(words: &[String]) {
    let mut complaints = Vec::new();
    for file in text_files() {
        for (at, line) in file.text.lines().enumerate() {
            let found = words.iter().filter(|word| line.contains(word.as_str()));
            complaints.extend(found.map(|word| format!("{}:{}: {word}", file.path, at + 1)));
        }
    }
    none(&complaints);
}

#[test]
fn nothing_is_left_to_be_done() {
    // In halves, so that this file does not have them.
    complain(&[("TO", "DO"), ("FIX", "ME"), ("XX", "X")].map(|(one, other)| format!("{one}{other}")));
}

#[test]
fn no_file_names_a_place_of_one_machine() {
    let mut places = ["home", "root"].map(|folder| format!("/{folder}/")).to_vec();
    places.push(root().display().to_string());
    // The folder that this checkout is in, unless it is one that every machine has.
    let parent = root().parent().map(|parent| parent.display().to_string()).unwrap_or_default();
    if !["", "/", "/tmp", "/opt", "/srv", "/usr", "/var", "/usr/src", "/var/tmp"].contains(&&*parent) {
        places.push(format!("{parent}/"));
    }
    complain(&places);
}
