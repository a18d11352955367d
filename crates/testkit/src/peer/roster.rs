//! Who is there.

use std::collections::HashMap;

use serde_json::{Value, json};

/// Users beyond this are made when they are asked for, and cannot be changed.
const LISTED: u64 = 100_000;

/// Users and groups.
#[derive(Debug, Clone, Default)]
pub struct Roster {
    /// Users; empty when they are made.
    pub users: Vec<Value>,
    /// Groups.
    pub groups: Vec<Value>,
    made: u64,
    /// The groups of each user; nothing after a change.
    index: Option<HashMap<String, Vec<usize>>>,
}

impl Roster {
    /// `u000000`, `u000001`, … and `g00000`, …, each group with so many members. Every user has an alternative
    /// address first and the primary one second; one in ten is inactive; roles are `admin`, `member`, `super_admin`.
    pub fn numbered(users: u64, groups: u64, members: u64) -> Self {
        let made = if users > LISTED { users } else { 0 };
        let listed = if made > 0 { 0 } else { users };
        Self {
            users: (0..listed).map(user).collect(),
            groups: (0..groups).map(|at| group(at, users, members)).collect(),
            made,
            index: None,
        }
    }

    /// These users and groups.
    pub fn of(users: Vec<Value>, groups: Vec<Value>) -> Self {
        Self { users, groups, made: 0, index: None }
    }

    pub(super) fn len(&self, endpoint: &str) -> u64 {
        match endpoint {
            "Users" if self.made > 0 => self.made,
            _ => self.all(endpoint).len() as u64,
        }
    }

    pub(super) fn slice(&self, endpoint: &str, from: u64, count: u64) -> Vec<Value> {
        if endpoint == "Users" && self.made > 0 {
            return (from..self.made.min(from.saturating_add(count))).map(user).collect();
        }
        let bound = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        self.all(endpoint).iter().skip(bound(from)).take(bound(count)).cloned().collect()
    }

    pub(super) fn all(&self, endpoint: &str) -> &[Value] {
        if endpoint == "Users" { &self.users } else { &self.groups }
    }

    pub(super) fn all_mut(&mut self, endpoint: &str) -> &mut Vec<Value> {
        self.index = None;
        if endpoint == "Users" { &mut self.users } else { &mut self.groups }
    }

    /// A user or group (`Users`, `Groups`) by id.
    pub fn find(&self, endpoint: &str, id: &str) -> Option<Value> {
        if endpoint == "Users" && self.made > 0 {
            let number = id.strip_prefix('u')?.parse().ok()?;
            return (number < self.made).then(|| user(number));
        }
        self.position(endpoint, id).and_then(|at| self.all(endpoint).get(at)).cloned()
    }

    /// Where it is: at the number in its id, as long as nobody was taken out.
    pub(super) fn position(&self, endpoint: &str, id: &str) -> Option<usize> {
        let all = self.all(endpoint);
        let guess = id.get(1..).and_then(|number| number.parse::<usize>().ok());
        let guess = guess.filter(|at| all.get(*at).is_some_and(|one| is(one, id)));
        guess.or_else(|| all.iter().position(|one| is(one, id)))
    }

    /// What was changed from outside is looked at again.
    pub(super) fn forget(&mut self) {
        self.index = None;
    }

    /// Makes sure that [`Roster::groups_of`] knows everyone.
    pub(super) fn remember(&mut self) {
        if self.index.is_some() {
            return;
        }
        let mut index: HashMap<String, Vec<usize>> = HashMap::new();
        for (at, group) in self.groups.iter().enumerate() {
            for member in group["members"].as_array().into_iter().flatten() {
                if let Some(id) = member["value"].as_str() {
                    index.entry(id.to_owned()).or_default().push(at);
                }
            }
        }
        self.index = Some(index);
    }

    /// The groups of a user, as the user names them.
    pub(super) fn groups_of(&self, user: &str) -> Value {
        let at = self.index.as_ref().and_then(|index| index.get(user)).into_iter().flatten();
        let groups = at.filter_map(|at| self.groups.get(*at));
        groups
            .map(|group| json!({"value": group["id"], "display": group["displayName"], "type": "direct"}))
            .collect()
    }

    /// The ids of a group's members.
    pub fn members(&self, group: &str) -> Vec<String> {
        let group = self.find("Groups", group).unwrap_or_default();
        let members = group["members"].as_array().cloned().unwrap_or_default();
        members.iter().filter_map(|member| member["value"].as_str().map(str::to_owned)).collect()
    }

    /// The values of a user's roles.
    pub fn roles(&self, user: &str) -> Vec<String> {
        let user = self.find("Users", user).unwrap_or_default();
        let roles = user["roles"].as_array().cloned().unwrap_or_default();
        roles.iter().filter_map(|role| role["value"].as_str().map(str::to_owned)).collect()
    }
}

fn is(resource: &Value, id: &str) -> bool {
    match &resource["id"] {
        Value::String(text) => text == id,
        Value::Number(number) => number.to_string() == id,
        _ => false,
    }
}

fn user(at: u64) -> Value {
    let roles = [("admin", "Admin"), ("member", "Member"), ("super_admin", "Super Admin")];
    let (value, display) = roles[usize::try_from(at % 3).unwrap_or_default()];
    json!({
        "id": format!("u{at:06}"),
        "userName": format!("user{at}"),
        "name": {"givenName": format!("Given{at}"), "familyName": format!("Family{at}")},
        "displayName": format!("User {at}"),
        "active": at % 10 != 9,
        "emails": [
            {"value": format!("alt{at}@example.com"), "type": "home", "primary": false},
            {"value": format!("user{at}@example.com"), "type": "work", "primary": true},
        ],
        "roles": [{"value": value, "display": display}],
    })
}

fn group(at: u64, users: u64, members: u64) -> Value {
    let ids = (0..members.min(users)).map(|member| (at * members + member) % users.max(1));
    let members: Vec<Value> = ids
        .map(|member| json!({"value": format!("u{member:06}"), "type": "User", "display": format!("User {member}")}))
        .collect();
    json!({"id": format!("g{at:05}"), "displayName": format!("Group {at}"), "members": members})
}
