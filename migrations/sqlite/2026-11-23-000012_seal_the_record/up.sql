-- When an entry was sealed: part of what its hash covers, so that one slipped in later under an old date shows.
ALTER TABLE audit_log ADD COLUMN sealed_at TIMESTAMP;
CREATE INDEX audit_log_unsealed ON audit_log (id) WHERE sealed_seq IS NULL;

-- How far the log was sealed at the end of each day (UTC); the newest is where the sealer goes on. `mac` is made with a key
-- that is not in the database. The row `genesis` stands before the first entry; the sealer locks it, so that nodes take turns.
CREATE TABLE audit_heads (
    day TEXT PRIMARY KEY NOT NULL,
    seq BIGINT NOT NULL,
    hash BLOB NOT NULL,
    mac BLOB NOT NULL,
    sealed_at TIMESTAMP NOT NULL
);
CREATE UNIQUE INDEX audit_heads_seq ON audit_heads (seq);
INSERT INTO audit_heads (day, seq, hash, mac, sealed_at)
VALUES ('genesis', 0, X'0000000000000000000000000000000000000000000000000000000000000000', X'', '1970-01-01 00:00:00.000000');

-- What an officer has named as an exhibit: a message, or one of its files. The number runs by officer and conversation; the
-- reference may be changed until the first export that names it.
CREATE TABLE exhibits (
    id INTEGER PRIMARY KEY NOT NULL,
    conversation_id BIGINT NOT NULL REFERENCES conversations (id) ON DELETE RESTRICT,
    message_id BIGINT NOT NULL REFERENCES messages (id) ON DELETE RESTRICT,
    attachment_id BIGINT REFERENCES attachments (id) ON DELETE RESTRICT,
    reference TEXT NOT NULL,
    officer_id BIGINT NOT NULL REFERENCES officers (id) ON DELETE RESTRICT,
    created_at TIMESTAMP NOT NULL,
    sealed_at TIMESTAMP
);
CREATE UNIQUE INDEX exhibits_reference ON exhibits (conversation_id, reference);
CREATE UNIQUE INDEX exhibits_message ON exhibits (message_id) WHERE attachment_id IS NULL;
CREATE UNIQUE INDEX exhibits_attachment ON exhibits (attachment_id);
CREATE INDEX exhibits_messages ON exhibits (message_id);
CREATE INDEX exhibits_officer ON exhibits (officer_id);

-- Copies with something taken out. The bytes are in `files/`; the original stays as it was.
CREATE TABLE working_copies (
    id INTEGER PRIMARY KEY NOT NULL,
    public_id TEXT NOT NULL,
    message_id BIGINT NOT NULL REFERENCES messages (id) ON DELETE RESTRICT,
    attachment_id BIGINT REFERENCES attachments (id) ON DELETE RESTRICT,
    kind TEXT NOT NULL,
    filename TEXT NOT NULL,
    content_type TEXT NOT NULL,
    size_bytes BIGINT NOT NULL,
    sha256 BLOB NOT NULL,
    done TEXT NOT NULL,
    detail JSON NOT NULL,
    officer_id BIGINT NOT NULL REFERENCES officers (id) ON DELETE RESTRICT,
    created_at TIMESTAMP NOT NULL
);
CREATE UNIQUE INDEX working_copies_public_id ON working_copies (public_id);
CREATE INDEX working_copies_message ON working_copies (message_id);
CREATE INDEX working_copies_attachment ON working_copies (attachment_id);
CREATE INDEX working_copies_officer ON working_copies (officer_id);

-- Exports that were asked for: a queue, and afterwards the record of what went out under which digest.
CREATE TABLE exports (
    id INTEGER PRIMARY KEY NOT NULL,
    public_id TEXT NOT NULL,
    conversation_id BIGINT NOT NULL REFERENCES conversations (id) ON DELETE RESTRICT,
    officer_id BIGINT NOT NULL REFERENCES officers (id) ON DELETE RESTRICT,
    status TEXT NOT NULL,
    files_done BIGINT NOT NULL,
    files_total BIGINT NOT NULL,
    size_bytes BIGINT NOT NULL,
    sha256 BLOB,
    manifest_sha256 BLOB,
    reason TEXT,
    tries BIGINT NOT NULL,
    lease_owner TEXT,
    lease_until TIMESTAMP,
    created_at TIMESTAMP NOT NULL,
    finished_at TIMESTAMP
);
CREATE UNIQUE INDEX exports_public_id ON exports (public_id);
CREATE INDEX exports_conversation ON exports (conversation_id, id);
CREATE INDEX exports_officer ON exports (officer_id);
CREATE INDEX exports_waiting ON exports (id) WHERE status = 'waiting';
