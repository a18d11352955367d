-- What people look at now and then. Nothing here is written by a request.

-- The change sequence by resource: `change` is a key of the table `change`. Filled when someone asks.
CREATE TABLE change_of (
    resource BLOB NOT NULL,
    change INTEGER NOT NULL,
    PRIMARY KEY (resource, change)
) STRICT, WITHOUT ROWID;

-- The last key of a tenant's changes that is there.
CREATE TABLE change_of_until (
    tenant INTEGER PRIMARY KEY,
    change INTEGER NOT NULL
) STRICT;

-- How many users and groups a source had.
CREATE TABLE source_size (
    source INTEGER NOT NULL,
    at INTEGER NOT NULL,
    users INTEGER NOT NULL,
    groups INTEGER NOT NULL,
    PRIMARY KEY (source, at)
) STRICT, WITHOUT ROWID;
