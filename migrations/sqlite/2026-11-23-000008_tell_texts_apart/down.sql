ALTER TABLE correspondents DROP COLUMN owner_doubt_at;
ALTER TABLE alerts DROP COLUMN two_way;
DROP TABLE listings;
DROP TABLE number_faults;
DROP TABLE text_parts;
DROP TABLE replay_keys;
DROP TABLE provider_blocks;
