//! `docs/mapping.md` and `docs/policy.md` have every key as the code has it.

#![allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]

use std::path::Path;

use rollcall_domain::mapping::keys::KEYS as MAPPING;
use rollcall_domain::policy::keys::KEYS as POLICY;

/// The rows of the page's first table whose first cell is a key.
fn rows(page: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(page);
    let text = std::fs::read_to_string(path).unwrap();
    let section = text.split("## Keys").nth(1).unwrap().split("\n## ").next().unwrap();
    section.lines().filter(|line| line.starts_with("| `")).map(str::to_owned).collect()
}

#[track_caller]
fn same(page: &str, expected: &[String]) {
    let found = rows(page);
    assert!(
        found == expected,
        "the table under '## Keys' of docs/{page} is to be:\n{}\n",
        expected.join("\n")
    );
}

/// In a table, a bar in code has to be escaped.
fn code(text: &str) -> String {
    format!("`{}`", text.replace('|', "\\|"))
}

#[test]
fn the_page_of_mapping_has_every_key() {
    let row = |key: &rollcall_domain::mapping::keys::Key| {
        format!("| `{}` | {} | {} | {} |", key.name, key.meaning, key.kind.describe(), code(key.default))
    };
    same("mapping.md", &MAPPING.iter().map(row).collect::<Vec<_>>());
}

#[test]
fn the_page_of_policy_has_every_key() {
    let row = |key: &rollcall_domain::policy::keys::Key| {
        format!("| `{}` | {} | {} | {} |", key.path, key.values.describe(), code(key.default), key.meaning)
    };
    same("policy.md", &POLICY.iter().map(row).collect::<Vec<_>>());
}
