//! Dependencies point one way, and the pure crates stay pure.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use cargo_metadata::{DependencyKind, MetadataCommand, Package};

use crate::{none, root};

/// For each crate, the crates of the workspace that it may use. Tests may use more.
const EDGES: &[(&str, &[&str])] = &[
    ("scim", &[]),
    ("domain", &["scim"]),
    ("expr", &["domain", "scim"]),
    ("store", &["domain", "scim"]),
    ("store-postgres", &["store", "domain", "scim"]),
    ("store-sqlite", &["store", "domain", "scim"]),
    ("service", &["store", "domain", "scim"]),
    ("server", &["service", "domain", "scim"]),
    ("console", &["service", "domain", "scim"]),
    ("config", &[]),
    ("connector", &["domain", "scim"]),
    ("access", &["connector", "domain"]),
    ("hub", &["connector", "domain", "service", "store"]),
    ("openid", &["config", "connector", "domain", "service"]),
    ("bench", &[]),
    (
        "cli",
        &[
            "access",
            "bench",
            "config",
            "connector",
            "console",
            "domain",
            "expr",
            "hub",
            "openid",
            "scim",
            "server",
            "service",
            "store",
            "store-postgres",
            "store-sqlite",
        ],
    ),
    (
        "testkit",
        &[
            "bench",
            "cli",
            "config",
            "console",
            "domain",
            "scim",
            "server",
            "service",
            "store",
            "store-postgres",
            "store-sqlite",
        ],
    ),
];

/// Crates without I/O, clock and async.
const PURE: &[&str] = &["scim", "domain"];
/// What they do not have, however far down.
const IMPURE: &[&str] =
    &["async-std", "axum", "hyper", "mio", "reqwest", "rusqlite", "socket2", "tokio", "tokio-postgres"];

fn packages() -> Vec<Package> {
    let mut command = MetadataCommand::new();
    command.manifest_path(root().join("Cargo.toml")).no_deps();
    command.exec().unwrap().packages
}

fn short(name: &str) -> Option<&str> {
    name.strip_prefix("rollcall-")
}

#[test]
fn crates_use_only_what_they_may() {
    let mut complaints = Vec::new();
    for package in packages() {
        let name = short(&package.name).unwrap();
        let Some((_, allowed)) = EDGES.iter().find(|(known, _)| *known == name) else {
            complaints.push(format!("{name} is not in EDGES"));
            continue;
        };
        let used = package.dependencies.iter().filter(|used| used.kind == DependencyKind::Normal);
        for to in used.filter_map(|used| short(&used.name)).filter(|to| !allowed.contains(to)) {
            complaints.push(format!("{name} -> {to} is not allowed"));
        }
    }
    none(&complaints);
}

#[test]
fn every_folder_is_named_like_its_crate() {
    for package in packages() {
        let folder = package.manifest_path.parent().and_then(|folder| folder.file_name());
        assert_eq!(folder, short(&package.name));
    }
}

#[test]
fn pure_crates_have_no_input_or_output() {
    let known = locked();
    let mut complaints = Vec::new();
    for package in packages() {
        let Some(name) = short(&package.name).filter(|name| PURE.contains(name)) else { continue };
        let used = package.dependencies.iter().filter(|used| used.kind == DependencyKind::Normal);
        let mut waiting: Vec<String> = used.map(|used| used.name.clone()).collect();
        let mut seen = BTreeSet::new();
        while let Some(next) = waiting.pop() {
            // Of the workspace, the lock file does not tell tests' dependencies apart.
            if short(&next).is_none() && seen.insert(next.clone()) {
                waiting.extend(known.get(&next).into_iter().flatten().cloned());
            }
        }
        let impure = seen.iter().filter(|name| IMPURE.contains(&name.as_str()));
        complaints.extend(impure.map(|impure| format!("{name} depends on {impure}")));
    }
    none(&complaints);
}

/// What each package of the lock file depends on.
fn locked() -> BTreeMap<String, Vec<String>> {
    let text = fs::read_to_string(root().join("Cargo.lock")).unwrap();
    let lock: toml::Table = toml::from_str(&text).unwrap();
    let mut known: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for package in lock["package"].as_array().unwrap() {
        let name = package["name"].as_str().unwrap().to_owned();
        let used = package.get("dependencies").and_then(toml::Value::as_array).into_iter().flatten();
        // `name`, or `name version` where there are several.
        let names = used.map(|used| used.as_str().unwrap().split(' ').next().unwrap().to_owned());
        known.entry(name).or_default().extend(names);
    }
    known
}
