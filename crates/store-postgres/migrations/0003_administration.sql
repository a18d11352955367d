-- The admin API: its tokens, and the audit with the end of its chain (ADR 23).

CREATE TABLE api_token (
    id UUID PRIMARY KEY,
    -- NULL: the whole installation.
    tenant BIGINT REFERENCES tenant (key),
    name TEXT NOT NULL,
    prefix TEXT NOT NULL,
    digest BYTEA NOT NULL,
    scopes TEXT NOT NULL,
    created BIGINT NOT NULL,
    expires BIGINT,
    revoked BIGINT,
    last_used BIGINT,
    CONSTRAINT api_token_prefix UNIQUE (prefix)
);

CREATE INDEX api_token_tenant ON api_token (tenant, id);

CREATE TABLE audit (
    sequence BIGINT PRIMARY KEY,
    at BIGINT NOT NULL,
    tenant BIGINT,
    actor TEXT NOT NULL,
    request_id TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    before TEXT NOT NULL,
    after TEXT NOT NULL,
    previous BYTEA NOT NULL,
    hash BYTEA NOT NULL
);

CREATE INDEX audit_tenant ON audit (tenant, sequence);

-- One row: the last entry, so that it is missed when it goes. Whoever appends holds the row of `installation`.
CREATE TABLE audit_head (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    sequence BIGINT NOT NULL,
    hash BYTEA NOT NULL
);

-- Entries are written once.
CREATE FUNCTION audit_stays() RETURNS TRIGGER LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'the audit is append-only'; END $$;
CREATE TRIGGER audit_stays BEFORE UPDATE OR DELETE ON audit FOR EACH ROW EXECUTE FUNCTION audit_stays();
