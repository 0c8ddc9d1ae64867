-- A note to colleagues that an officer has begun. Gone when it is kept.
CREATE TABLE note_drafts (
    conversation_id BIGINT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    officer_id BIGINT NOT NULL REFERENCES officers (id) ON DELETE CASCADE,
    text TEXT NOT NULL,
    saved_at TIMESTAMP NOT NULL,
    PRIMARY KEY (conversation_id, officer_id)
);
CREATE INDEX note_drafts_officer_id ON note_drafts (officer_id);
