//! What changes: POST, PUT, PATCH, DELETE, in both versions.

use serde_json::{Value, json};

use super::answer::{Answer, error, shown};
use super::faults::{Faults, Version};
use super::{Seen, State};

/// Creates a resource; a name that is taken is 409.
pub(super) fn create(state: &mut State, endpoint: &str, seen: &Seen) -> Answer {
    let Some(mut body) = seen.body.clone().filter(Value::is_object) else {
        return error(&state.faults, 400, Some("invalidSyntax"), "the body is not an object");
    };
    let name = if endpoint == "Users" { "userName" } else { "displayName" };
    let wanted = body[name].as_str().unwrap_or_default().to_ascii_lowercase();
    if wanted.is_empty() {
        return error(&state.faults, 400, Some("invalidValue"), &format!("{name} is missing"));
    }
    let taken = |one: &Value| one[name].as_str().is_some_and(|taken| taken.eq_ignore_ascii_case(&wanted));
    if endpoint == "Users" && state.roster.all(endpoint).iter().any(taken) {
        return error(&state.faults, 409, Some("uniqueness"), &format!("{name} is taken"));
    }
    state.made += 1;
    let id = format!("new{}", state.made);
    body["id"] = id.as_str().into();
    state.roster.all_mut(endpoint).push(body);
    represent(state, endpoint, &id, 201)
}

/// `GET` of one.
pub(super) fn read(state: &mut State, endpoint: &str, id: &str) -> Answer {
    represent(state, endpoint, id, 200)
}

fn represent(state: &mut State, endpoint: &str, id: &str, status: u16) -> Answer {
    state.roster.remember();
    let Some(found) = state.roster.find(endpoint, id) else { return missing(&state.faults, id) };
    let body = shown(&state.roster, &state.faults, endpoint, found, false);
    let answer = Answer::json(status, &body);
    match body["meta"]["version"].as_str() {
        Some(version) => answer.with("etag", version),
        None => answer,
    }
}

fn missing(faults: &Faults, id: &str) -> Answer {
    error(faults, 404, None, &format!("{id} is not there"))
}

/// `PUT`, `PATCH` and `DELETE` of one.
pub(super) fn change(state: &mut State, endpoint: &str, id: &str, seen: &Seen) -> Answer {
    let Some(at) = state.roster.position(endpoint, id) else {
        return missing(&state.faults, id);
    };
    let faults = state.faults.clone();
    let mut resource = state.roster.all(endpoint)[at].clone();
    let version = resource["meta"]["version"].as_str().unwrap_or("W/\"1\"").to_owned();
    if let Some(wanted) = seen.header("if-match").filter(|wanted| faults.versions && *wanted != version) {
        return error(&faults, 412, None, &format!("the version is {version}, not {wanted}"));
    }
    match seen.method.as_str() {
        "DELETE" => {
            state.roster.all_mut(endpoint).remove(at);
            for group in state.roster.all_mut("Groups") {
                if let Some(members) = group["members"].as_array_mut() {
                    members.retain(|member| member["value"] != id);
                }
            }
            return Answer::empty(204);
        }
        "PUT" => {
            if let Some(status) = faults.no_put {
                return Answer::html(status);
            }
            resource = seen.body.clone().unwrap_or_default();
            resource["id"] = id.into();
        }
        _ => {
            if let Some(status) = faults.no_patch {
                return error(&faults, status, None, "PATCH is not supported");
            }
            let body = seen.body.clone().unwrap_or_default();
            let patched = match faults.version {
                Version::V1 => patch_v1(&mut resource, &body),
                Version::V2 => patch(&faults, &mut resource, &body),
            };
            if let Err((kind, detail)) = patched {
                return error(&faults, 400, Some(kind), &detail);
            }
        }
    }
    let next = version.trim_matches(|one: char| !one.is_ascii_digit()).parse::<u64>().unwrap_or(1) + 1;
    if !resource["meta"].is_object() {
        resource["meta"] = json!({});
    }
    resource["meta"]["version"] = format!("W/\"{next}\"").into();
    state.roster.all_mut(endpoint)[at] = resource;
    represent(state, endpoint, id, 200)
}

type Refused = (&'static str, String);

fn patch(faults: &Faults, resource: &mut Value, body: &Value) -> Result<(), Refused> {
    let Some(operations) = body["Operations"].as_array().filter(|operations| !operations.is_empty()) else {
        return Err(("invalidSyntax", "there are no Operations".to_owned()));
    };
    for operation in operations {
        let op = operation["op"].as_str().unwrap_or_default().to_ascii_lowercase();
        let path = operation["path"].as_str();
        let mut value = operation["value"].clone();
        if path == Some("members") || path.is_none() && value.get("members").is_some() {
            value = members(faults, &op, path, &value)?;
            apply(resource, &op, "members", value)?;
            continue;
        }
        if let Some(path) = path {
            match apply(resource, &op, path, value) {
                Err(("noTarget", _)) if faults.no_target_is_fine => {}
                applied => applied?,
            }
            continue;
        }
        for (name, value) in value.as_object().cloned().unwrap_or_default() {
            apply(resource, &op, &name, value)?;
        }
    }
    Ok(())
}

/// Members in the shape that the application wants, as a plain list.
fn members(faults: &Faults, op: &str, path: Option<&str>, value: &Value) -> Result<Value, Refused> {
    let refuse = |detail: &str| Err(("invalidValue", detail.to_owned()));
    let inner = value.get("members");
    if op == "add" {
        if faults.wants_wrapped && (path.is_none() || inner.is_none()) {
            return refuse("members are added as an object with the path members");
        }
        if faults.wants_pathless && (path.is_some() || inner.is_none()) {
            return refuse("members are added as an object without a path");
        }
        if !faults.wants_wrapped && inner.is_some() && path.is_some() {
            return refuse("members are added as a list");
        }
    }
    let list = inner.unwrap_or(value).clone();
    let count = list.as_array().map_or(1, Vec::len);
    if faults.max_members.is_some_and(|most| count > most) {
        return refuse("too many members at once");
    }
    Ok(list)
}

/// One operation on `attribute`, `attribute.sub` or `attribute[sub eq "value"]`.
fn apply(resource: &mut Value, op: &str, path: &str, value: Value) -> Result<(), Refused> {
    if let Some((attribute, filter)) = path.split_once('[') {
        return remove_matching(resource, op, attribute, filter);
    }
    if let Some((attribute, sub)) = path.split_once('.').filter(|_| !path.starts_with("urn:")) {
        if !resource[attribute].is_object() {
            resource[attribute] = json!({});
        }
        return apply(&mut resource[attribute], op, sub, value);
    }
    let target = &mut resource[path];
    match (op, value) {
        ("add", Value::Array(more)) => {
            let mut list = target.as_array().cloned().unwrap_or_default();
            for one in more {
                let key = one.get("value").unwrap_or(&one).clone();
                list.retain(|known| known.get("value").unwrap_or(known) != &key);
                list.push(one);
            }
            *target = Value::Array(list);
        }
        ("add" | "replace", value) => *target = value,
        // RFC 7644: the whole attribute goes. Entra and others mean the members that they name.
        ("remove", Value::Array(gone)) if !gone.is_empty() => {
            if let Some(list) = target.as_array_mut() {
                list.retain(|known| !gone.iter().any(|one| one["value"] == known["value"]));
            }
        }
        ("remove", _) => *target = Value::Null,
        (other, _) => return Err(("invalidSyntax", format!("there is no op {other:?}"))),
    }
    Ok(())
}

fn remove_matching(resource: &mut Value, op: &str, attribute: &str, filter: &str) -> Result<(), Refused> {
    let parts = filter.trim_end_matches(']').split_once(" eq ");
    let (Some((sub, wanted)), "remove") = (parts, op) else {
        return Err(("invalidPath", format!("{attribute}[{filter} is not understood")));
    };
    let wanted: Value = serde_json::from_str(wanted).map_err(|error| ("invalidPath", error.to_string()))?;
    let list = resource[attribute].as_array_mut();
    let before = list.as_ref().map_or(0, |list| list.len());
    if let Some(list) = list {
        list.retain(|one| one[sub] != wanted);
        if list.len() < before {
            return Ok(());
        }
    }
    Err(("noTarget", format!("nothing matches {filter}")))
}

/// SCIM 1.1 §3.3.2: attributes of `meta.attributes` go first, then the rest is merged.
fn patch_v1(resource: &mut Value, body: &Value) -> Result<(), Refused> {
    let Some(members) = body.as_object() else {
        return Err(("invalidSyntax", "the body is not an object".to_owned()));
    };
    for name in body["meta"]["attributes"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        match name.split_once('.') {
            Some((attribute, sub)) => resource[attribute][sub] = Value::Null,
            None => resource[name] = Value::Null,
        }
    }
    for (name, value) in
        members.iter().filter(|(name, _)| !matches!(name.as_str(), "meta" | "schemas" | "id"))
    {
        match value {
            Value::Array(changes) => {
                let mut list = resource[name].as_array().cloned().unwrap_or_default();
                for change in changes {
                    list.retain(|known| known["value"] != change["value"]);
                    if change["operation"] != "delete" {
                        list.push(change.clone());
                    }
                }
                resource[name] = Value::Array(list);
            }
            Value::Object(parts) if resource[name].is_object() => {
                for (sub, value) in parts {
                    resource[name][sub] = value.clone();
                }
            }
            other => resource[name] = other.clone(),
        }
    }
    Ok(())
}
