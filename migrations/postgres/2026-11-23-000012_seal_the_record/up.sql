-- When an entry was sealed: part of what its hash covers, so that one slipped in later under an old date shows.
ALTER TABLE audit_log ADD COLUMN sealed_at TIMESTAMP;
CREATE INDEX audit_log_unsealed ON audit_log (id) WHERE sealed_seq IS NULL;

-- How far the log was sealed at the end of each day (UTC); the newest is where the sealer goes on. `mac` is made with a key
-- that is not in the database. The row `genesis` stands before the first entry; the sealer locks it, so that nodes take turns.
CREATE TABLE audit_heads (
    day TEXT PRIMARY KEY NOT NULL,
    seq BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    mac BYTEA NOT NULL,
    sealed_at TIMESTAMP NOT NULL
);
CREATE UNIQUE INDEX audit_heads_seq ON audit_heads (seq);
INSERT INTO audit_heads (day, seq, hash, mac, sealed_at)
VALUES ('genesis', 0, '\x0000000000000000000000000000000000000000000000000000000000000000', '\x', '1970-01-01 00:00:00');
