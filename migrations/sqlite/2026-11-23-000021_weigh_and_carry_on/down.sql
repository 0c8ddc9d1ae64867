UPDATE conversations SET place = 400000000000000 - place + 259200000
    WHERE status = 'open' AND urgency = 'life' AND due_at IS NULL AND place < 100000000000000;
ALTER TABLE urgencies DROP COLUMN level;
DROP TABLE alert_closings;
DROP TABLE thrives;
