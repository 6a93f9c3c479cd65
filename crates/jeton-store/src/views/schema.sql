-- What is derived from the log. Nothing here is a promise: a change of this file goes with a
-- new version in views.rs, and every installation makes its views again.

-- One row: how far the log was followed, and whether the file can be trusted.
CREATE TABLE follower (
    one       INTEGER PRIMARY KEY CHECK (one = 1),
    position  INTEGER NOT NULL, -- of the last entry that is in the views; 0 for none
    hash      BLOB    NOT NULL, -- of that entry, so that the views of another log are known as such
    open_boot TEXT              -- the machine's boot in which it was opened; null when closed cleanly
) STRICT;

-- Every id that a request was granted for.
CREATE TABLE ids (
    scope  TEXT    NOT NULL, -- what the id names: 'session', 'job', or the orders of a team
    id     TEXT    NOT NULL,
    stream TEXT    NOT NULL,
    opened INTEGER NOT NULL, -- position
    PRIMARY KEY (scope, id)
) STRICT, WITHOUT ROWID;

-- Where the entries of each stream are in the log.
CREATE TABLE entries (
    stream   TEXT    NOT NULL,
    seq      INTEGER NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (stream, seq)
) STRICT, WITHOUT ROWID;

-- Where sessions ended, by the number of the entry that opened them.
CREATE TABLE session_ends (
    team     TEXT    NOT NULL,
    session  INTEGER NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (team, session)
) STRICT, WITHOUT ROWID;

-- Where sessions came back after idling (W6), by the number of the entry that opened them.
CREATE TABLE session_returns (
    team     TEXT    NOT NULL,
    session  INTEGER NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (team, session, position)
) STRICT, WITHOUT ROWID;

-- Where jobs were committed or released, or lapsed, by the number of the entry that held them.
CREATE TABLE job_ends (
    team     TEXT    NOT NULL,
    job      INTEGER NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (team, job)
) STRICT, WITHOUT ROWID;

CREATE TABLE charges (
    team     TEXT    NOT NULL,
    seq      INTEGER NOT NULL,
    member   INTEGER NOT NULL, -- with the product, so that a narrowed list reads no charge that it passes over
    product  INTEGER NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (team, seq)
) STRICT, WITHOUT ROWID;

-- Positions of the entries that placed, credited and settled an order.
CREATE TABLE orders (
    team     TEXT    NOT NULL,
    id       TEXT    NOT NULL,
    placed   INTEGER NOT NULL,
    credited INTEGER,
    paid     INTEGER,
    PRIMARY KEY (team, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX orders_placed ON orders (team, placed);

-- Lots that have ended, and of which nothing is held.
CREATE TABLE closed_lots (
    team     TEXT    NOT NULL,
    lot      INTEGER NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (team, lot)
) STRICT, WITHOUT ROWID;

-- Lots that have not ended, and what of each is neither spent nor over, in thousandths; what is held is still there.
CREATE TABLE live_lots (
    team      TEXT    NOT NULL,
    lot       INTEGER NOT NULL,
    granted   INTEGER NOT NULL,
    remaining INTEGER NOT NULL,
    PRIMARY KEY (team, lot)
) STRICT, WITHOUT ROWID;

-- Their sums, and whether little remains of them (N1).
CREATE TABLE remaining (
    team      TEXT    NOT NULL PRIMARY KEY,
    granted   INTEGER NOT NULL,
    remaining INTEGER NOT NULL,
    low       INTEGER NOT NULL CHECK (low IN (0, 1))
) STRICT, WITHOUT ROWID;

-- The entries by which a team's tokens became few: one for each time that it did.
CREATE TABLE low_balances (
    position  INTEGER NOT NULL PRIMARY KEY,
    granted   INTEGER NOT NULL,
    remaining INTEGER NOT NULL
) STRICT;

-- What was spent and opened (W10). Tokens are thousandths; amounts are exact: whole units of the currency, and
-- 10^-9 of it, each added up by itself.
CREATE TABLE usage (
    team     TEXT    NOT NULL,
    day      TEXT    NOT NULL, -- 2026-03-02, in the team's zone
    product  INTEGER NOT NULL,
    member   INTEGER NOT NULL,
    currency TEXT    NOT NULL, -- empty where only launches count
    tags     TEXT    NOT NULL, -- JSON; empty for none
    tokens   INTEGER NOT NULL,
    units    INTEGER NOT NULL,
    billionths INTEGER NOT NULL,
    launches INTEGER NOT NULL,
    PRIMARY KEY (team, day, product, member, currency, tags)
) STRICT, WITHOUT ROWID;
