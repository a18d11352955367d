-- By which person of which OpenID provider an account is signed in to.
CREATE TABLE account_login (
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    account BLOB NOT NULL REFERENCES account (id),
    created INTEGER NOT NULL,
    PRIMARY KEY (issuer, subject)
) STRICT, WITHOUT ROWID;

-- One person of a provider for each account.
CREATE UNIQUE INDEX account_login_account ON account_login (account, issuer);
