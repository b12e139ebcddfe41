-- Counters. A row is also the lock of what it counts.
INSERT INTO meta (name, number)
VALUES ('revocations', 0), ('revocations_epoch', 0), ('keys', 0), ('master', 0), ('cache_life', 0), ('caches_until', 0),
       ('ping', 0), ('tries', 0);

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
    updated_at        INTEGER NOT NULL,
    app_metadata      TEXT,                     -- JSON objects, nothing for empty ones
    user_metadata     TEXT
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

-- The only index, and on columns that no refresh changes, so that it touches one page of one tree. Those of a user that have not
-- ended stand together.
CREATE INDEX sessions_by_user ON sessions (user_id, ended_at);

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

-- What links in mails open, by the SHA-256 of their tokens. A user has one of each purpose at most.
CREATE TABLE mail_tokens (
    hash       BLOB    NOT NULL PRIMARY KEY CHECK (length(hash) = 32),
    user_id    BLOB    NOT NULL REFERENCES users (id),
    purpose    TEXT    NOT NULL,
    email      TEXT    NOT NULL,                 -- the address that the link was sent to
    email_key  TEXT    NOT NULL,
    issued_at  INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX mail_tokens_by_user ON mail_tokens (user_id);
CREATE INDEX mail_tokens_by_expiry ON mail_tokens (expires_at);

-- Mails that wait to be sent, or are being sent. No row holds a token.
CREATE TABLE outbox (
    id        BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    kind      TEXT    NOT NULL,
    user_id   BLOB,                              -- the account it is about, if that is known yet; it may be gone
    email     TEXT    NOT NULL,
    email_key TEXT    NOT NULL,
    facts     TEXT    NOT NULL,                  -- a JSON object
    queued_at INTEGER NOT NULL,
    due_at    INTEGER NOT NULL,                  -- when to send it; while it is being sent, when that counts as failed
    attempts  INTEGER NOT NULL                   -- whoever counted it up to this number sends it, and nobody else
) STRICT, WITHOUT ROWID;

CREATE INDEX outbox_by_due ON outbox (due_at);
CREATE INDEX outbox_by_email ON outbox (email_key);

-- Failed tries, counted by all servers together. A name is a MAC.
CREATE TABLE tries (
    name      BLOB    NOT NULL PRIMARY KEY CHECK (length(name) = 16),
    sequence  INTEGER NOT NULL,
    failed    INTEGER NOT NULL,
    since     INTEGER NOT NULL,
    last_at   INTEGER NOT NULL,
    forget_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX tries_by_sequence ON tries (sequence);
CREATE INDEX tries_by_forgetting ON tries (forget_at);

-- The audit trail: lines are added, and deleted when they are old, and never changed. An id begins with the time of its line.
-- Accounts and sessions may be gone while lines about them are kept.
CREATE TABLE audit (
    id         BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    at         INTEGER NOT NULL,
    event      TEXT NOT NULL,
    refused    TEXT,                            -- the code of the answer; nothing when it was done
    actor      TEXT NOT NULL,
    actor_id   BLOB,
    user_id    BLOB,
    session_id BLOB,
    target     TEXT,
    address    TEXT,
    user_agent TEXT,
    request_id BLOB,
    detail     TEXT                             -- a JSON object
) STRICT, WITHOUT ROWID;

CREATE INDEX audit_by_user ON audit (user_id, id);
CREATE INDEX audit_by_event ON audit (event, id);
