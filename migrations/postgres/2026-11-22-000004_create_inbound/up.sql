-- Everything that came in, and what became of it.
CREATE TABLE envelopes (
    id BIGINT PRIMARY KEY NOT NULL,
    channel TEXT NOT NULL,
    kind TEXT NOT NULL,
    dedupe_key TEXT NOT NULL,
    match_key BYTEA,
    lane BIGINT NOT NULL,
    target TEXT NOT NULL,
    headers BYTEA NOT NULL,
    body BYTEA,
    body_file TEXT,
    body_bytes BIGINT NOT NULL,
    sha256 BYTEA NOT NULL,
    status TEXT NOT NULL,
    possible_duplicate BOOLEAN NOT NULL,
    stopped BOOLEAN NOT NULL,
    reason TEXT,
    lease_owner TEXT,
    lease_until TIMESTAMP,
    tries BIGINT NOT NULL,
    received_at TIMESTAMP NOT NULL,
    processed_at TIMESTAMP
);
CREATE INDEX envelopes_waiting ON envelopes (lane, id) WHERE status = 'received';
CREATE INDEX envelopes_parked ON envelopes (id) WHERE status = 'parked';
CREATE INDEX envelopes_waiting_of ON envelopes (match_key, id) WHERE status = 'received';

-- What makes a provider's retry the same envelope. Small, kept 35 days or more, never partitioned.
CREATE TABLE envelope_keys (
    channel TEXT NOT NULL,
    kind TEXT NOT NULL,
    dedupe_key TEXT NOT NULL,
    envelope_id BIGINT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    PRIMARY KEY (channel, kind, dedupe_key)
);

CREATE TABLE receipts (
    id BIGINT PRIMARY KEY NOT NULL,
    envelope_id BIGINT NOT NULL,
    ordinal BIGINT NOT NULL,
    delivery_id BIGINT,
    provider_message_id TEXT NOT NULL,
    provider_status TEXT NOT NULL,
    status TEXT,
    error_code TEXT,
    received_at TIMESTAMP NOT NULL
);
CREATE UNIQUE INDEX receipts_envelope_id ON receipts (envelope_id, ordinal);
CREATE INDEX receipts_provider_message_id ON receipts (provider_message_id);

CREATE TABLE correspondents (
    id BIGINT PRIMARY KEY NOT NULL,
    public_id TEXT NOT NULL,
    match_key BYTEA NOT NULL,
    kind TEXT NOT NULL,
    address TEXT NOT NULL,
    name TEXT,
    created_at TIMESTAMP NOT NULL
);
CREATE UNIQUE INDEX correspondents_public_id ON correspondents (public_id);
CREATE UNIQUE INDEX correspondents_match_key ON correspondents (match_key);

CREATE TABLE conversations (
    id BIGINT PRIMARY KEY NOT NULL,
    public_id TEXT NOT NULL,
    alert_id BIGINT REFERENCES alerts (id) ON DELETE RESTRICT,
    correspondent_id BIGINT NOT NULL REFERENCES correspondents (id) ON DELETE RESTRICT,
    status TEXT NOT NULL,
    certainty TEXT NOT NULL,
    owner_id BIGINT REFERENCES officers (id) ON DELETE SET NULL,
    team_id BIGINT REFERENCES teams (id) ON DELETE SET NULL,
    channel TEXT NOT NULL,
    channel_kind TEXT NOT NULL,
    our_address TEXT NOT NULL,
    third_party BOOLEAN NOT NULL,
    unread BOOLEAN NOT NULL,
    preview TEXT NOT NULL,
    messages_count BIGINT NOT NULL,
    attachments_count BIGINT NOT NULL,
    candidates JSON NOT NULL,
    version BIGINT NOT NULL,
    first_human_at TIMESTAMP,
    last_message_at TIMESTAMP NOT NULL,
    created_at TIMESTAMP NOT NULL,
    closed_at TIMESTAMP
);
CREATE UNIQUE INDEX conversations_public_id ON conversations (public_id);
CREATE UNIQUE INDEX conversations_of ON conversations (alert_id, correspondent_id);
CREATE UNIQUE INDEX conversations_tray ON conversations (correspondent_id) WHERE alert_id IS NULL;
CREATE INDEX conversations_correspondent_id ON conversations (correspondent_id);
CREATE INDEX conversations_owner_id ON conversations (owner_id, status, last_message_at);
CREATE INDEX conversations_team_id ON conversations (team_id, status, last_message_at);
CREATE INDEX conversations_status ON conversations (status, last_message_at);

CREATE TABLE messages (
    id BIGINT PRIMARY KEY NOT NULL,
    public_id TEXT NOT NULL,
    conversation_id BIGINT NOT NULL REFERENCES conversations (id) ON DELETE RESTRICT,
    direction TEXT NOT NULL,
    channel TEXT NOT NULL,
    channel_kind TEXT NOT NULL,
    class TEXT NOT NULL,
    subject TEXT,
    text TEXT NOT NULL,
    folded TEXT NOT NULL,
    envelope_id BIGINT,
    ordinal BIGINT NOT NULL,
    delivery_id BIGINT,
    officer_id BIGINT REFERENCES officers (id) ON DELETE SET NULL,
    message_id_header TEXT,
    method TEXT NOT NULL,
    confidence TEXT NOT NULL,
    evidence TEXT NOT NULL,
    third_party BOOLEAN NOT NULL,
    possible_duplicate BOOLEAN NOT NULL,
    raw_sha256 BYTEA,
    received_at TIMESTAMP NOT NULL
);
CREATE UNIQUE INDEX messages_public_id ON messages (public_id);
CREATE UNIQUE INDEX messages_envelope_id ON messages (envelope_id, ordinal);
CREATE INDEX messages_conversation_id ON messages (conversation_id, id);
CREATE INDEX messages_officer_id ON messages (officer_id);
CREATE INDEX messages_message_id_header ON messages (message_id_header);
CREATE INDEX messages_received_at ON messages (received_at);

CREATE TABLE attachments (
    id BIGINT PRIMARY KEY NOT NULL,
    message_id BIGINT NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
    ordinal BIGINT NOT NULL,
    filename TEXT NOT NULL,
    content_type TEXT NOT NULL,
    size_bytes BIGINT NOT NULL,
    sha256 BYTEA NOT NULL,
    scan TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL
);
CREATE UNIQUE INDEX attachments_message_id ON attachments (message_id, ordinal);

CREATE TABLE conversation_events (
    id BIGINT PRIMARY KEY NOT NULL,
    conversation_id BIGINT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    officer_id BIGINT REFERENCES officers (id) ON DELETE SET NULL,
    kind TEXT NOT NULL,
    detail TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL
);
CREATE INDEX conversation_events_conversation_id ON conversation_events (conversation_id, id);
CREATE INDEX conversation_events_officer_id ON conversation_events (officer_id);

-- Append-only; feeds live pages, press figures and partners' webhooks. Ids only, no words and no addresses.
CREATE TABLE events (
    id BIGINT PRIMARY KEY NOT NULL,
    kind TEXT NOT NULL,
    alert_id BIGINT,
    conversation_id BIGINT,
    channel_kind TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL
);
CREATE INDEX events_kind ON events (kind, created_at);

CREATE TABLE mailboxes (
    channel TEXT NOT NULL,
    mailbox TEXT NOT NULL,
    uid_validity BIGINT NOT NULL,
    last_uid BIGINT NOT NULL,
    lease_owner TEXT,
    lease_until TIMESTAMP,
    checked_at TIMESTAMP,
    fault TEXT,
    PRIMARY KEY (channel, mailbox)
);

CREATE TABLE mailbox_uids (
    channel TEXT NOT NULL,
    mailbox TEXT NOT NULL,
    uid_validity BIGINT NOT NULL,
    uid BIGINT NOT NULL,
    state TEXT NOT NULL,
    tries BIGINT NOT NULL,
    error TEXT,
    updated_at TIMESTAMP NOT NULL,
    PRIMARY KEY (channel, mailbox, uid_validity, uid)
);
CREATE INDEX mailbox_uids_open ON mailbox_uids (state) WHERE state <> 'ingested';
