//! What is deployed names what there is: commands, variables of settings, values of the chart.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use saphyr_parser::{Event, Parser};

use crate::{File, files, none, root};

/// Files by which Rollcall is deployed.
fn deployed() -> Vec<File> {
    files(|name| {
        name.starts_with("deploy/") || matches!(name, "Dockerfile" | ".dockerignore" | "docker-compose.yml")
    })
}

fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

/// Words in capitals that begin with `ROLLCALL_`.
fn variables(text: &str) -> BTreeSet<String> {
    let starts = text.match_indices("ROLLCALL_").map(|(at, _)| &text[at..]);
    let word = |rest: &str| {
        let end = rest.find(|c: char| !c.is_ascii_uppercase() && c != '_').unwrap_or(rest.len());
        rest[..end].to_owned()
    };
    starts.map(word).collect()
}

#[test]
fn every_variable_is_one_of_a_setting() {
    let known: BTreeSet<String> = files(|name| name.starts_with("crates/config/src/"))
        .iter()
        .flat_map(|file| variables(&file.text))
        .collect();
    assert!(known.contains("ROLLCALL_DATABASE") && known.contains("ROLLCALL_SECRET"));
    let mut complaints = Vec::new();
    for File { path, text } in deployed() {
        let unknown = variables(&text).into_iter().filter(|name| !known.contains(name));
        complaints.extend(unknown.map(|name| format!("{path}: no setting has the variable {name}")));
    }
    none(&complaints);
}

#[test]
fn every_command_is_there() {
    let arguments = text("crates/cli/src/args/mod.rs");
    let documented = ["docs/operations.md", "docs/running.md"].map(|path| (path.to_owned(), text(path)));
    let deployed = deployed().into_iter().map(|file| (file.path, file.text));
    let mut complaints = Vec::new();
    for (path, text) in deployed.chain(documented) {
        for part in text.split("rollcall ").skip(1) {
            let command: String = part.chars().take_while(|c| c.is_ascii_lowercase() || *c == '-').collect();
            let variant: String = command.split('-').map(capitalised).collect();
            let called = ["serve", "backup", "restore", "migrate", "doctor", "source", "token", "bench"];
            if called.contains(&&*command) && !arguments.contains(&format!("    {variant}")) {
                complaints.push(format!("{path}: there is no `rollcall {command}`"));
            }
        }
    }
    none(&complaints);
    for (path, wanted) in [
        ("Dockerfile", "CMD [\"serve\"]"),
        ("docker-compose.yml", "command: [\"serve\"]"),
        ("deploy/helm/rollcall/templates/deployment.yaml", "args: [\"serve\"]"),
        ("deploy/systemd/rollcall.service", "ExecStart=/usr/local/bin/rollcall serve\n"),
    ] {
        assert!(text(path).contains(wanted), "{path} has no {wanted}");
    }
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}

/// The paths of all keys of a YAML document, such as `image.tag`.
fn keys(yaml: &str) -> Result<BTreeSet<String>, String> {
    enum Place {
        Map { key: Option<String> },
        List,
    }
    let (mut found, mut places) = (BTreeSet::new(), Vec::new());
    for event in Parser::new_from_str(yaml) {
        let (event, _) = event.map_err(|error| error.to_string())?;
        let is_value = match &event {
            Event::Scalar(text, ..) => match places.last_mut() {
                Some(Place::Map { key: slot @ None }) => {
                    *slot = Some(text.to_string());
                    let path = places.iter().filter_map(|place| match place {
                        Place::Map { key } => key.clone(),
                        Place::List => None,
                    });
                    found.insert(path.collect::<Vec<_>>().join("."));
                    false
                }
                _ => true,
            },
            Event::MappingStart(..) => {
                places.push(Place::Map { key: None });
                false
            }
            Event::SequenceStart(..) => {
                places.push(Place::List);
                false
            }
            Event::MappingEnd | Event::SequenceEnd => {
                places.pop();
                true
            }
            Event::Alias(_) => true,
            _ => false,
        };
        if let (true, Some(Place::Map { key })) = (is_value, places.last_mut()) {
            *key = None;
        }
    }
    Ok(found)
}

#[test]
fn yaml_is_yaml() {
    let mut complaints = Vec::new();
    for File { path, text } in deployed() {
        let is_template = path.contains("/templates/");
        let is_yaml = Path::new(&path).extension().is_some_and(|end| end == "yml" || end == "yaml");
        if is_yaml && !is_template {
            complaints.extend(keys(&text).err().map(|error| format!("{path}: {error}")));
        }
        if is_template {
            complaints.extend(unbalanced(&text).map(|what| format!("{path}: {what}")));
        }
    }
    none(&complaints);
    let compose = keys(&text("docker-compose.yml")).unwrap();
    for key in
        ["services.postgres.healthcheck", "services.node1", "services.node2", "services.proxy", "secrets"]
    {
        assert!(compose.contains(key), "docker-compose.yml has no {key}");
    }
}

/// What of a template does not end, or was not begun.
fn unbalanced(template: &str) -> Option<String> {
    let mut open = 0_usize;
    for (number, line) in template.lines().enumerate() {
        let mut rest = line;
        while let Some(at) = rest.find("{{") {
            let Some(end) = rest[at..].find("}}") else {
                return Some(format!("line {}: no }}}}", number + 1));
            };
            let action = rest[at + 2..at + end].trim_matches(|c: char| c == '-' || c.is_whitespace());
            let word = action.split_whitespace().next().unwrap_or_default();
            if matches!(word, "if" | "with" | "range" | "define") {
                open += 1;
            } else if word == "end" {
                match open.checked_sub(1) {
                    Some(left) => open = left,
                    None => return Some(format!("line {}: an end of nothing", number + 1)),
                }
            }
            rest = &rest[at + end + 2..];
        }
    }
    (open > 0).then(|| format!("{open} blocks have no end"))
}

#[test]
fn every_value_of_the_chart_is_used_and_every_used_one_is_there() {
    let values = keys(&text("deploy/helm/rollcall/values.yaml")).unwrap();
    let mut used = BTreeSet::new();
    for File { text, .. } in files(|name| name.starts_with("deploy/helm/rollcall/templates/")) {
        for part in text.split(".Values.").skip(1) {
            let path: String = part.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '.').collect();
            used.insert(path.trim_end_matches('.').to_owned());
        }
    }
    let missing = used.iter().filter(|path| !values.contains(*path));
    let mut complaints: Vec<_> = missing.map(|path| format!("values.yaml has no {path}")).collect();
    // A value is used by itself, by what it is part of, or by its parts.
    let is_used = |value: &&String| {
        used.iter().any(|path| {
            path == *value || value.starts_with(&format!("{path}.")) || path.starts_with(&format!("{value}."))
        })
    };
    complaints
        .extend(values.iter().filter(|value| !is_used(value)).map(|path| format!("no template uses {path}")));
    none(&complaints);
}

#[test]
fn the_image_is_small_and_runs_as_nobody_in_particular() {
    let dockerfile = text("Dockerfile");
    let stages: Vec<&str> = dockerfile.split("\nFROM ").collect();
    let last = stages.last().unwrap();
    assert!(stages.len() >= 3, "the program is built in a stage of its own");
    assert!(last.starts_with("gcr.io/distroless/"), "nothing but the program is in the image");
    let user = last.lines().find_map(|line| line.strip_prefix("USER ")).unwrap();
    assert!(user.split(':').all(|id| id.parse::<u32>().unwrap() > 0), "{user}");
    assert!(!last.contains("RUN "), "the last stage has no shell");
}

#[test]
fn the_unit_has_sections_and_settings_only() {
    let unit = text("deploy/systemd/rollcall.service");
    let mut complaints = Vec::new();
    for (number, line) in unit.lines().enumerate() {
        let is_setting =
            line.split_once('=').is_some_and(|(name, _)| name.chars().all(char::is_alphanumeric));
        let is_section = line.starts_with('[') && line.ends_with(']');
        if !(line.is_empty() || line.starts_with('#') || is_section || is_setting) {
            complaints.push(format!("line {}: {line}", number + 1));
        }
    }
    none(&complaints);
    for hardening in
        ["DynamicUser=yes", "NoNewPrivileges=yes", "ProtectSystem=strict", "CapabilityBoundingSet=\n"]
    {
        assert!(unit.contains(hardening), "{hardening}");
    }
}
