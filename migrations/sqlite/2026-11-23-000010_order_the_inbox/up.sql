-- The inbox in the order of what matters: risk to life first, then the clock. `place` is the sort key (domain::place).
ALTER TABLE conversations ADD COLUMN urgency TEXT NOT NULL DEFAULT 'none';
ALTER TABLE conversations ADD COLUMN waiting_since TIMESTAMP;
ALTER TABLE conversations ADD COLUMN due_at TIMESTAMP;
ALTER TABLE conversations ADD COLUMN paused_at TIMESTAMP;
ALTER TABLE conversations ADD COLUMN outcome TEXT;
ALTER TABLE conversations ADD COLUMN claimed_by BIGINT REFERENCES officers (id) ON DELETE SET NULL;
ALTER TABLE conversations ADD COLUMN claimed_until TIMESTAMP;
ALTER TABLE conversations ADD COLUMN place BIGINT NOT NULL DEFAULT 0;
UPDATE conversations SET place = CASE status WHEN 'closed' THEN 500000000000000 ELSE 400000000000000 END
    - CAST(strftime('%s', last_message_at) AS INTEGER) * 1000;
DROP INDEX conversations_owner_id;
DROP INDEX conversations_team_id;
DROP INDEX conversations_status;
CREATE INDEX conversations_owner_id ON conversations (owner_id, status, place, id);
CREATE INDEX conversations_team_id ON conversations (team_id, status, place, id);
CREATE INDEX conversations_status ON conversations (status, place, id);
CREATE INDEX conversations_untied ON conversations (status, place, id) WHERE alert_id IS NULL;
CREATE INDEX conversations_alert_id ON conversations (alert_id, status, place, id);
CREATE INDEX conversations_claimed_by ON conversations (claimed_by) WHERE claimed_by IS NOT NULL;
CREATE INDEX conversations_due_at ON conversations (due_at) WHERE due_at IS NOT NULL AND status = 'open';

-- Why a conversation is urgent, and who has taken it up.
CREATE TABLE urgencies (
    conversation_id BIGINT PRIMARY KEY NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    reasons JSON NOT NULL,
    raised_at TIMESTAMP NOT NULL,
    raised_by BIGINT REFERENCES officers (id) ON DELETE SET NULL,
    acknowledged_at TIMESTAMP,
    acknowledged_by BIGINT REFERENCES officers (id) ON DELETE SET NULL,
    desk_told_at TIMESTAMP
);
CREATE INDEX urgencies_raised_by ON urgencies (raised_by);
CREATE INDEX urgencies_acknowledged_by ON urgencies (acknowledged_by);
CREATE INDEX urgencies_open ON urgencies (raised_at) WHERE acknowledged_at IS NULL AND desk_told_at IS NULL;

-- Times in which the clock stands still, each with its reason.
CREATE TABLE pauses (
    id INTEGER PRIMARY KEY NOT NULL,
    conversation_id BIGINT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    officer_id BIGINT REFERENCES officers (id) ON DELETE SET NULL,
    reason TEXT NOT NULL,
    began_at TIMESTAMP NOT NULL,
    ended_at TIMESTAMP
);
CREATE INDEX pauses_conversation_id ON pauses (conversation_id, id);
CREATE INDEX pauses_officer_id ON pauses (officer_id);

-- What an officer is told beside the list: an urgent reply, a clock that runs out. Once each.
CREATE TABLE nudges (
    id INTEGER PRIMARY KEY NOT NULL,
    officer_id BIGINT NOT NULL REFERENCES officers (id) ON DELETE CASCADE,
    conversation_id BIGINT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    detail TEXT NOT NULL,
    for_moment TIMESTAMP NOT NULL,
    created_at TIMESTAMP NOT NULL,
    seen_at TIMESTAMP
);
CREATE UNIQUE INDEX nudges_once ON nudges (conversation_id, officer_id, kind, for_moment);
CREATE INDEX nudges_officer_id ON nudges (officer_id, seen_at, id);

-- An administrator reads no replies unless somebody gave them that.
ALTER TABLE officers ADD COLUMN reads_replies BOOLEAN NOT NULL DEFAULT FALSE;

-- Words that officers put on conversations, and the lists that they keep.
CREATE TABLE tags (
    id INTEGER PRIMARY KEY NOT NULL,
    name TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    retired_at TIMESTAMP
);
CREATE UNIQUE INDEX tags_name ON tags (name);

CREATE TABLE conversation_tags (
    conversation_id BIGINT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    tag_id BIGINT NOT NULL REFERENCES tags (id) ON DELETE CASCADE,
    officer_id BIGINT REFERENCES officers (id) ON DELETE SET NULL,
    created_at TIMESTAMP NOT NULL,
    PRIMARY KEY (conversation_id, tag_id)
);
CREATE INDEX conversation_tags_tag_id ON conversation_tags (tag_id, conversation_id);
CREATE INDEX conversation_tags_officer_id ON conversation_tags (officer_id);

CREATE TABLE saved_views (
    id INTEGER PRIMARY KEY NOT NULL,
    officer_id BIGINT NOT NULL REFERENCES officers (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    query TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL
);
CREATE UNIQUE INDEX saved_views_name ON saved_views (officer_id, name);
