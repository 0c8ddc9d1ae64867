-- Since when a channel does not send, and which node last had something taken by it, and when: a node whose own line is cut
-- knows by that not to stop the others.
ALTER TABLE channel_gates ADD COLUMN opened_at TIMESTAMP;
ALTER TABLE channel_gates ADD COLUMN taken_at TIMESTAMP;
ALTER TABLE channel_gates ADD COLUMN taken_by TEXT;
