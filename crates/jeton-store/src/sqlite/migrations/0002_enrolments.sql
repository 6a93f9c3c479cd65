-- How members' machines get their keys. A row is never removed.
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
