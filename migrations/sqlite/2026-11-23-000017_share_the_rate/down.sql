DROP TABLE channel_gates;
ALTER TABLE deliveries DROP COLUMN expires_at;
