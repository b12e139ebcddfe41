-- Counters. A row is also the lock of what it counts.
INSERT INTO meta (name, number)
VALUES ('revocations', 0), ('revocations_epoch', 0), ('keys', 0), ('master', 0), ('cache_life', 0), ('caches_until', 0),
       ('ping', 0), ('tries', 0);

CREATE TABLE users (
    id                BYTEA  NOT NULL PRIMARY KEY CHECK (octet_length(id) = 16),
    email             TEXT   NOT NULL,
    email_key         TEXT   COLLATE "C" NOT NULL,
    email_verified_at BIGINT,
    name              TEXT,
    roles             TEXT   NOT NULL,          -- a JSON array of texts
    password_hash     TEXT,
    disabled_at       BIGINT,
    created_at        BIGINT NOT NULL,
    updated_at        BIGINT NOT NULL,
    app_metadata      TEXT,                     -- JSON objects, nothing for empty ones
    user_metadata     TEXT
);

CREATE UNIQUE INDEX users_by_email ON users (email_key);

-- One row for the whole life of a session: refreshing changes it and adds none. The room left in each page lets the new
-- version of a row stand beside the old one, without a new entry in any index.
CREATE TABLE sessions (
    id           BYTEA  NOT NULL PRIMARY KEY CHECK (octet_length(id) = 16),
    user_id      BYTEA  NOT NULL REFERENCES users (id),
    client_id    TEXT   NOT NULL,
    generation   BIGINT NOT NULL,
    scope        TEXT   NOT NULL,
    device       TEXT,
    address      TEXT,
    user_agent   TEXT,
    created_at   BIGINT NOT NULL,
    rotated_at   BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL,
    idle_for     BIGINT NOT NULL,               -- seconds
    ended_at     BIGINT,
    end_reason   TEXT,
    CHECK ((ended_at IS NULL) = (end_reason IS NULL))
) WITH (fillfactor = 80);

-- The only index, and on columns that no refresh changes. Those of a user that have not ended stand together.
CREATE INDEX sessions_by_user ON sessions (user_id, ended_at);

CREATE TABLE revocations (
    sequence      BIGINT NOT NULL PRIMARY KEY,
    kind          TEXT   NOT NULL,
    subject       BYTEA  NOT NULL,
    issued_before BIGINT,
    forget_at     BIGINT NOT NULL
);

CREATE INDEX revocations_by_forgetting ON revocations (forget_at);

-- What is sealed is encrypted with the master key whose mark is `master` in meta.
CREATE TABLE keys (
    kid           TEXT   COLLATE "C" NOT NULL PRIMARY KEY,
    purpose       TEXT   NOT NULL,
    algorithm     TEXT   NOT NULL,
    state         TEXT   NOT NULL,
    sealed        BYTEA,                         -- gone when the key no longer signs
    sealed_public BYTEA,
    created_at    BIGINT NOT NULL,
    activate_at   BIGINT,
    activated_at  BIGINT,
    retired_at    BIGINT
);

-- Failed tries, counted by all servers together. A name is a MAC.
CREATE TABLE tries (
    name      BYTEA   NOT NULL PRIMARY KEY CHECK (octet_length(name) = 16),
    sequence  BIGINT  NOT NULL,
    failed    BIGINT  NOT NULL,
    since     BIGINT  NOT NULL,
    last_at   BIGINT  NOT NULL,
    forget_at BIGINT  NOT NULL
);

CREATE INDEX tries_by_sequence ON tries (sequence);
CREATE INDEX tries_by_forgetting ON tries (forget_at);

-- The audit trail: lines are added, and deleted when they are old, and never changed. An id begins with the time of its line.
-- Accounts and sessions may be gone while lines about them are kept.
CREATE TABLE audit (
    id         BYTEA NOT NULL PRIMARY KEY CHECK (octet_length(id) = 16),
    at         BIGINT NOT NULL,
    event      TEXT NOT NULL,
    refused    TEXT,                            -- the code of the answer; nothing when it was done
    actor      TEXT NOT NULL,
    actor_id   BYTEA,
    user_id    BYTEA,
    session_id BYTEA,
    target     TEXT,
    address    TEXT,
    user_agent TEXT,
    request_id BYTEA,
    detail     TEXT                             -- a JSON object
);

CREATE INDEX audit_by_user ON audit (user_id, id);
CREATE INDEX audit_by_event ON audit (event, id);

-- How many changes each connection has committed, written with each of them: by this a commit of unknown outcome is
-- resolved. A number below zero is a fence: that connection can commit no more.
CREATE TABLE connections (
    id        BYTEA  NOT NULL PRIMARY KEY,
    commits   BIGINT NOT NULL,
    opened_at BIGINT NOT NULL,                  -- seconds, by the database's clock
    heard_at  BIGINT NOT NULL                   -- when it last committed, in milliseconds by the same clock
) WITH (fillfactor = 50);

-- What links in mails open, by the SHA-256 of their tokens. A user has one of each purpose at most.
CREATE TABLE mail_tokens (
    hash       BYTEA  NOT NULL PRIMARY KEY CHECK (octet_length(hash) = 32),
    user_id    BYTEA  NOT NULL REFERENCES users (id),
    purpose    TEXT   NOT NULL,
    email      TEXT   NOT NULL,                 -- the address that the link was sent to
    email_key  TEXT   NOT NULL,
    issued_at  BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE INDEX mail_tokens_by_user ON mail_tokens (user_id);
CREATE INDEX mail_tokens_by_expiry ON mail_tokens (expires_at);

-- Mails that wait to be sent, or are being sent. No row holds a token.
CREATE TABLE outbox (
    id        BYTEA  NOT NULL PRIMARY KEY CHECK (octet_length(id) = 16),
    kind      TEXT   NOT NULL,
    user_id   BYTEA,                            -- the account it is about, if that is known yet; it may be gone
    email     TEXT   NOT NULL,
    email_key TEXT   NOT NULL,
    facts     TEXT   NOT NULL,                  -- a JSON object
    queued_at BIGINT NOT NULL,
    due_at    BIGINT NOT NULL,                  -- when to send it; while it is being sent, when that counts as failed
    attempts  BIGINT NOT NULL                   -- whoever counted it up to this number sends it, and nobody else
);

CREATE INDEX outbox_by_due ON outbox (due_at);
CREATE INDEX outbox_by_email ON outbox (email_key);
