ALTER TABLE messages DROP COLUMN sender_evidence;
ALTER TABLE messages DROP COLUMN sender_trust;
