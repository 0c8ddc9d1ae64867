-- How far a mail's sender is who it says: found when it came in, since keys and verdicts are gone later.
ALTER TABLE messages ADD COLUMN sender_trust TEXT;
ALTER TABLE messages ADD COLUMN sender_evidence TEXT;
