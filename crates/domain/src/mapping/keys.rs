//! The keys of `profile.mapping`: the table that parsing, extraction and documentation share.

/// What a key takes from what its path finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// One text; of several the primary one, or the first.
    Text,
    /// One text with an `@` inside.
    Email,
    /// A boolean, or `"True"`, `"false"` and kin.
    Boolean,
    /// Every text, or the `value` of every element.
    Texts,
}

/// One key.
#[derive(Debug, PartialEq, Eq)]
pub struct Key {
    /// Its name in settings and in the profile.
    pub name: &'static str,
    /// What it takes.
    pub kind: Kind,
    /// The path that is tried when none is configured, or the configured one finds nothing.
    pub default: &'static str,
    /// What it is, for people.
    pub meaning: &'static str,
}

const fn key(name: &'static str, kind: Kind, default: &'static str, meaning: &'static str) -> Key {
    Key { name, kind, default, meaning }
}

/// Every key there is.
pub const KEYS: &[Key] = &[
    key(
        "subject",
        Kind::Text,
        "externalId | userName",
        "Who the person is when signing in: OpenID Connect `sub`, SAML `NameID`",
    ),
    key("externalId", Kind::Text, "externalId", "The provider's own key of the person"),
    key("email", Kind::Email, "emails.primary | userName", "One e-mail address"),
    key("firstName", Kind::Text, "name.givenName", "Given name"),
    key("lastName", Kind::Text, "name.familyName", "Family name"),
    key(
        "name",
        Kind::Text,
        "displayName | name.formatted | name.givenName + name.familyName",
        "The name to show",
    ),
    key("phone", Kind::Text, "phoneNumbers.primary", "One telephone number"),
    key("active", Kind::Boolean, "active", "Whether the person may sign in"),
    key("groups", Kind::Texts, "groups.value", "Groups, by the id that role mapping knows"),
    key("roles", Kind::Texts, "roles.value", "Roles at the provider"),
];

impl Kind {
    /// What it takes, for people.
    pub const fn describe(self) -> &'static str {
        match self {
            Self::Text => "one text",
            Self::Email => "one e-mail address",
            Self::Boolean => "`true` or `false`",
            Self::Texts => "a list of texts",
        }
    }
}
