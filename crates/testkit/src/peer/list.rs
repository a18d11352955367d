//! Lists, with everything that can be wrong with their pages.

use serde_json::{Map, Value, json};

use super::answer::{Answer, error, shown};
use super::faults::Version;
use super::{Seen, State};

/// `GET /Users` or `GET /Groups`.
pub(super) fn list(state: &mut State, endpoint: &str, seen: &Seen) -> Answer {
    vanish(state, endpoint);
    let found = match seen.parameter("filter").filter(|_| !state.faults.ignores_filter) {
        Some(filter) => match matching(state, endpoint, filter) {
            Some(found) => Some(found),
            None => return error(&state.faults, 400, Some("invalidFilter"), "the filter is not understood"),
        },
        None => None,
    };
    let total = found.as_ref().map_or_else(|| state.roster.len(endpoint), |found| found.len() as u64);
    let faults = &mut state.faults;
    let number = |name: &str| seen.parameter(name).and_then(|text| text.parse::<u64>().ok());
    let count = number("count").unwrap_or(faults.page_default).min(faults.page_cap.unwrap_or(u64::MAX));
    let cursor = faults.cursor.then(|| seen.parameter("cursor").unwrap_or_default().to_owned());
    let mut offset = match &cursor {
        Some(cursor) => cursor.trim_start_matches('c').parse().unwrap_or(0),
        None => number("startIndex").unwrap_or(1).max(1) - 1,
    };
    if let (Some(status), true) = (faults.past_end, offset > 0 && offset >= total) {
        return error(faults, status, None, "there is no such page");
    }
    if faults.ignores_start_index || faults.no_paging {
        offset = 0;
    }
    if faults.stale_pages > 0 && offset > 0 {
        faults.stale_pages -= 1;
        offset = offset.saturating_sub(count);
    }
    let count = if faults.no_paging { u64::MAX } else { count };
    let records = match found {
        Some(found) => {
            let bound = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
            found.into_iter().skip(bound(offset)).take(bound(count)).collect()
        }
        None => state.roster.slice(endpoint, offset, count),
    };
    body(state, endpoint, records, (offset, total, cursor.is_some()))
}

fn body(
    state: &State,
    endpoint: &str,
    records: Vec<Value>,
    (offset, total, by_cursor): (u64, u64, bool),
) -> Answer {
    let (faults, length) = (&state.faults, records.len() as u64);
    let mut body = Map::new();
    let urn = match faults.version {
        Version::V1 => "urn:scim:schemas:core:1.0",
        Version::V2 => "urn:ietf:params:scim:api:messages:2.0:ListResponse",
    };
    body.insert("schemas".to_owned(), json!([urn]));
    let mut say = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            body.insert(name.to_owned(), value);
        }
    };
    say("totalResults", faults.total.of(total, length));
    say("itemsPerPage", faults.items_per_page.of(length, length));
    if by_cursor {
        let next = if faults.cursor_stands { offset } else { offset + length };
        say("nextCursor", (offset + length < total).then(|| format!("c{next}").into()));
    } else {
        say("startIndex", faults.start_index.of(offset + 1, length));
    }
    let records: Vec<Value> =
        records.into_iter().map(|one| shown(&state.roster, faults, endpoint, one, true)).collect();
    if !(records.is_empty() && faults.no_empty_resources) {
        body.insert("Resources".to_owned(), Value::Array(records));
    }
    Answer::json(200, &Value::Object(body))
}

/// Lets users go before the request that they are to be gone at.
fn vanish(state: &mut State, endpoint: &str) {
    if endpoint != "Users" {
        return;
    }
    let mut gone = Vec::new();
    for (requests, ids) in &mut state.faults.vanish {
        *requests = requests.saturating_sub(1);
        if *requests == 0 {
            gone.append(ids);
        }
    }
    state.roster.all_mut("Users").retain(|user| !gone.iter().any(|id| user["id"] == id.as_str()));
}

/// `attribute eq "value"`, or several joined by `and`; `None` for anything else.
fn matching(state: &State, endpoint: &str, filter: &str) -> Option<Vec<Value>> {
    let mut wanted = Vec::new();
    for part in filter.split(" and ") {
        let (attribute, rest) = part.trim().split_once(' ')?;
        let (operator, value) = rest.trim().split_once(' ')?;
        if !operator.eq_ignore_ascii_case("eq") {
            return None;
        }
        wanted.push((attribute.to_owned(), serde_json::from_str::<Value>(value.trim()).ok()?));
    }
    let same = |found: &Value, value: &Value| match (found, value) {
        (Value::String(found), Value::String(value)) => found.eq_ignore_ascii_case(value),
        (found, value) => found == value,
    };
    let fits = |one: &Value, attribute: &str, value: &Value| match attribute.split_once('.') {
        None if attribute == "members" => {
            let members = one["members"].as_array();
            members.is_some_and(|members| members.iter().any(|member| same(&member["value"], value)))
        }
        None => same(&one[attribute], value),
        Some((list, sub)) => match &one[list] {
            Value::Array(items) => items.iter().any(|item| same(&item[sub], value)),
            object => same(&object[sub], value),
        },
    };
    let all = state.roster.all(endpoint).iter();
    Some(
        all.filter(|one| wanted.iter().all(|(attribute, value)| fits(one, attribute, value)))
            .cloned()
            .collect(),
    )
}
