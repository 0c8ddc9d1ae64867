ALTER TABLE channel_gates DROP COLUMN taken_by;
ALTER TABLE channel_gates DROP COLUMN taken_at;
ALTER TABLE channel_gates DROP COLUMN opened_at;
