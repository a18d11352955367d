-- Requests that were answered before they are done. `sealed` is the request, encrypted.

CREATE TABLE accepted (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant INTEGER NOT NULL,
    source INTEGER NOT NULL,
    actor TEXT NOT NULL,
    request_id TEXT NOT NULL,
    at INTEGER NOT NULL,
    after INTEGER NOT NULL,
    sealed TEXT NOT NULL
) STRICT;
CREATE INDEX accepted_source ON accepted (source);
