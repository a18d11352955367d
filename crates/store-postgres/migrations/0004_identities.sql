-- Policies of tenants, and identities with what they come from.

ALTER TABLE tenant ADD COLUMN policy TEXT;

-- Identities, each as one document (ADR 18). Those that are deleted stay, without what they said. `key` is of the same
-- counter as a resource's.
CREATE TABLE identity (
    key BIGINT PRIMARY KEY,
    tenant BIGINT NOT NULL,
    id UUID NOT NULL,
    status TEXT NOT NULL,
    revision BIGINT NOT NULL,
    created BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    -- When it is to be deleted.
    due BIGINT,
    document TEXT NOT NULL,
    CONSTRAINT identity_id UNIQUE (id)
);

CREATE INDEX identity_tenant ON identity (tenant, key);
CREATE INDEX identity_due ON identity (due) WHERE due IS NOT NULL;

-- By what an identity is found: user name, e-mail address and the externalIds of its links, in lower case and cut as
-- index rows are. `how` is a sum: 1 a user name, 2 an address, 4 an externalId.
CREATE TABLE identity_name (
    tenant BIGINT NOT NULL,
    name BYTEA NOT NULL,
    identity BIGINT NOT NULL,
    how BIGINT NOT NULL,
    PRIMARY KEY (tenant, name, identity)
);

CREATE INDEX identity_name_identity ON identity_name (identity);

-- What is known of each user of a source with identities.
CREATE TABLE person (
    resource BIGINT PRIMARY KEY,
    source BIGINT NOT NULL,
    id UUID NOT NULL,
    -- The identity that it is linked to.
    identity BIGINT,
    -- The id of the identity that may yet come of it.
    reserved UUID,
    -- 0 linked, 1 nobody comes of it, 2 someone has to say who it is, 3 someone said that nobody comes of it.
    state BIGINT NOT NULL,
    -- What it says, as JSON; NULL when an expression skipped it.
    profile TEXT,
    -- In state 2: who it may be, as JSON, and since when.
    candidates TEXT,
    since BIGINT,
    -- Since when its deprovisioning is held, and whether the user is gone.
    held BIGINT,
    gone BOOLEAN NOT NULL DEFAULT FALSE
);

CREATE INDEX person_source ON person (source, resource);
CREATE INDEX person_waiting ON person (source, resource) WHERE state = 2;
CREATE INDEX person_held ON person (source, resource) WHERE held IS NOT NULL;

-- Deleted users by externalId, and whose they were: so a rehire is recognised.
CREATE TABLE departure (
    source BIGINT NOT NULL,
    external_id BYTEA NOT NULL,
    identity UUID NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (source, external_id)
);

-- Active identities by source, which has its public id here as in their links, and the source's breaker as JSON.
CREATE TABLE population (
    source UUID PRIMARY KEY,
    active BIGINT NOT NULL DEFAULT 0,
    breaker TEXT
);

-- Where the recomputation of a source stands.
CREATE TABLE recomputation (
    source BIGINT PRIMARY KEY,
    started BIGINT NOT NULL,
    position BIGINT NOT NULL DEFAULT 0,
    seen BIGINT NOT NULL DEFAULT 0,
    changed BIGINT NOT NULL DEFAULT 0,
    held BIGINT NOT NULL DEFAULT 0,
    failed BIGINT NOT NULL DEFAULT 0,
    finished BIGINT
);

CREATE INDEX recomputation_open ON recomputation (source) WHERE finished IS NULL;
