//! Roles: their ids, and what is said of one.
//!
//! An application has no list of roles: they are what its users have. The reference makes a role's id of its name
//! in `snake_case`, and takes two roles whose names come out the same for one. Here the ids are the same, and of
//! two such roles the second in the order of values gets a longer one.

use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use super::record::{MAX_BYTES, within};
use crate::model::{Annotation, ProfileTrait, ROLE, Resource, ResourceId};

/// The attribute of a role's profile that keeps what the application calls it: what is sent to grant it.
pub const VALUE: &str = "role_value";

/// The name to show: `display`, unless it is empty.
pub(crate) fn name<'a>(value: &'a str, display: &'a str) -> &'a str {
    if display.trim().is_empty() { value } else { display }
}

/// The ids that a role can have, the first that is free being its own. None is longer than a file takes.
pub(crate) fn ids(value: &str, display: &str) -> impl Iterator<Item = String> {
    let snake = snake(name(value, display));
    let digest = Sha256::digest(value.as_bytes())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect::<Vec<_>>()
        .concat();
    let base = if snake.is_empty() { ROLE } else { within(&snake, MAX_BYTES - 1 - digest.len()) }.to_owned();
    let short = digest.get(..8).unwrap_or_default().to_owned();
    let first = Some(snake).filter(|snake| (1..=MAX_BYTES).contains(&snake.len()));
    first.into_iter().chain([format!("{base}_{short}"), format!("{base}_{digest}")])
}

/// A role as a resource.
pub(crate) fn resource(id: &str, value: &str, display: &str) -> Resource {
    let name = name(value, display);
    let profile = [("role_id", id), ("role_name", name), (VALUE, value)];
    let profile: Map<String, Value> =
        profile.into_iter().map(|(key, text)| (key.to_owned(), text.into())).collect();
    Resource {
        id: ResourceId::new(ROLE, id),
        display_name: within(name, MAX_BYTES).to_owned(),
        annotations: vec![Annotation::Role(ProfileTrait { profile })],
        ..Resource::default()
    }
}

/// What a byte is to [`snake`]; all but ASCII letters and digits are neither.
#[derive(Clone, Copy, PartialEq)]
enum Class {
    Upper,
    Lower,
    Digit,
    Neither,
}

fn class(letter: Option<char>) -> Class {
    match letter {
        Some('A'..='Z') => Class::Upper,
        Some('a'..='z') => Class::Lower,
        Some('0'..='9') => Class::Digit,
        _ => Class::Neither,
    }
}

/// The name in `snake_case`, as the reference writes it: `_` where a word, a number or an acronym ends, and for
/// each space, hyphen, dot and underscore.
fn snake(name: &str) -> String {
    let letters: Vec<char> = name.trim().chars().collect();
    let at = |place: usize| letters.get(place).copied();
    let mut snake = String::with_capacity(name.len() + 4);
    for (place, letter) in letters.iter().enumerate() {
        let (this, next) = (class(Some(*letter)), class(at(place + 1)));
        let changes = this != next && this != Class::Neither && next != Class::Neither;
        let begins_word = this == Class::Upper && next == Class::Lower;
        // The last capital of an acronym begins the next word: `JSONData`.
        if begins_word && place > 0 && class(at(place - 1)) == Class::Upper {
            snake.push('_');
        }
        snake.push(if matches!(letter, ' ' | '_' | '-' | '.') { '_' } else { letter.to_ascii_lowercase() });
        if changes && !begins_word {
            snake.push('_');
        }
    }
    snake
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_the_reference_s_ids() {
        for (name, id) in [
            ("Super Admin", "super_admin"),
            (" admin ", "admin"),
            ("testCase", "test_case"),
            ("TestCase", "test_case"),
            ("JSONData", "json_data"),
            ("userID", "user_id"),
            ("AAAbbb", "aa_abbb"),
            ("1A2", "1_a_2"),
            ("A1B", "a_1_b"),
            ("A1 A2 A3", "a_1_a_2_a_3"),
            ("AB1AB2AB3", "ab_1_ab_2_ab_3"),
            ("many2many", "many_2_many"),
            ("numbers2and55with000", "numbers_2_and_55_with_000"),
            ("org-admin.v2", "org_admin_v_2"),
            ("Prüfer", "prüfer"),
            ("", ""),
        ] {
            assert_eq!(snake(name), id, "{name}");
        }
    }

    #[test]
    fn defect_17_every_role_has_an_id_that_could_be_its_own() {
        let all = |value: &str, display: &str| ids(value, display).collect::<Vec<_>>();
        let (one, other) = (all("super-admin", ""), all("Super Admin", ""));
        assert_eq!(one[0], "super_admin");
        assert_eq!(other[0], "super_admin");
        assert_ne!(one[1], other[1]);
        assert!(one[1].starts_with("super_admin_") && one[1].len() == 20);
        assert_eq!(all("Ω", "  ")[0], "ω".to_uppercase());
        assert!(all(" ", "").iter().all(|id| id.starts_with("role_")));
    }
}
