-- When a number may have a new owner, what it texts next is of somebody else: the old row stays with its conversations, and a
-- new one takes its place.
ALTER TABLE correspondents ADD COLUMN succeeded_at TIMESTAMP;
DROP INDEX correspondents_match_key;
CREATE UNIQUE INDEX correspondents_match_key ON correspondents (match_key) WHERE succeeded_at IS NULL;
CREATE INDEX correspondents_ever ON correspondents (match_key);
CREATE INDEX correspondents_doubted ON correspondents (match_key) WHERE owner_doubt_at IS NOT NULL;

-- When they last asked for it, by the provider's clock where it tells: an older START does not lift it.
ALTER TABLE suppressions ADD COLUMN last_asked_at TIMESTAMP;
UPDATE suppressions SET last_asked_at = created_at;
