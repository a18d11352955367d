-- Keys that Security Event Tokens are signed with.

CREATE TABLE signing_key (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    sealed TEXT NOT NULL,
    public TEXT NOT NULL,
    created INTEGER NOT NULL
) STRICT;
