-- What an original was noted by in the audit log when it came in: the entry, and what its seal is salted with, so that the
-- log says nothing of an original that is gone. Both are empty for what came in before.
ALTER TABLE envelopes ADD COLUMN salt BYTEA;
ALTER TABLE envelopes ADD COLUMN noted_in BIGINT;

-- Which messages went out with an export: they are evidence wherever an officer puts them afterwards.
CREATE TABLE export_messages (
    export_id BIGINT NOT NULL REFERENCES exports (id) ON DELETE CASCADE,
    message_id BIGINT NOT NULL REFERENCES messages (id) ON DELETE RESTRICT,
    PRIMARY KEY (export_id, message_id)
);
CREATE INDEX export_messages_message ON export_messages (message_id);
INSERT INTO export_messages (export_id, message_id)
SELECT x.id, m.id FROM exports x JOIN messages m ON m.conversation_id = x.conversation_id WHERE x.status = 'ready' AND m.received_at <= x.finished_at;
