-- Places, the people who signed up, and what they agreed to.
CREATE TABLE settings (
    key TEXT PRIMARY KEY NOT NULL,
    value TEXT NOT NULL
);

CREATE TABLE areas (
    id INTEGER PRIMARY KEY NOT NULL,
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    parent_id BIGINT REFERENCES areas (id) ON DELETE SET NULL,
    shape JSON,
    created_at TIMESTAMP NOT NULL
);
CREATE UNIQUE INDEX areas_code ON areas (code);
CREATE INDEX areas_parent_id ON areas (parent_id);

CREATE TABLE postcodes (
    postcode TEXT PRIMARY KEY NOT NULL,
    area_id BIGINT NOT NULL REFERENCES areas (id) ON DELETE CASCADE,
    latitude DOUBLE NOT NULL,
    longitude DOUBLE NOT NULL
);
CREATE INDEX postcodes_area_id ON postcodes (area_id);

CREATE TABLE interest_groups (
    id INTEGER PRIMARY KEY NOT NULL,
    slug TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL
);
CREATE UNIQUE INDEX interest_groups_slug ON interest_groups (slug);

CREATE TABLE residents (
    id INTEGER PRIMARY KEY NOT NULL,
    public_id TEXT NOT NULL,
    name TEXT NOT NULL,
    postcode TEXT NOT NULL,
    language TEXT NOT NULL,
    source TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    left_at TIMESTAMP
);
CREATE UNIQUE INDEX residents_public_id ON residents (public_id);
CREATE INDEX residents_postcode ON residents (postcode);

CREATE TABLE addresses (
    id INTEGER PRIMARY KEY NOT NULL,
    resident_id BIGINT NOT NULL REFERENCES residents (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    value TEXT NOT NULL,
    match_key BLOB NOT NULL,
    enabled BOOLEAN NOT NULL,
    verified_at TIMESTAMP,
    bad_at TIMESTAMP,
    created_at TIMESTAMP NOT NULL
);
CREATE UNIQUE INDEX addresses_match_key ON addresses (match_key);
CREATE INDEX addresses_resident_id ON addresses (resident_id);

CREATE TABLE resident_areas (
    resident_id BIGINT NOT NULL REFERENCES residents (id) ON DELETE CASCADE,
    area_id BIGINT NOT NULL REFERENCES areas (id) ON DELETE CASCADE,
    PRIMARY KEY (resident_id, area_id)
);
CREATE INDEX resident_areas_area_id ON resident_areas (area_id, resident_id);

CREATE TABLE subscriptions (
    resident_id BIGINT NOT NULL REFERENCES residents (id) ON DELETE CASCADE,
    interest_group_id BIGINT NOT NULL REFERENCES interest_groups (id) ON DELETE CASCADE,
    created_at TIMESTAMP NOT NULL,
    PRIMARY KEY (resident_id, interest_group_id)
);
CREATE INDEX subscriptions_interest_group_id ON subscriptions (interest_group_id, resident_id);

-- Append-only: what was agreed or withdrawn, when, how, and in which words. Outlives the account.
CREATE TABLE consent_events (
    id INTEGER PRIMARY KEY NOT NULL,
    resident_id BIGINT REFERENCES residents (id) ON DELETE SET NULL,
    match_key BLOB NOT NULL,
    action TEXT NOT NULL,
    channel TEXT NOT NULL,
    source TEXT NOT NULL,
    wording TEXT NOT NULL,
    evidence TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL
);
CREATE INDEX consent_events_resident_id ON consent_events (resident_id);
CREATE INDEX consent_events_match_key ON consent_events (match_key);

-- "Never send to this address (in this scope)". Joined on match_key, so it survives erasure and re-import.
CREATE TABLE suppressions (
    id INTEGER PRIMARY KEY NOT NULL,
    match_key BLOB NOT NULL,
    channel TEXT NOT NULL,
    scope TEXT NOT NULL,
    reason TEXT NOT NULL,
    evidence TEXT NOT NULL,
    source_envelope_id BIGINT,
    created_at TIMESTAMP NOT NULL,
    lifted_at TIMESTAMP,
    lifted_by TEXT
);
CREATE UNIQUE INDEX suppressions_match_key ON suppressions (match_key, channel, scope);

-- One-time codes by text or mail: joining and coming back.
CREATE TABLE codes (
    id INTEGER PRIMARY KEY NOT NULL,
    ticket TEXT NOT NULL,
    purpose TEXT NOT NULL,
    match_key BLOB NOT NULL,
    code_digest BLOB NOT NULL,
    payload JSON NOT NULL,
    tries BIGINT NOT NULL,
    expires_at TIMESTAMP NOT NULL,
    used_at TIMESTAMP,
    created_at TIMESTAMP NOT NULL
);
CREATE UNIQUE INDEX codes_ticket ON codes (ticket);
CREATE INDEX codes_match_key ON codes (match_key, created_at);
