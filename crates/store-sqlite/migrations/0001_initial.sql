-- Tenants, sources, resources with their index rows and memberships, tombstones, and the change sequence.
-- Times are milliseconds since 1970-01-01T00:00:00Z; ids are 16 bytes. Keys that outlive their rows in
-- caches and cursors are never used again (AUTOINCREMENT, or `counter`).

CREATE TABLE tenant (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    id BLOB NOT NULL UNIQUE,
    name TEXT NOT NULL UNIQUE
) STRICT;

-- What nearly every commit counts, on one page. `of`: 1, the last change of the tenant `key`; 2, the resources of the
-- collection `key`; 3, the last key of a resource.
CREATE TABLE counter (
    of INTEGER NOT NULL,
    key INTEGER NOT NULL,
    value INTEGER NOT NULL,
    PRIMARY KEY (of, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE source (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant INTEGER NOT NULL REFERENCES tenant (key),
    id BLOB NOT NULL UNIQUE,
    slug TEXT NOT NULL UNIQUE,
    dialect TEXT NOT NULL,
    status TEXT NOT NULL,
    settings TEXT NOT NULL,
    schemas TEXT NOT NULL,
    resource_types TEXT NOT NULL,
    created INTEGER NOT NULL,
    -- Whether a group of it was ever a member: without, groups are direct ones only.
    nested INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX source_tenant ON source (tenant, slug);

CREATE TABLE credential (
    id BLOB PRIMARY KEY,
    source INTEGER NOT NULL REFERENCES source (key),
    prefix TEXT NOT NULL UNIQUE,
    digest BLOB NOT NULL,
    scopes TEXT NOT NULL,
    subject BLOB,
    created INTEGER NOT NULL,
    expires INTEGER,
    revoked INTEGER,
    last_used INTEGER
) STRICT;

CREATE INDEX credential_source ON credential (source, created);

-- The resources of one type of one source.
CREATE TABLE collection (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    source INTEGER NOT NULL,
    kind TEXT NOT NULL,
    -- Whether a resource of it ever had a member.
    grouping INTEGER NOT NULL DEFAULT 0,
    UNIQUE (source, kind)
) STRICT;

CREATE TABLE resource (
    key INTEGER PRIMARY KEY,
    collection INTEGER NOT NULL,
    id BLOB NOT NULL UNIQUE,
    version INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    created INTEGER NOT NULL,
    modified INTEGER NOT NULL,
    -- Position of the member added last.
    last_position INTEGER NOT NULL DEFAULT 0,
    plain INTEGER NOT NULL,
    display TEXT,
    -- Its rows in `value`, as JSON: `[[attribute, "value"], …]`. An index over `value` would say the same, and be
    -- three more pages to write.
    entries TEXT NOT NULL,
    body BLOB NOT NULL
) STRICT;

CREATE INDEX resource_collection ON resource (collection);
-- None on `modified`: each update would rewrite two places of it, which costs a third of an update, for
-- a question that clients ask rarely and the change sequence answers better.

-- Paths of the attributes that have index rows.
CREATE TABLE attribute (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    collection INTEGER NOT NULL,
    path TEXT NOT NULL,
    UNIQUE (collection, path)
) STRICT;

-- One row a value. `apart` is 0 for a value that must be unique, else the resource: so the primary key
-- lets a unique value be there once, and any other once a resource. The value comes before the attribute, because
-- `userName`, `externalId` and the addresses of a person are often one text or begin alike: they lie on one page,
-- where each on its own would be another page to write.
CREATE TABLE value (
    collection INTEGER NOT NULL,
    value TEXT NOT NULL,
    attribute INTEGER NOT NULL,
    apart INTEGER NOT NULL,
    resource INTEGER NOT NULL,
    PRIMARY KEY (collection, value, attribute, apart)
) STRICT, WITHOUT ROWID;

CREATE TABLE membership (
    group_key INTEGER NOT NULL,
    position INTEGER NOT NULL,
    member_key INTEGER NOT NULL,
    PRIMARY KEY (group_key, position)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX membership_once ON membership (group_key, member_key);
CREATE INDEX membership_member ON membership (member_key, group_key);

-- Members that name no resource yet. `folded` is `value` in lower case.
CREATE TABLE pending_member (
    group_key INTEGER NOT NULL,
    position INTEGER NOT NULL,
    source INTEGER NOT NULL,
    value TEXT NOT NULL,
    folded TEXT NOT NULL,
    PRIMARY KEY (group_key, position)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX pending_member_once ON pending_member (group_key, value);
CREATE INDEX pending_member_folded ON pending_member (source, folded);

-- Deleted resources, so that whoever comes back can be recognised.
CREATE TABLE tombstone (
    key INTEGER PRIMARY KEY,
    source INTEGER NOT NULL,
    kind TEXT NOT NULL,
    id BLOB NOT NULL,
    external_id TEXT,
    user_name TEXT,
    deleted INTEGER NOT NULL
) STRICT;

CREATE INDEX tombstone_id ON tombstone (source, kind, id);
CREATE INDEX tombstone_external_id ON tombstone (source, kind, external_id) WHERE external_id IS NOT NULL;
CREATE INDEX tombstone_user_name ON tombstone (source, kind, user_name) WHERE user_name IS NOT NULL;

-- `key` is the tenant's times 2^40, plus the sequence number: a row that comes last is written without moving others.
CREATE TABLE change (
    key INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    source INTEGER NOT NULL,
    kind TEXT NOT NULL,
    resource_type TEXT NOT NULL,
    resource BLOB NOT NULL,
    version INTEGER NOT NULL,
    actor TEXT NOT NULL,
    request_id TEXT NOT NULL,
    detail TEXT NOT NULL
) STRICT;
