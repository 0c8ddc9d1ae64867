-- Each channel has several queues: the common one (''), one for what waits for a later attempt ('later'), and one for each domain
-- that takes few mails at once ('@gmail.com'). A claim reads those from which something may leave, and steps over nothing else.
ALTER TABLE deliveries ADD COLUMN queue TEXT NOT NULL DEFAULT '';
UPDATE deliveries SET queue = 'later' WHERE status = 'queued' AND next_attempt_at > created_at;
DROP INDEX deliveries_claim;
CREATE INDEX deliveries_claim ON deliveries (channel, queue, priority, id) WHERE status IN ('queued', 'leased');
CREATE INDEX deliveries_later ON deliveries (channel, next_attempt_at) WHERE status = 'queued' AND queue = 'later';
