//! `docs/dialects.md` says what the code does: every switch with its default, and who differs.

use std::collections::BTreeMap;
use std::fs;

use rollcall_domain::dialect::{self, DEFAULT_DIALECT, Dialect};
use serde_json::Value;

use crate::{none, root};

/// Switches by name, as text.
fn switches(dialect: &Dialect) -> BTreeMap<String, String> {
    let Value::Object(mut fields) = serde_json::to_value(dialect).unwrap() else { unreachable!() };
    fields.remove("description");
    let rules = fields.remove("rules").unwrap();
    let rules =
        rules.as_object().unwrap().iter().map(|(name, value)| (format!("rules.{name}"), value.clone()));
    fields.into_iter().chain(rules).map(|(name, value)| (name, plain(&value))).collect()
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The cells of each table row whose first cell is code.
fn rows() -> BTreeMap<String, Vec<String>> {
    let text = fs::read_to_string(root().join("docs/dialects.md")).unwrap();
    let rows = text.lines().filter(|line| line.starts_with("| `"));
    let cells = rows.map(|row| row.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()));
    cells.map(|mut cells| (cells.next().unwrap().trim_matches('`').to_owned(), cells.collect())).collect()
}

#[test]
fn the_documentation_has_every_switch_and_what_it_is_set_to() {
    let mut complaints = Vec::new();
    let mut rows = rows();
    for (name, default) in switches(&Dialect::default()) {
        let differs = dialect::all().iter().filter_map(|(dialect, set)| {
            let value = switches(set).remove(&name)?;
            (value != default).then(|| format!("{dialect}: `{value}`"))
        });
        let differs: Vec<String> = differs.collect();
        let differs = if differs.is_empty() { "-".to_owned() } else { differs.join(", ") };
        let expected = [format!("`{default}`"), differs];
        match rows.remove(&name) {
            Some(cells) if cells.get(2..) == Some(&expected[..]) => {}
            Some(cells) => {
                complaints
                    .push(format!("{name}: the last two cells are {:?}, not {expected:?}", cells.get(2..)));
            }
            None => complaints.push(format!("{name}: no row; end it with {expected:?}")),
        }
    }
    for (name, dialect) in dialect::all() {
        match rows.remove(name) {
            Some(cells) if cells.first() == Some(&dialect.description) => {}
            found => complaints.push(format!("{name}: says {found:?}, not {:?}", dialect.description)),
        }
    }
    complaints.extend(rows.keys().map(|name| format!("{name}: neither a switch nor a dialect")));
    none(&complaints);
}

#[test]
fn the_default_is_a_dialect() {
    assert!(dialect::named(DEFAULT_DIALECT).is_some());
}
