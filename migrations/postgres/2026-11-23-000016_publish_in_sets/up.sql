-- How many addresses were in the alert's areas at publishing, and how many copies the fan-out has queued: the sum of copies,
-- of those left out and of those still to come is always the first.
ALTER TABLE alerts ADD COLUMN audience_size BIGINT NOT NULL DEFAULT 0;
ALTER TABLE alerts ADD COLUMN queued_sms BIGINT NOT NULL DEFAULT 0;
ALTER TABLE alerts ADD COLUMN queued_email BIGINT NOT NULL DEFAULT 0;
-- Why nothing more of it leaves: `paused`, `quiet` or `taken_back`; since when; and whether its deliveries do not all stand so yet.
ALTER TABLE alerts ADD COLUMN hold TEXT;
ALTER TABLE alerts ADD COLUMN held_at TIMESTAMP;
ALTER TABLE alerts ADD COLUMN unsettled BOOLEAN NOT NULL DEFAULT FALSE;
-- Not before; and why: `quiet` or `asked`.
ALTER TABLE alerts ADD COLUMN starts_at TIMESTAMP;
ALTER TABLE alerts ADD COLUMN starts_why TEXT;
UPDATE alerts SET
    queued_sms = (SELECT COUNT(*) FROM deliveries d WHERE d.alert_id = alerts.id AND d.purpose = 'alert' AND d.channel_kind = 'sms'),
    queued_email = (SELECT COUNT(*) FROM deliveries d WHERE d.alert_id = alerts.id AND d.purpose = 'alert' AND d.channel_kind = 'email');
UPDATE alerts SET audience_size =
    CASE WHEN fanned_out_at IS NULL AND expected_sms + expected_email > queued_sms + queued_email THEN expected_sms + expected_email
         ELSE queued_sms + queued_email END
    + COALESCE((SELECT SUM(e.count) FROM alert_exclusions e WHERE e.alert_id = alerts.id), 0);
-- What a claim passes over is looked up each time: there are few.
CREATE INDEX alerts_hold ON alerts (id) WHERE hold IS NOT NULL;
CREATE INDEX alerts_unsettled ON alerts (id) WHERE unsettled;
-- All that an alert's page counts stands in one index.
DROP INDEX deliveries_alert_id;
CREATE INDEX deliveries_alert_id ON deliveries (alert_id, purpose, status, channel_kind, channel);
-- An HMAC of what stands beside it: made when a mail is rendered, and when one comes back.
ALTER TABLE deliveries DROP COLUMN code;
