-- The request log, in a file of its own beside the database: see docs/adr/0027-request-log.md.
-- What lists show comes first in a row; `detail` is JSON, as long as bodies are.

CREATE TABLE request (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    source INTEGER NOT NULL,
    id TEXT NOT NULL,
    at INTEGER NOT NULL,
    took_us INTEGER NOT NULL,
    method TEXT NOT NULL,
    path TEXT NOT NULL,
    query TEXT NOT NULL,
    user_agent TEXT,
    status INTEGER NOT NULL,
    scim_type TEXT,
    problem TEXT,
    credential BLOB,
    resource_type TEXT,
    resource BLOB,
    left_out INTEGER NOT NULL,
    size INTEGER NOT NULL,
    detail TEXT NOT NULL
) STRICT;

CREATE INDEX request_source ON request (source);
CREATE INDEX request_id ON request (source, id);

-- Keyed digests of whom a request was about.
CREATE TABLE request_subject (
    source INTEGER NOT NULL,
    subject INTEGER NOT NULL,
    request INTEGER NOT NULL,
    PRIMARY KEY (source, subject, request)
) STRICT, WITHOUT ROWID;

CREATE INDEX request_subject_request ON request_subject (request);

-- The sum of `size`, kept as rows come and go.
CREATE TABLE request_usage (
    source INTEGER PRIMARY KEY,
    bytes INTEGER NOT NULL
) STRICT;
