-- What is published, for whom, and every outbound text it makes.
CREATE TABLE alerts (
    id BIGINT PRIMARY KEY NOT NULL,
    reference TEXT NOT NULL,
    kind TEXT NOT NULL,
    urgency TEXT NOT NULL,
    title TEXT NOT NULL,
    status TEXT NOT NULL,
    version BIGINT NOT NULL,
    owner_id BIGINT NOT NULL REFERENCES officers (id) ON DELETE RESTRICT,
    team_id BIGINT REFERENCES teams (id) ON DELETE SET NULL,
    token TEXT,
    send_again_on_doubt BOOLEAN NOT NULL,
    audience_mark BIGINT NOT NULL,
    audience_cursor BIGINT NOT NULL,
    fan_out_owner TEXT,
    fan_out_until TIMESTAMP,
    expected_sms BIGINT NOT NULL,
    expected_email BIGINT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    published_at TIMESTAMP,
    fanned_out_at TIMESTAMP,
    closed_at TIMESTAMP
);
CREATE UNIQUE INDEX alerts_reference ON alerts (reference);
CREATE UNIQUE INDEX alerts_token ON alerts (token);
CREATE INDEX alerts_status ON alerts (status, published_at);
CREATE INDEX alerts_owner_id ON alerts (owner_id);
CREATE INDEX alerts_team_id ON alerts (team_id);

-- One row a version, language and channel kind; a version is never changed once published.
CREATE TABLE alert_texts (
    id BIGINT PRIMARY KEY NOT NULL,
    alert_id BIGINT NOT NULL REFERENCES alerts (id) ON DELETE CASCADE,
    version BIGINT NOT NULL,
    language TEXT NOT NULL,
    channel_kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    body TEXT NOT NULL
);
CREATE UNIQUE INDEX alert_texts_alert_id ON alert_texts (alert_id, version, language, channel_kind);

CREATE TABLE alert_areas (
    alert_id BIGINT NOT NULL REFERENCES alerts (id) ON DELETE CASCADE,
    area_id BIGINT NOT NULL REFERENCES areas (id) ON DELETE RESTRICT,
    PRIMARY KEY (alert_id, area_id)
);
CREATE INDEX alert_areas_area_id ON alert_areas (area_id);

CREATE TABLE alert_groups (
    alert_id BIGINT NOT NULL REFERENCES alerts (id) ON DELETE CASCADE,
    interest_group_id BIGINT NOT NULL REFERENCES interest_groups (id) ON DELETE RESTRICT,
    PRIMARY KEY (alert_id, interest_group_id)
);
CREATE INDEX alert_groups_interest_group_id ON alert_groups (interest_group_id);

CREATE TABLE alert_exclusions (
    alert_id BIGINT NOT NULL REFERENCES alerts (id) ON DELETE CASCADE,
    reason TEXT NOT NULL,
    count BIGINT NOT NULL,
    PRIMARY KEY (alert_id, reason)
);

-- No foreign keys in or out: this table is the send ledger and is to be partitioned by source_id.
CREATE TABLE deliveries (
    id BIGINT PRIMARY KEY NOT NULL,
    purpose TEXT NOT NULL,
    source_id BIGINT NOT NULL,
    alert_id BIGINT,
    conversation_id BIGINT,
    match_key BYTEA NOT NULL,
    address TEXT NOT NULL,
    channel_kind TEXT NOT NULL,
    channel TEXT NOT NULL,
    sender TEXT NOT NULL,
    priority BIGINT NOT NULL,
    status TEXT NOT NULL,
    subject TEXT,
    body TEXT,
    code TEXT NOT NULL,
    token TEXT NOT NULL,
    in_reply_to TEXT,
    reference_ids TEXT,
    provider_message_id TEXT,
    rank BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    error_code TEXT,
    error_detail TEXT,
    lease_owner TEXT,
    lease_until TIMESTAMP,
    next_attempt_at TIMESTAMP NOT NULL,
    sending_at TIMESTAMP,
    accepted_at TIMESTAMP,
    finished_at TIMESTAMP,
    created_at TIMESTAMP NOT NULL
);
CREATE UNIQUE INDEX deliveries_once ON deliveries (purpose, source_id, address);
CREATE UNIQUE INDEX deliveries_token ON deliveries (token);
CREATE INDEX deliveries_claim ON deliveries (channel, priority, id) WHERE status IN ('queued', 'leased');
CREATE INDEX deliveries_in_doubt ON deliveries (lease_until) WHERE status = 'sending';
CREATE INDEX deliveries_alert_id ON deliveries (alert_id, channel_kind, status);
CREATE INDEX deliveries_pair ON deliveries (match_key, sender, created_at);
CREATE INDEX deliveries_provider_message_id ON deliveries (provider_message_id);
CREATE INDEX deliveries_finished_at ON deliveries (finished_at);

CREATE TABLE attempts (
    id BIGINT PRIMARY KEY NOT NULL,
    delivery_id BIGINT NOT NULL,
    number BIGINT NOT NULL,
    outcome TEXT NOT NULL,
    provider_message_id TEXT,
    error_code TEXT,
    error_detail TEXT,
    finished_at TIMESTAMP NOT NULL
);
CREATE UNIQUE INDEX attempts_delivery_id ON attempts (delivery_id, number);

-- Which alert last used a pair (our number, their number): what sender_pool chooses by.
CREATE TABLE pair_holds (
    our_number TEXT NOT NULL,
    match_key BYTEA NOT NULL,
    alert_id BIGINT NOT NULL,
    used_at TIMESTAMP NOT NULL,
    PRIMARY KEY (match_key, our_number)
);
