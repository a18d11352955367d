-- The console: who manages in a browser, their sessions, links that were handed out, and attempts to sign in.

CREATE TABLE account (
    id BLOB PRIMARY KEY,
    email TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    -- Argon2id as a PHC string; NULL: no password opens it.
    password TEXT,
    disabled INTEGER,
    -- JSON: a list of [tenant or null, role].
    posts TEXT NOT NULL,
    created INTEGER NOT NULL,
    last_sign_in INTEGER,
    revision INTEGER NOT NULL
) STRICT;

CREATE TABLE account_session (
    id BLOB PRIMARY KEY,
    account BLOB NOT NULL REFERENCES account (id),
    tenant INTEGER NOT NULL,
    prefix TEXT NOT NULL UNIQUE,
    digest BLOB NOT NULL,
    created INTEGER NOT NULL,
    last_used INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    browser TEXT NOT NULL
) STRICT;

CREATE INDEX account_session_account ON account_session (account, created);
CREATE INDEX account_session_last_used ON account_session (last_used);
CREATE INDEX account_session_expires ON account_session (expires);

CREATE TABLE console_link (
    id BLOB PRIMARY KEY,
    purpose TEXT NOT NULL,
    -- The account or source that it is about, or 16 zero bytes.
    about BLOB NOT NULL,
    -- NULL: all tenants.
    tenant INTEGER,
    prefix TEXT NOT NULL UNIQUE,
    digest BLOB NOT NULL,
    created INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    used INTEGER,
    revoked INTEGER
) STRICT;

CREATE INDEX console_link_about ON console_link (purpose, about, created);
CREATE INDEX console_link_expires ON console_link (expires);

-- `subject` is a keyed digest of an address or of a mail address.
CREATE TABLE sign_in_attempt (
    subject BLOB PRIMARY KEY,
    since INTEGER NOT NULL,
    count INTEGER NOT NULL
) STRICT;

CREATE INDEX sign_in_attempt_since ON sign_in_attempt (since);
