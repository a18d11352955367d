//! Which attributes are secret, which say something of a person, and which may be read by whoever runs the server.

use rollcall_scim::schema::{Attribute, ENTERPRISE_USER, GROUP, Mutability, Returned, USER};

/// How a value is masked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// It is shown, but for mail addresses in it.
    Plain,
    /// Its shape is shown.
    Personal,
    /// That it is there is shown.
    Secret,
}

/// What of the built-in schemas says nothing of a person: attributes, or sub-attributes. All that is not here is
/// personal, also of schemas that were added at run time.
const PLAIN: &[(&str, &[&str])] = &[
    (
        USER,
        &[
            "userType",
            "preferredLanguage",
            "locale",
            "timezone",
            "active",
            "title",
            "groups",
            "entitlements",
            "roles",
        ],
    ),
    (
        ENTERPRISE_USER,
        &["costCenter", "organization", "division", "department", "manager.value", "manager.$ref"],
    ),
    (GROUP, &["displayName", "members.value", "members.$ref"]),
];

/// Of every resource.
const COMMON: &[&str] = &["schemas", "id", "externalId", "meta"];
/// Sub-attributes that say what kind of value another is.
const KINDS: &[&str] = &["type", "primary", "$ref"];
/// What a name has in it that is a secret, whether a schema says so or not.
const SECRET_NAMES: &[&str] =
    &["password", "passphrase", "secret", "token", "credential", "apikey", "api_key"];
/// Fields of a profile, and of the difference of an identity, that say nothing of a person.
const PLAIN_FIELDS: &[&str] = &["active", "groups", "roles", "externalId", "status"];

/// The class of an attribute of a schema, or of a sub-attribute.
pub(super) fn class(schema: &str, attribute: &Attribute, sub: Option<&Attribute>) -> Class {
    if [Some(attribute), sub].into_iter().flatten().any(is_secret) {
        return Class::Secret;
    }
    let name = &attribute.name;
    if is_one_of(COMMON, name) || sub.is_some_and(|sub| is_one_of(KINDS, &sub.name)) {
        return Class::Plain;
    }
    let plain = PLAIN.iter().find(|(id, _)| *id == schema).map_or(&[][..], |(_, names)| names);
    let path = sub.map(|sub| format!("{name}.{}", sub.name));
    let is_plain = plain.iter().any(|known| known == name || Some(*known) == path.as_deref());
    if is_plain { Class::Plain } else { Class::Personal }
}

/// The class of what no schema defines: by its name alone.
pub(super) fn class_of_name(name: &str) -> Class {
    if has_secret_name(name) { Class::Secret } else { Class::Personal }
}

/// The class of a part of a value of which only the name is known.
pub(super) fn class_of_part(whole: Class, name: &str) -> Class {
    match whole {
        Class::Secret => Class::Secret,
        _ if has_secret_name(name) => Class::Secret,
        Class::Personal if is_one_of(KINDS, name) => Class::Plain,
        whole => whole,
    }
}

/// The class of a field of a profile.
pub(super) fn class_of_field(field: &str) -> Class {
    if is_one_of(PLAIN_FIELDS, field) { Class::Plain } else { class_of_name(field) }
}

fn is_secret(attribute: &Attribute) -> bool {
    attribute.returned == Returned::Never
        || attribute.mutability == Mutability::WriteOnly
        || has_secret_name(&attribute.name)
}

fn has_secret_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRET_NAMES.iter().any(|part| name.contains(part))
}

fn is_one_of(names: &[&str], name: &str) -> bool {
    names.iter().any(|known| known.eq_ignore_ascii_case(name))
}
