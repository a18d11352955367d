//! The keys of a policy: the table that validation, defaults and documentation share.

use serde_json::Value;

/// What a key takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Values {
    /// The number 1.
    Version,
    /// `true` or `false`.
    Boolean,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// A list of some of these words, each at most once, in the order they are tried.
    Order(&'static [&'static str]),
    /// A list of texts.
    Texts,
    /// An object: lists of role ids by the id of a group or role at the provider.
    Roles,
    /// An object: one of these words by the name of an attribute.
    ByAttribute(&'static [&'static str]),
    /// A whole number from 0 to this.
    Count(u32),
    /// Any object.
    Object,
}

/// One key.
#[derive(Debug, PartialEq, Eq)]
pub struct Key {
    /// Its dotted path.
    pub path: &'static str,
    /// What it takes.
    pub values: Values,
    /// What holds where neither source nor tenant says; JSON.
    pub default: &'static str,
    /// What it does, for people.
    pub meaning: &'static str,
}

const fn key(path: &'static str, values: Values, default: &'static str, meaning: &'static str) -> Key {
    Key { path, values, default, meaning }
}

const LINKING: Values = Values::OneOf(&["none", "verifiedEmail", "sameConnection"]);
const UPDATES: Values = Values::OneOf(&["never", "missing", "always"]);
const AUTHORITIES: &[&str] = &["app", "sso", "scim"];

/// Every key there is.
pub const KEYS: &[Key] = &[
    key("version", Values::Version, "1", "The version of this table"),
    key(
        "identity.accountLinking.oidc",
        LINKING,
        "\"sameConnection\"",
        "Which identity an OpenID Connect sign-in is: `none`, never one that is there; `sameConnection`, the one that this source provisioned, by subject; `verifiedEmail`, that one, or the one of the same e-mail address in a verified domain",
    ),
    key("identity.accountLinking.saml", LINKING, "\"sameConnection\"", "The same for SAML"),
    key(
        "identity.match.by",
        Values::Order(&["externalId", "userName", "verifiedEmail"]),
        "[]",
        "By what a new resource is matched with an identity that the source does not own yet, in this order; empty: by nothing",
    ),
    key(
        "identity.match.otherwise",
        Values::OneOf(&["queue", "refuse", "create"]),
        "\"queue\"",
        "What becomes of a new resource whose user name or e-mail address another identity has, and that may not be matched: `queue`, someone decides; `refuse`, 409; `create`, a second identity",
    ),
    key(
        "identity.verifiedDomains",
        Values::Texts,
        "[]",
        "Domains whose e-mail addresses may be believed. Not empty: a source changes an address only within them",
    ),
    key(
        "identity.protected",
        Values::Texts,
        "[]",
        "Identities, by id, user name or e-mail address, that no source may disable, delete, change or take over, nor take roles from",
    ),
    key(
        "identity.activeWhile",
        Values::OneOf(&["anySource", "allSources"]),
        "\"anySource\"",
        "Whether an identity of several sources is active while any or all of them say so",
    ),
    key(
        "provisioning.user.createOnSignIn",
        Values::Boolean,
        "true",
        "Whether a sign-in of someone unknown makes an identity, where `jit.mode` allows",
    ),
    key(
        "provisioning.user.updateProfileOnLogin",
        UPDATES,
        "\"missing\"",
        "What a sign-in updates: nothing, what is missing, or everything it may",
    ),
    key(
        "provisioning.user.updateProfileFromScim",
        UPDATES,
        "\"always\"",
        "What a push updates of an identity that is there: nothing, what is missing, or everything it may",
    ),
    key(
        "provisioning.user.authority",
        Values::OneOf(AUTHORITIES),
        "\"app\"",
        "Whose values nobody else overwrites: those that the application, a sign-in or a source wrote",
    ),
    key(
        "provisioning.user.attributeAuthority",
        Values::ByAttribute(AUTHORITIES),
        "{}",
        "The same for single attributes: `active`, `email`, `attributes.department`",
    ),
    key(
        "provisioning.scimReuse.user",
        Values::OneOf(&["externalId", "none"]),
        "\"externalId\"",
        "Whether a resource whose `externalId` the source had before is the same person",
    ),
    key(
        "provisioning.scimReuse.rehire",
        Values::OneOf(&["relink", "new", "refuse"]),
        "\"relink\"",
        "What becomes of one who comes back after deletion: the identity they had, a new one, or 409",
    ),
    key(
        "provisioning.jit.mode",
        Values::OneOf(&["off", "createUser", "createUserAndMembership"]),
        "\"createUserAndMembership\"",
        "Whether someone unknown becomes an identity: no; yes; yes, with `defaultRoleIds`",
    ),
    key("provisioning.jit.defaultRoleIds", Values::Texts, "[]", "Roles that everyone of the source has"),
    key(
        "provisioning.deprovision.mode",
        Values::OneOf(&["disable", "delete-after-grace", "anonymize", "keep", "soft", "hard"]),
        "\"disable\"",
        "What becomes of an identity that nobody wants active: `disable` (or `soft`), `delete-after-grace`, `anonymize`, which is undone when they come back, `keep` it as it is, or `hard`: delete it at once",
    ),
    key(
        "provisioning.deprovision.graceDays",
        Values::Count(3650),
        "30",
        "Days between disabling and deleting, for `delete-after-grace`",
    ),
    key(
        "provisioning.requiredGroups",
        Values::Texts,
        "[]",
        "Groups, by `id` or `externalId`, of which a person must be in one to count as active; empty: none",
    ),
    key(
        "provisioning.groups.mode",
        Values::OneOf(&["ignore", "sync"]),
        "\"ignore\"",
        "Whether groups give roles",
    ),
    key("provisioning.groups.source", Values::OneOf(&["protocol"]), "\"protocol\"", "Where groups come from"),
    key(
        "provisioning.groups.mapping",
        Values::Roles,
        "{}",
        "Role ids by group, by `id` or `externalId`, never by name: a rename changes nothing",
    ),
    key(
        "provisioning.roles.mode",
        Values::OneOf(&["ignore", "map"]),
        "\"ignore\"",
        "Whether the provider's roles give roles",
    ),
    key("provisioning.roles.source", Values::OneOf(&["protocol"]), "\"protocol\"", "Where roles come from"),
    key(
        "provisioning.roles.mapping",
        Values::Roles,
        "{}",
        "Role ids by the `value` of a role at the provider",
    ),
    key(
        "provisioning.breaker.count",
        Values::Count(1_000_000_000),
        "0",
        "Deprovisionings in a window after which more are held for approval; 0: no such limit",
    ),
    key(
        "provisioning.breaker.percent",
        Values::Count(100),
        "25",
        "The same as a share of the active identities of the source; 0: no such limit",
    ),
    key(
        "provisioning.breaker.minimum",
        Values::Count(1_000_000_000),
        "10",
        "Deprovisionings in a window that are never held for their share",
    ),
    key("provisioning.breaker.windowMinutes", Values::Count(10_080), "60", "The window in minutes"),
    key("extend", Values::Object, "{}", "The application's own; Rollcall keeps it and does not read it"),
];

impl Values {
    /// What it takes, for people.
    pub fn describe(self) -> String {
        let words =
            |words: &[&str]| words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
        match self {
            Self::Version => "`1`".to_owned(),
            Self::Boolean => "`true`, `false`".to_owned(),
            Self::OneOf(names) => words(names),
            Self::Order(names) => format!("a list of {}", words(names)),
            Self::Texts => "a list of texts".to_owned(),
            Self::Roles => "an object of lists of role ids".to_owned(),
            Self::ByAttribute(names) => format!("an object of {}", words(names)),
            Self::Count(most) => format!("0 to {most}"),
            Self::Object => "an object".to_owned(),
        }
    }

    /// Whether it takes this value.
    pub fn takes(self, value: &Value) -> bool {
        let is_word =
            |names: &[&str], value: &Value| value.as_str().is_some_and(|word| names.contains(&word));
        let is_texts = |value: &Value| value.as_array().is_some_and(|all| all.iter().all(Value::is_string));
        match self {
            Self::Version => value.as_u64() == Some(1),
            Self::Boolean => value.is_boolean(),
            Self::OneOf(names) => is_word(names, value),
            Self::Order(names) => value.as_array().is_some_and(|all| {
                let first = |at: usize, value: &Value| !all.iter().take(at).any(|other| other == value);
                all.iter().enumerate().all(|(at, value)| is_word(names, value) && first(at, value))
            }),
            Self::Texts => is_texts(value),
            Self::Roles => value.as_object().is_some_and(|all| all.values().all(is_texts)),
            Self::ByAttribute(names) => {
                value.as_object().is_some_and(|all| all.values().all(|value| is_word(names, value)))
            }
            Self::Count(most) => value.as_u64().is_some_and(|count| count <= u64::from(most)),
            Self::Object => value.is_object(),
        }
    }
}
