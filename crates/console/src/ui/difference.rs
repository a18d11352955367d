//! What differs between before and after.

use askama::Template;
use rollcall_service::feed::FedChange;
use serde_json::Value;

use super::json::{Fact, brief, facts, line};
use crate::text::filters;

/// Members that are named; of more, how many there are.
const MOST_MEMBERS: usize = 20;
/// Attributes of a change in a list of changes, and of one that is looked at for itself.
const MOST_IN_LISTS: usize = 8;
const MOST_LINES: usize = 40;

/// What differs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Template)]
#[template(path = "ui/difference.html")]
pub(crate) struct Difference {
    lines: Vec<Line>,
    /// Attributes that are left out.
    more: usize,
    members: Vec<Moved>,
}
super::part!(Difference);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Line {
    name: String,
    before: Option<String>,
    after: Option<String>,
}

/// Members that came, or that went.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Moved {
    came: bool,
    named: Vec<String>,
    more: usize,
}

impl Difference {
    /// Of a change.
    pub(crate) fn of(fed: &FedChange) -> Self {
        let shown = fed.shown();
        Self::made(lines(shown.get("attributes")), moved(shown.get("members"), MOST_MEMBERS), MOST_LINES)
    }

    /// Of a change in a list of several: a part of it, and values as far as they are short.
    pub(crate) fn in_list(fed: &FedChange) -> Self {
        let shown = fed.shown();
        let mut lines = lines(shown.get("attributes"));
        for side in lines.iter_mut().flat_map(|line| [&mut line.before, &mut line.after]).flatten() {
            *side = brief(side);
        }
        Self::made(lines, moved(shown.get("members"), MOST_IN_LISTS), MOST_IN_LISTS)
    }

    /// Of `{"title":{"before":…,"after":…}}`.
    pub(crate) fn recorded(difference: &Value) -> Self {
        Self::made(lines(Some(difference)), Vec::new(), MOST_LINES)
    }

    fn made(mut lines: Vec<Line>, members: Vec<Moved>, most: usize) -> Self {
        let more = lines.len().saturating_sub(most);
        lines.truncate(most);
        Self { lines, more, members }
    }

    /// Between two values, path by path.
    pub(crate) fn between(before: &Value, after: &Value) -> Self {
        let (old, new) = (facts(before), facts(after));
        let find = |list: &[Fact], name: &str| {
            list.iter().find(|fact| fact.name == name).map(|fact| fact.value.clone())
        };
        let added = new.iter().filter(|fact| find(&old, &fact.name).is_none());
        let names = old.iter().chain(added).map(|fact| fact.name.clone());
        let line = |name: String| Line { before: find(&old, &name), after: find(&new, &name), name };
        let lines = names.map(line).filter(|line| line.before != line.after).collect();
        Self::made(lines, Vec::new(), MOST_LINES)
    }

    /// Whether nothing differs.
    pub(crate) fn is_empty(&self) -> bool {
        self.lines.is_empty() && self.members.is_empty()
    }
}

fn lines(difference: Option<&Value>) -> Vec<Line> {
    let entries = difference.and_then(Value::as_object).into_iter().flatten();
    let side = |value: &Value, name: &str| value.get(name).map(line);
    let line = |(name, value): (&String, &Value)| Line {
        name: name.clone(),
        before: side(value, "before"),
        after: side(value, "after"),
    };
    entries.map(line).collect()
}

fn moved(members: Option<&Value>, most: usize) -> Vec<Moved> {
    let side = |name: &str, came| {
        let listed = members?.get(name)?.as_array()?;
        let count = members?.get(format!("{name}Count")).and_then(Value::as_u64);
        let count = count.and_then(|count| usize::try_from(count).ok()).unwrap_or(listed.len());
        let named: Vec<String> = listed.iter().take(most).map(line).collect();
        Some(Moved { came, more: count.saturating_sub(named.len()), named })
    };
    [side("added", true), side("removed", false)].into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn two_values_differ_path_by_path() {
        let before = json!({ "name": "Ann", "email": "a@example.com", "groups": ["x"] });
        let after = json!({ "name": "Ann B", "groups": ["x"], "active": true });
        let found = Difference::between(&before, &after);
        let line = |name: &str, before: Option<&str>, after: Option<&str>| Line {
            name: name.to_owned(),
            before: before.map(str::to_owned),
            after: after.map(str::to_owned),
        };
        let expected = [
            line("name", Some("Ann"), Some("Ann B")),
            line("email", Some("a@example.com"), None),
            line("active", None, Some("true")),
        ];
        assert_eq!(found.lines, expected);
        assert!(Difference::between(&before, &before).is_empty());
    }

    #[test]
    fn of_many_attributes_some_are_shown() {
        let many: serde_json::Map<_, _> =
            (0..50).map(|at| (format!("a{at}"), json!({ "after": at }))).collect();
        let found = Difference::recorded(&Value::Object(many));
        assert_eq!((found.lines.len(), found.more), (MOST_LINES, 10));
        assert!(found.render().unwrap().contains("and 10 more"));
    }

    #[test]
    fn of_many_members_some_are_named() {
        let ids: Vec<String> = (0..30).map(|at| at.to_string()).collect();
        let found = moved(Some(&json!({ "added": ids, "addedCount": 5_000, "removed": ["a"] })), 20);
        assert_eq!(
            found.iter().map(|one| (one.came, one.named.len(), one.more)).collect::<Vec<_>>(),
            [(true, 20, 4_980), (false, 1, 0),]
        );
    }
}
