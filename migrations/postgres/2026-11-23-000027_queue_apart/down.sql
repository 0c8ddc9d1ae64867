DROP INDEX deliveries_later;
DROP INDEX deliveries_claim;
ALTER TABLE deliveries DROP COLUMN queue;
CREATE INDEX deliveries_claim ON deliveries (channel, priority, id) WHERE status IN ('queued', 'leased');
