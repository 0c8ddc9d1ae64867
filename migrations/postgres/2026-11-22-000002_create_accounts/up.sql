-- Who may sign in, with what, and the log of what they did.
CREATE TABLE teams (
    id BIGINT PRIMARY KEY NOT NULL,
    name TEXT NOT NULL,
    area_id BIGINT REFERENCES areas (id) ON DELETE SET NULL,
    created_at TIMESTAMP NOT NULL
);
CREATE UNIQUE INDEX teams_name ON teams (name);
CREATE INDEX teams_area_id ON teams (area_id);

CREATE TABLE officers (
    id BIGINT PRIMARY KEY NOT NULL,
    email TEXT NOT NULL,
    name TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    role TEXT NOT NULL,
    team_id BIGINT REFERENCES teams (id) ON DELETE SET NULL,
    away_until TIMESTAMP,
    cover_id BIGINT REFERENCES officers (id) ON DELETE SET NULL,
    disabled_at TIMESTAMP,
    created_at TIMESTAMP NOT NULL
);
CREATE UNIQUE INDEX officers_email ON officers (email);
CREATE INDEX officers_team_id ON officers (team_id);
CREATE INDEX officers_cover_id ON officers (cover_id);

-- Officers' and residents' sessions alike; exactly one of the two ids is set.
CREATE TABLE sessions (
    id BIGINT PRIMARY KEY NOT NULL,
    token_digest BYTEA NOT NULL,
    officer_id BIGINT REFERENCES officers (id) ON DELETE CASCADE,
    resident_id BIGINT REFERENCES residents (id) ON DELETE CASCADE,
    csrf TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    last_seen_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP NOT NULL
);
CREATE UNIQUE INDEX sessions_token_digest ON sessions (token_digest);
CREATE INDEX sessions_officer_id ON sessions (officer_id);
CREATE INDEX sessions_resident_id ON sessions (resident_id);

CREATE TABLE api_keys (
    id BIGINT PRIMARY KEY NOT NULL,
    name TEXT NOT NULL,
    key_digest BYTEA NOT NULL,
    scopes TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    last_used_at TIMESTAMP,
    revoked_at TIMESTAMP
);
CREATE UNIQUE INDEX api_keys_name ON api_keys (name);
CREATE UNIQUE INDEX api_keys_key_digest ON api_keys (key_digest);

CREATE TABLE idempotency_keys (
    api_key_id BIGINT NOT NULL REFERENCES api_keys (id) ON DELETE CASCADE,
    key TEXT NOT NULL,
    request_digest BYTEA NOT NULL,
    status BIGINT NOT NULL,
    response JSON NOT NULL,
    created_at TIMESTAMP NOT NULL,
    PRIMARY KEY (api_key_id, key)
);

-- Ids only, no foreign keys: an entry outlives what it speaks of. The sealer fills the last three.
CREATE TABLE audit_log (
    id BIGINT PRIMARY KEY NOT NULL,
    actor TEXT NOT NULL,
    officer_id BIGINT,
    action TEXT NOT NULL,
    subject_kind TEXT NOT NULL,
    subject_id BIGINT,
    detail JSON NOT NULL,
    created_at TIMESTAMP NOT NULL,
    sealed_seq BIGINT,
    previous_hash BYTEA,
    hash BYTEA
);
CREATE INDEX audit_log_subject ON audit_log (subject_kind, subject_id);
CREATE UNIQUE INDEX audit_log_sealed_seq ON audit_log (sealed_seq);
