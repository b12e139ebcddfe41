-- Counters. A row is also the lock of what it counts.
INSERT INTO meta (name, number)
VALUES ('revocations', 0), ('revocations_epoch', 0), ('keys', 0), ('master', 0), ('cache_life', 0), ('caches_until', 0),
       ('ping', 0);

CREATE TABLE users (
    id                BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    email             TEXT    NOT NULL,
    email_key         TEXT    NOT NULL,
    email_verified_at INTEGER,
    name              TEXT,
    roles             TEXT    NOT NULL,          -- a JSON array of texts
    password_hash     TEXT,
    disabled_at       INTEGER,
    created_at        INTEGER NOT NULL,
    updated_at        INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX users_by_email ON users (email_key);

-- One row for the whole life of a session: refreshing changes it and adds none.
CREATE TABLE sessions (
    id           BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    user_id      BLOB    NOT NULL REFERENCES users (id),
    client_id    TEXT    NOT NULL,
    generation   INTEGER NOT NULL,
    scope        TEXT    NOT NULL,
    device       TEXT,
    address      TEXT,
    user_agent   TEXT,
    created_at   INTEGER NOT NULL,
    rotated_at   INTEGER NOT NULL,
    last_used_at INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    idle_for     INTEGER NOT NULL,               -- seconds
    ended_at     INTEGER,
    end_reason   TEXT,
    CHECK ((ended_at IS NULL) = (end_reason IS NULL))
) STRICT, WITHOUT ROWID;

-- The only index, and on a column that never changes, so that a refresh touches one page of one tree.
CREATE INDEX sessions_by_user ON sessions (user_id);

CREATE TABLE revocations (
    sequence      INTEGER NOT NULL PRIMARY KEY,
    kind          TEXT    NOT NULL,
    subject       BLOB    NOT NULL,
    issued_before INTEGER,
    forget_at     INTEGER NOT NULL
) STRICT;

CREATE INDEX revocations_by_forgetting ON revocations (forget_at);

-- What is sealed is encrypted with the master key whose mark is `master` in meta.
CREATE TABLE keys (
    kid           TEXT    NOT NULL PRIMARY KEY,
    purpose       TEXT    NOT NULL,
    algorithm     TEXT    NOT NULL,
    state         TEXT    NOT NULL,
    sealed        BLOB,                          -- gone when the key no longer signs
    sealed_public BLOB,
    created_at    INTEGER NOT NULL,
    activate_at   INTEGER,
    activated_at  INTEGER,
    retired_at    INTEGER
) STRICT, WITHOUT ROWID;
