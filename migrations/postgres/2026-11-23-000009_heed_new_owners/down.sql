ALTER TABLE suppressions DROP COLUMN last_asked_at;
DROP INDEX correspondents_doubted;
DROP INDEX correspondents_ever;
DROP INDEX correspondents_match_key;
-- The table has room for one of each key: those who were succeeded keep theirs with a tail.
UPDATE correspondents SET match_key = match_key || int8send(id) WHERE succeeded_at IS NOT NULL;
ALTER TABLE correspondents DROP COLUMN succeeded_at;
CREATE UNIQUE INDEX correspondents_match_key ON correspondents (match_key);
