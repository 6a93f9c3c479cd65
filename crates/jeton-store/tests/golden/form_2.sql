-- form 2
CREATE TABLE checkpoints (
    position    INTEGER PRIMARY KEY,
    at          INTEGER NOT NULL,
    commit_hash BLOB    NOT NULL,
    stream      TEXT    NOT NULL,
    seq         INTEGER NOT NULL,
    public_key  BLOB    NOT NULL,
    signature   BLOB    NOT NULL
) STRICT;
CREATE TABLE devices (
    team   TEXT    NOT NULL,
    member INTEGER NOT NULL,
    device INTEGER NOT NULL, -- 64 bits, read as a signed number
    name   TEXT    NOT NULL,
    PRIMARY KEY (team, member, device)
) STRICT, WITHOUT ROWID;
CREATE TABLE enrolments (
    id           TEXT    NOT NULL PRIMARY KEY,
    hash         BLOB    NOT NULL,
    team         TEXT    NOT NULL,
    member       INTEGER NOT NULL,
    created_at   INTEGER NOT NULL,
    ends_at      INTEGER NOT NULL,
    used_at      INTEGER,
    withdrawn_at INTEGER,
    key          TEXT -- that its code was traded for
) STRICT, WITHOUT ROWID;
CREATE TABLE keys (
    id         TEXT    NOT NULL PRIMARY KEY,
    hash       BLOB    NOT NULL,
    scope      TEXT    NOT NULL,
    label      TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    ends_at    INTEGER,
    revoked_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE TABLE life (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    at  INTEGER NOT NULL
) STRICT;
CREATE TABLE log (
    position    INTEGER PRIMARY KEY,
    stream      TEXT    NOT NULL,
    seq         INTEGER NOT NULL,
    at          INTEGER NOT NULL, -- microseconds UTC, here and everywhere
    body        BLOB    NOT NULL, -- JSON
    hash        BLOB    NOT NULL,
    commit_hash BLOB              -- on the last entry of each commit
) STRICT;
CREATE TABLE meta (
    key   TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE people (
    team   TEXT    NOT NULL,
    member INTEGER NOT NULL,
    id     TEXT    NOT NULL,
    email  TEXT    NOT NULL,
    name   TEXT    NOT NULL,
    salt   BLOB    NOT NULL,
    PRIMARY KEY (team, member)
) STRICT, WITHOUT ROWID;
CREATE TABLE presence (
    team          TEXT    NOT NULL,
    session       INTEGER NOT NULL,
    proven_from   INTEGER NOT NULL,
    last_proof    INTEGER NOT NULL,
    last_activity INTEGER NOT NULL,
    -- The lease that its client was given last; null when none is known.
    lease_issued_at INTEGER,
    lease_until     INTEGER,
    lease_cover     TEXT,
    PRIMARY KEY (team, session)
) STRICT, WITHOUT ROWID;
CREATE TABLE probe (
    one  INTEGER PRIMARY KEY CHECK (one = 1),
    room BLOB NOT NULL
) STRICT;
CREATE TABLE repeats (
    team  TEXT    NOT NULL,
    seq   INTEGER NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (team, seq)
) STRICT, WITHOUT ROWID;
