-- When a delivery is no longer worth sending. None: it waits for ever.
ALTER TABLE deliveries ADD COLUMN expires_at TIMESTAMP;

-- What all nodes must agree on about a channel: when its next permit is free, until when its provider asked us to wait,
-- and whether it takes anything at all. One row a channel; its times are the database's.
CREATE TABLE channel_gates (
    channel TEXT PRIMARY KEY NOT NULL,
    free_at TIMESTAMP NOT NULL,
    paused_until TIMESTAMP,
    cause TEXT,
    trials BIGINT NOT NULL,
    next_trial_at TIMESTAMP
);
