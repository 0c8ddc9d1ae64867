-- Who has a conversation open just now: refreshed by the page, forgotten after a minute.
CREATE TABLE presences (
    conversation_id BIGINT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    officer_id BIGINT NOT NULL REFERENCES officers (id) ON DELETE CASCADE,
    seen_at TIMESTAMP NOT NULL,
    PRIMARY KEY (conversation_id, officer_id)
);
CREATE INDEX presences_officer_id ON presences (officer_id);
CREATE INDEX presences_seen_at ON presences (seen_at);

-- An answer that an officer has begun. Gone when it is sent.
CREATE TABLE drafts (
    conversation_id BIGINT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    officer_id BIGINT NOT NULL REFERENCES officers (id) ON DELETE CASCADE,
    text TEXT NOT NULL,
    saved_at TIMESTAMP NOT NULL,
    PRIMARY KEY (conversation_id, officer_id)
);
CREATE INDEX drafts_officer_id ON drafts (officer_id);

-- Answers that are written once and sent often: an officer's, a team's, or (neither named) the force's.
CREATE TABLE canned_answers (
    id INTEGER PRIMARY KEY NOT NULL,
    officer_id BIGINT REFERENCES officers (id) ON DELETE CASCADE,
    team_id BIGINT REFERENCES teams (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    body TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    retired_at TIMESTAMP
);
CREATE INDEX canned_answers_officer_id ON canned_answers (officer_id);
CREATE INDEX canned_answers_team_id ON canned_answers (team_id);

-- A conversation that goes on in another system of the force, under its reference there.
CREATE TABLE handovers (
    id INTEGER PRIMARY KEY NOT NULL,
    conversation_id BIGINT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    officer_id BIGINT REFERENCES officers (id) ON DELETE SET NULL,
    system TEXT NOT NULL,
    reference TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL
);
CREATE INDEX handovers_conversation_id ON handovers (conversation_id, id);
CREATE INDEX handovers_officer_id ON handovers (officer_id);
CREATE INDEX handovers_reference ON handovers (reference);

-- What can be taken back for half a minute, and for each conversation how it stood before.
CREATE TABLE undos (
    id INTEGER PRIMARY KEY NOT NULL,
    token TEXT NOT NULL,
    officer_id BIGINT NOT NULL REFERENCES officers (id) ON DELETE CASCADE,
    sentence TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    used_at TIMESTAMP
);
CREATE UNIQUE INDEX undos_token ON undos (token);
CREATE INDEX undos_officer_id ON undos (officer_id, id);

CREATE TABLE undo_parts (
    id INTEGER PRIMARY KEY NOT NULL,
    undo_id BIGINT NOT NULL REFERENCES undos (id) ON DELETE CASCADE,
    conversation_id BIGINT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    before JSON NOT NULL
);
CREATE INDEX undo_parts_undo_id ON undo_parts (undo_id, id);
CREATE INDEX undo_parts_conversation_id ON undo_parts (conversation_id);

-- What came of an alert, told to everyone who answered it. A worker goes through them in the order of their ids.
CREATE TABLE outcomes (
    id INTEGER PRIMARY KEY NOT NULL,
    alert_id BIGINT NOT NULL REFERENCES alerts (id) ON DELETE CASCADE,
    officer_id BIGINT REFERENCES officers (id) ON DELETE SET NULL,
    token TEXT NOT NULL,
    sms_text TEXT NOT NULL,
    email_subject TEXT NOT NULL,
    email_body TEXT NOT NULL,
    mark BIGINT NOT NULL,
    cursor BIGINT NOT NULL,
    told_sms BIGINT NOT NULL,
    told_email BIGINT NOT NULL,
    lease_owner TEXT,
    lease_until TIMESTAMP,
    created_at TIMESTAMP NOT NULL,
    finished_at TIMESTAMP
);
CREATE UNIQUE INDEX outcomes_token ON outcomes (token);
CREATE INDEX outcomes_alert_id ON outcomes (alert_id, id);
CREATE INDEX outcomes_officer_id ON outcomes (officer_id);
CREATE INDEX outcomes_unfinished ON outcomes (id) WHERE finished_at IS NULL;

CREATE TABLE outcome_exclusions (
    outcome_id BIGINT NOT NULL REFERENCES outcomes (id) ON DELETE CASCADE,
    reason TEXT NOT NULL,
    count BIGINT NOT NULL,
    PRIMARY KEY (outcome_id, reason)
);
