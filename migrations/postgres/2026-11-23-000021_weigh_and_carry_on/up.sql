-- What an officer found when they weighed a conversation, each time anew: threat, harm, risk, investigation, vulnerability, engagement.
CREATE TABLE thrives (
    id BIGINT PRIMARY KEY,
    conversation_id BIGINT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    officer_id BIGINT REFERENCES officers (id) ON DELETE SET NULL,
    threat TEXT NOT NULL,
    harm TEXT NOT NULL,
    risk TEXT NOT NULL,
    investigation TEXT NOT NULL,
    vulnerability TEXT NOT NULL,
    engagement TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL
);
CREATE INDEX thrives_conversation_id ON thrives (conversation_id, id);
CREATE INDEX thrives_officer_id ON thrives (officer_id);

-- Why nothing was told of what came of an alert that was closed.
CREATE TABLE alert_closings (
    alert_id BIGINT PRIMARY KEY NOT NULL REFERENCES alerts (id) ON DELETE CASCADE,
    officer_id BIGINT REFERENCES officers (id) ON DELETE SET NULL,
    reason TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL
);
CREATE INDEX alert_closings_officer_id ON alert_closings (officer_id);

-- How urgent it has been, whatever the conversation says since it was closed and opened again.
ALTER TABLE urgencies ADD COLUMN level TEXT NOT NULL DEFAULT 'raised';
UPDATE urgencies SET level = 'life' WHERE EXISTS (SELECT 1 FROM conversations c WHERE c.id = urgencies.conversation_id AND c.urgency = 'life')
    OR EXISTS (SELECT 1 FROM nudges n WHERE n.conversation_id = urgencies.conversation_id AND n.kind IN ('urgent', 'desk'));

-- Where life may be at risk it stands first, answered or not (was 4 bands less the moment; is the moment and 72 hours).
UPDATE conversations SET place = 400000000000000 - place + 259200000
    WHERE status = 'open' AND urgency = 'life' AND due_at IS NULL AND place > 300000000000000;

-- What was closed from the first stands and goes as any closed one.
UPDATE conversations SET closed_at = last_message_at, place = place + 100000000000000
    WHERE status = 'closed' AND closed_at IS NULL AND place < 400000000000000;
