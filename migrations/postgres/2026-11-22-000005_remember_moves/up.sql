-- What an officer tied by hand: later messages follow it, and how they were tied before is kept.
CREATE TABLE conversation_moves (
    id BIGINT PRIMARY KEY NOT NULL,
    correspondent_id BIGINT NOT NULL REFERENCES correspondents (id) ON DELETE CASCADE,
    conversation_id BIGINT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    officer_id BIGINT REFERENCES officers (id) ON DELETE SET NULL,
    from_alert_id BIGINT REFERENCES alerts (id) ON DELETE RESTRICT,
    to_alert_id BIGINT NOT NULL REFERENCES alerts (id) ON DELETE RESTRICT,
    before JSON NOT NULL,
    moved_at TIMESTAMP NOT NULL
);
CREATE INDEX conversation_moves_correspondent_id ON conversation_moves (correspondent_id, moved_at);
CREATE INDEX conversation_moves_conversation_id ON conversation_moves (conversation_id);
CREATE INDEX conversation_moves_officer_id ON conversation_moves (officer_id);
CREATE INDEX conversation_moves_from_alert_id ON conversation_moves (from_alert_id);
CREATE INDEX conversation_moves_to_alert_id ON conversation_moves (to_alert_id);
