-- An officer has seen an address in full, why, and how long the page goes on showing it to them.
CREATE TABLE unmasks (
    id INTEGER PRIMARY KEY NOT NULL,
    conversation_id BIGINT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    officer_id BIGINT NOT NULL REFERENCES officers (id) ON DELETE RESTRICT,
    reason TEXT NOT NULL,
    words TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    until_at TIMESTAMP NOT NULL
);
CREATE INDEX unmasks_conversation ON unmasks (conversation_id, officer_id, until_at);
CREATE INDEX unmasks_officer ON unmasks (officer_id);

-- What must be kept whatever its age, until the hold is lifted. A conversation with a hold cannot be deleted at all.
CREATE TABLE legal_holds (
    id INTEGER PRIMARY KEY NOT NULL,
    conversation_id BIGINT NOT NULL REFERENCES conversations (id) ON DELETE RESTRICT,
    reason TEXT NOT NULL,
    reference TEXT NOT NULL,
    officer_id BIGINT NOT NULL REFERENCES officers (id) ON DELETE RESTRICT,
    from_at TIMESTAMP NOT NULL,
    lifted_at TIMESTAMP,
    lifted_by BIGINT REFERENCES officers (id) ON DELETE RESTRICT
);
CREATE INDEX legal_holds_conversation ON legal_holds (conversation_id);
CREATE INDEX legal_holds_officer ON legal_holds (officer_id);
CREATE INDEX legal_holds_lifted_by ON legal_holds (lifted_by);
CREATE INDEX legal_holds_standing ON legal_holds (from_at) WHERE lifted_at IS NULL;

-- Files that no row names any more, until their bytes are gone too.
CREATE TABLE forgotten_files (
    sha256 BLOB PRIMARY KEY NOT NULL,
    since_at TIMESTAMP NOT NULL
);

-- What is due, and who else names a file.
CREATE INDEX conversations_closed_at ON conversations (closed_at) WHERE status = 'closed';
CREATE INDEX residents_left_at ON residents (left_at) WHERE left_at IS NOT NULL;
CREATE INDEX envelopes_processed_at ON envelopes (processed_at) WHERE status = 'processed';
CREATE INDEX envelopes_body_file ON envelopes (body_file) WHERE body_file IS NOT NULL;
CREATE INDEX attachments_sha256 ON attachments (sha256);
CREATE INDEX working_copies_sha256 ON working_copies (sha256);
CREATE INDEX exports_sha256 ON exports (sha256);
CREATE INDEX messages_delivery_id ON messages (delivery_id) WHERE delivery_id IS NOT NULL;
CREATE INDEX deliveries_conversation_id ON deliveries (conversation_id) WHERE conversation_id IS NOT NULL;
