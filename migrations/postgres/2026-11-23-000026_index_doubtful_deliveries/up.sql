-- The few hand-overs whose fate is unknown, apart from the many that no carrier told of: an alert's page asks for them at each change.
CREATE INDEX deliveries_doubtful ON deliveries (alert_id, channel_kind) WHERE status = 'unconfirmed' AND COALESCE(error_code, '') <> 'no_receipt';
