-- Endpoints that are told of changes, and how far each has come.

CREATE TABLE endpoint (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant INTEGER NOT NULL REFERENCES tenant (key),
    id BLOB NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    status TEXT NOT NULL,
    settings TEXT NOT NULL,
    secrets TEXT NOT NULL,
    -- Counts what an operator did with it: what was begun under another number is void.
    generation INTEGER NOT NULL,
    created INTEGER NOT NULL
) STRICT;

CREATE INDEX endpoint_tenant ON endpoint (tenant, key);

-- All up to the cursor is told, but for what is apart.
CREATE TABLE endpoint_cursor (
    endpoint INTEGER NOT NULL,
    feed TEXT NOT NULL,
    cursor INTEGER NOT NULL,
    PRIMARY KEY (endpoint, feed)
) STRICT, WITHOUT ROWID;

-- Deliveries apart.
CREATE TABLE delivery (
    endpoint INTEGER NOT NULL,
    feed TEXT NOT NULL,
    state TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    resource BLOB NOT NULL,
    attempts INTEGER NOT NULL,
    not_before INTEGER NOT NULL,
    error TEXT NOT NULL,
    PRIMARY KEY (endpoint, feed, sequence)
) STRICT, WITHOUT ROWID;

CREATE INDEX delivery_state ON delivery (endpoint, feed, state, sequence);

-- The log, bounded for each endpoint.
CREATE TABLE delivery_attempt (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    endpoint INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    at INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    status INTEGER,
    millis INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    error TEXT NOT NULL
) STRICT;

CREATE INDEX delivery_attempt_endpoint ON delivery_attempt (endpoint, key);
