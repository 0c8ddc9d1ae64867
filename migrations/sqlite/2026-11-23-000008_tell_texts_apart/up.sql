-- What providers have blocked: beside our own suppressions, for lifting one does not lift the other.
CREATE TABLE provider_blocks (
    id INTEGER PRIMARY KEY NOT NULL,
    channel TEXT NOT NULL,
    our_number TEXT NOT NULL,
    match_key BLOB NOT NULL,
    code TEXT NOT NULL,
    evidence TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    lifted_at TIMESTAMP,
    lifted_by TEXT
);
CREATE UNIQUE INDEX provider_blocks_pair ON provider_blocks (match_key, channel, our_number);

-- Ids of signed tokens: one seen again with another request is a replay.
CREATE TABLE replay_keys (
    channel TEXT NOT NULL,
    replay_key TEXT NOT NULL,
    envelope_id BIGINT NOT NULL,
    seen_at TIMESTAMP NOT NULL,
    PRIMARY KEY (channel, replay_key)
);
CREATE INDEX replay_keys_seen_at ON replay_keys (seen_at);

-- Parts of longer texts until all are there, or the wait is over.
CREATE TABLE text_parts (
    id INTEGER PRIMARY KEY NOT NULL,
    channel TEXT NOT NULL,
    match_key BLOB NOT NULL,
    correspondent TEXT NOT NULL,
    our_number TEXT NOT NULL,
    reference TEXT NOT NULL,
    total BIGINT NOT NULL,
    number BIGINT NOT NULL,
    text TEXT NOT NULL,
    envelope_id BIGINT NOT NULL,
    ordinal BIGINT NOT NULL,
    received_at TIMESTAMP NOT NULL,
    joined_at TIMESTAMP
);
CREATE UNIQUE INDEX text_parts_envelope_id ON text_parts (envelope_id, ordinal);
CREATE INDEX text_parts_of ON text_parts (match_key, our_number, reference);
CREATE INDEX text_parts_open ON text_parts (received_at) WHERE joined_at IS NULL;

-- Numbers that failed for good: once is a suspicion, again after a week is a bad number.
CREATE TABLE number_faults (
    match_key BLOB PRIMARY KEY NOT NULL,
    times BIGINT NOT NULL,
    first_at TIMESTAMP NOT NULL,
    last_at TIMESTAMP NOT NULL
);

-- How far each provider's own list of messages from people has been read, to fill gaps.
CREATE TABLE listings (
    channel TEXT PRIMARY KEY NOT NULL,
    listed_until TIMESTAMP NOT NULL,
    lease_owner TEXT,
    lease_until TIMESTAMP,
    checked_at TIMESTAMP,
    fault TEXT
);

ALTER TABLE alerts ADD COLUMN two_way BOOLEAN NOT NULL DEFAULT 1;
-- Since when the number may be somebody else's: nothing from before is shown to it or follows it.
ALTER TABLE correspondents ADD COLUMN owner_doubt_at TIMESTAMP;
