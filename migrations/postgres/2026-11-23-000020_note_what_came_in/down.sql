DROP TABLE export_messages;
ALTER TABLE envelopes DROP COLUMN noted_in;
ALTER TABLE envelopes DROP COLUMN salt;
