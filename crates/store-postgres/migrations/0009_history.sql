-- What people look at now and then. Nothing here is written by a request.

-- The change sequence by resource: `change` is a key of the table `change`. Filled when someone asks.
CREATE TABLE change_of (
    resource UUID NOT NULL,
    change BIGINT NOT NULL,
    PRIMARY KEY (resource, change)
);

-- The last key of a tenant's changes that is there.
CREATE TABLE change_of_until (
    tenant BIGINT PRIMARY KEY,
    change BIGINT NOT NULL
);

-- How many users and groups a source had.
CREATE TABLE source_size (
    source BIGINT NOT NULL,
    at BIGINT NOT NULL,
    users BIGINT NOT NULL,
    groups BIGINT NOT NULL,
    PRIMARY KEY (source, at)
);
