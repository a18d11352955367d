//! The tables, in an order in which rows come after those that they name.

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A whole number.
    Integer,
    /// True or false.
    Flag,
    /// Text without U+0000.
    Text,
    /// Text as clients send it.
    Sent,
    /// A UUID.
    Id,
    /// Bytes.
    Bytes,
    /// A JSON document as bytes.
    Document,
    /// The index rows of a resource: JSON, `[[attribute, value, unique], …]`, sorted.
    Entries,
}

/// One column. Any may be empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
}

/// One table.
#[derive(Debug, PartialEq, Eq)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// So many of the columns, from the first, are its key.
    pub key: usize,
    /// The columns.
    pub columns: &'static [Column],
}

impl Table {
    /// Whether it is of the request log, which may be kept apart.
    pub fn is_log(&self) -> bool {
        self.name == "request" || self.name.starts_with("request_")
    }

    /// The columns of the key.
    pub fn key_columns(&self) -> &'static [Column] {
        self.columns.get(..self.key).unwrap_or_default()
    }
}

/// The table of this name.
pub fn table(name: &str) -> Option<&'static Table> {
    TABLES.iter().find(|table| table.name == name)
}

macro_rules! tables {
    ($($name:ident by $key:literal: $($column:ident $kind:ident),+;)*) => {
        /// Every table that is moved.
        pub const TABLES: &[Table] = &[$(Table {
            name: stringify!($name),
            key: $key,
            columns: &[$(Column { name: stringify!($column), kind: Kind::$kind }),+],
        }),*];
    };
}

tables! {
    tenant by 1: key Integer, id Id, name Text, policy Text;
    source by 1: key Integer, tenant Integer, id Id, slug Text, dialect Text, status Text, settings Text,
        schemas Text, resource_types Text, created Integer, nested Flag, generation Integer;
    credential by 1: key Integer, id Id, source Integer, prefix Text, digest Bytes, scopes Text, subject Id,
        created Integer, expires Integer, revoked Integer, last_used Integer;
    collection by 1: key Integer, source Integer, kind Text, grouping Flag;
    attribute by 1: key Integer, collection Integer, path Text;
    resource by 1: key Integer, collection Integer, id Id, version Integer, revision Integer, created Integer,
        modified Integer, last_position Integer, plain Flag, display Sent, body Document, entries Entries;
    membership by 2: group_key Integer, position Integer, member_key Integer;
    pending_member by 2: group_key Integer, position Integer, source Integer, value Sent;
    tombstone by 1: key Integer, source Integer, kind Text, id Id, external_id Sent, user_name Sent, deleted Integer;
    change by 1: key Integer, at Integer, source Integer, kind Text, resource_type Text, resource Id,
        version Integer, actor Text, request_id Text, detail Text;
    endpoint by 1: key Integer, tenant Integer, id Id, kind Text, status Text, settings Text, secrets Text,
        generation Integer, created Integer;
    endpoint_cursor by 2: endpoint Integer, feed Text, cursor Integer;
    delivery by 3: endpoint Integer, feed Text, sequence Integer, state Text, resource Id, attempts Integer,
        not_before Integer, error Text;
    delivery_attempt by 1: key Integer, endpoint Integer, sequence Integer, at Integer, attempt Integer,
        status Integer, millis Integer, outcome Text, error Text;
    api_token by 1: id Id, tenant Integer, name Text, prefix Text, digest Bytes, scopes Text, created Integer,
        expires Integer, revoked Integer, last_used Integer;
    account by 1: id Id, email Text, name Text, password Text, disabled Integer, posts Text, created Integer,
        last_sign_in Integer, revision Integer;
    account_session by 1: id Id, account Id, tenant Integer, prefix Text, digest Bytes, created Integer,
        last_used Integer, expires Integer, browser Text;
    account_login by 2: issuer Text, subject Text, account Id, created Integer;
    console_link by 1: id Id, purpose Text, about Id, tenant Integer, prefix Text, digest Bytes, created Integer,
        expires Integer, used Integer, revoked Integer;
    audit by 1: sequence Integer, at Integer, tenant Integer, actor Text, request_id Text, action Text,
        subject Text, before Text, after Text, previous Bytes, hash Bytes;
    audit_head by 1: only Integer, sequence Integer, hash Bytes;
    identity by 1: key Integer, tenant Integer, id Id, status Text, revision Integer, created Integer,
        modified Integer, due Integer, document Text;
    identity_name by 3: tenant Integer, name Sent, identity Integer, how Integer;
    person by 1: resource Integer, source Integer, id Id, identity Integer, reserved Id, state Integer,
        profile Text, candidates Text, since Integer, held Integer, gone Flag;
    departure by 2: source Integer, external_id Sent, identity Id, at Integer;
    population by 1: source Id, active Integer, breaker Text;
    recomputation by 1: source Integer, started Integer, position Integer, seen Integer, changed Integer,
        held Integer, failed Integer, finished Integer;
    signing_key by 1: key Integer, id Text, sealed Text, public Text, created Integer;
    accepted by 1: key Integer, tenant Integer, source Integer, actor Text, request_id Text, at Integer,
        after Integer, sealed Text;
    request by 1: key Integer, source Integer, id Text, at Integer, took_us Integer, method Text, path Text,
        query Text, user_agent Text, status Integer, scim_type Text, problem Text, credential Id,
        resource_type Text, resource Id, left_out Integer, size Integer, detail Text;
    request_subject by 3: source Integer, subject Integer, request Integer;
    request_usage by 1: source Integer, bytes Integer;
    source_size by 2: source Integer, at Integer, users Integer, groups Integer;
    counter by 1: tenant Integer, last_change Integer;
}
