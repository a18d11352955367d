-- The console: who manages in a browser, their sessions, links that were handed out, and attempts to sign in.

CREATE TABLE account (
    id UUID PRIMARY KEY,
    email TEXT NOT NULL,
    name TEXT NOT NULL,
    -- Argon2id as a PHC string; NULL: no password opens it.
    password TEXT,
    disabled BIGINT,
    -- JSON: a list of [tenant or null, role].
    posts TEXT NOT NULL,
    created BIGINT NOT NULL,
    last_sign_in BIGINT,
    revision BIGINT NOT NULL,
    CONSTRAINT account_email UNIQUE (email)
);

CREATE TABLE account_session (
    id UUID PRIMARY KEY,
    account UUID NOT NULL REFERENCES account (id),
    tenant BIGINT NOT NULL,
    prefix TEXT NOT NULL,
    digest BYTEA NOT NULL,
    created BIGINT NOT NULL,
    last_used BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    browser TEXT NOT NULL,
    CONSTRAINT account_session_prefix UNIQUE (prefix)
);

CREATE INDEX account_session_account ON account_session (account, created);
CREATE INDEX account_session_last_used ON account_session (last_used);
CREATE INDEX account_session_expires ON account_session (expires);

CREATE TABLE console_link (
    id UUID PRIMARY KEY,
    purpose TEXT NOT NULL,
    -- The account or source that it is about, or the nil UUID.
    about UUID NOT NULL,
    -- NULL: all tenants.
    tenant BIGINT,
    prefix TEXT NOT NULL,
    digest BYTEA NOT NULL,
    created BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    used BIGINT,
    revoked BIGINT,
    CONSTRAINT console_link_prefix UNIQUE (prefix)
);

CREATE INDEX console_link_about ON console_link (purpose, about, created);
CREATE INDEX console_link_expires ON console_link (expires);

-- `subject` is a keyed digest of an address or of a mail address.
CREATE TABLE sign_in_attempt (
    subject BYTEA PRIMARY KEY,
    since BIGINT NOT NULL,
    count BIGINT NOT NULL
);

CREATE INDEX sign_in_attempt_since ON sign_in_attempt (since);
