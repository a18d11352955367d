-- Policies of tenants, and identities with what they come from.

ALTER TABLE tenant ADD COLUMN policy TEXT;

-- Identities, each as one document (ADR 18). Those that are deleted stay, without what they said.
CREATE TABLE identity (
    key INTEGER PRIMARY KEY,
    tenant INTEGER NOT NULL,
    id BLOB NOT NULL UNIQUE,
    status TEXT NOT NULL,
    revision INTEGER NOT NULL,
    created INTEGER NOT NULL,
    modified INTEGER NOT NULL,
    -- When it is to be deleted.
    due INTEGER,
    document TEXT NOT NULL
) STRICT;

CREATE INDEX identity_tenant ON identity (tenant);
CREATE INDEX identity_due ON identity (due) WHERE due IS NOT NULL;

-- By what an identity is found: user name, e-mail address and the externalIds of its links, in lower case. `how` is a
-- sum: 1 a user name, 2 an address, 4 an externalId.
CREATE TABLE identity_name (
    tenant INTEGER NOT NULL,
    name TEXT NOT NULL,
    identity INTEGER NOT NULL,
    how INTEGER NOT NULL,
    PRIMARY KEY (tenant, name, identity)
) STRICT, WITHOUT ROWID;

-- What is known of each user of a source with identities. New users come last: their pages move no others.
CREATE TABLE person (
    resource INTEGER PRIMARY KEY,
    source INTEGER NOT NULL,
    id BLOB NOT NULL,
    -- The identity that it is linked to.
    identity INTEGER,
    -- The id of the identity that may yet come of it.
    reserved BLOB,
    -- 0 linked, 1 nobody comes of it, 2 someone has to say who it is, 3 someone said that nobody comes of it.
    state INTEGER NOT NULL,
    -- What it says, as JSON; NULL when an expression skipped it.
    profile TEXT,
    -- In state 2: who it may be, as JSON, and since when.
    candidates TEXT,
    since INTEGER,
    -- Since when its deprovisioning is held, and whether the user is gone.
    held INTEGER,
    gone INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX person_source ON person (source);
CREATE INDEX person_waiting ON person (source) WHERE state = 2;
CREATE INDEX person_held ON person (source) WHERE held IS NOT NULL;

-- Deleted users by externalId, and whose they were: so a rehire is recognised.
CREATE TABLE departure (
    source INTEGER NOT NULL,
    external_id TEXT NOT NULL,
    identity BLOB NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (source, external_id)
) STRICT, WITHOUT ROWID;

-- Active identities by source, which has its public id here as in their links, and the source's breaker as JSON.
CREATE TABLE population (
    source BLOB PRIMARY KEY,
    active INTEGER NOT NULL DEFAULT 0,
    breaker TEXT
) STRICT, WITHOUT ROWID;

-- Where the recomputation of a source stands.
CREATE TABLE recomputation (
    source INTEGER PRIMARY KEY,
    started INTEGER NOT NULL,
    position INTEGER NOT NULL DEFAULT 0,
    seen INTEGER NOT NULL DEFAULT 0,
    changed INTEGER NOT NULL DEFAULT 0,
    held INTEGER NOT NULL DEFAULT 0,
    failed INTEGER NOT NULL DEFAULT 0,
    finished INTEGER
) STRICT;

CREATE INDEX recomputation_open ON recomputation (source) WHERE finished IS NULL;
