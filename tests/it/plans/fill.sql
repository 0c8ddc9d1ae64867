-- Two years of a force, set-based. `:rows` deliveries; everything else in proportion. Ids are as domain/ids.rs makes them.
CREATE FUNCTION id_of(moment TIMESTAMP, n BIGINT) RETURNS BIGINT LANGUAGE sql IMMUTABLE AS
    $$ SELECT (((EXTRACT(EPOCH FROM moment) * 1000)::bigint - 1577836800000) << 22) + n $$;
CREATE TABLE filled AS SELECT m, date_trunc('month', timestamp ':now') - m * interval '1 month' AS month,
    -- This month's stand on its first day, earlier ones on their tenth.
    date_trunc('month', timestamp ':now') - m * interval '1 month' + CASE m WHEN 0 THEN interval '1 hour' ELSE interval '9 days' END AS moment
    FROM generate_series(0, 23) m;
SELECT add_month(whole, key, month) FROM filled,
    (VALUES ('deliveries', 'source_id'), ('attempts', 'delivery_id'), ('envelopes', 'id'), ('receipts', 'envelope_id')) AS t (whole, key);

INSERT INTO teams (id, name, created_at) SELECT n, 'Team ' || n, timestamp ':now' FROM generate_series(1, 40) n;
INSERT INTO officers (id, email, name, password_hash, role, team_id, created_at)
    SELECT n, 'pc' || n || '@force.example', 'PC ' || n, 'x', 'officer', 1 + n % 40, timestamp ':now' FROM generate_series(1, 400) n;
INSERT INTO areas (id, code, name, kind, created_at) SELECT n, 'X' || n, 'Area ' || n, 'sector', timestamp ':now' FROM generate_series(1, 200) n;
INSERT INTO residents (id, public_id, name, postcode, language, source, created_at)
    SELECT n, 'r' || n, 'Resident ' || n, 'DE1 3AA', 'en', 'website', timestamp ':now' FROM generate_series(1, :rows / 5) n;
INSERT INTO addresses (id, resident_id, kind, value, match_key, enabled, verified_at, created_at)
    SELECT n, n, 'phone', '+44' || n, sha256(int8send(n)), TRUE, timestamp ':now', timestamp ':now' FROM generate_series(1, :rows / 5) n;
INSERT INTO resident_areas (resident_id, area_id) SELECT n, 1 + n % 200 FROM generate_series(1, :rows / 5) n;
INSERT INTO alerts (id, reference, kind, urgency, title, status, version, owner_id, team_id, send_again_on_doubt, audience_mark, audience_cursor,
        expected_sms, expected_email, created_at, published_at, fanned_out_at)
    SELECT id_of(moment, n * 1000), 'R' || m || 'X' || n, 'appeal', 'routine', 'Alert ' || n, CASE m WHEN 0 THEN 'live' ELSE 'closed' END, 1,
        1 + (m * 10 + n) % 400, 1 + (m * 10 + n) % 40, FALSE, 0, 0, 1, 0, moment, moment, moment
    FROM filled, generate_series(1, 10) n;
INSERT INTO deliveries (id, purpose, source_id, alert_id, match_key, address, channel_kind, channel, sender, priority, status, token,
        provider_message_id, rank, attempts, next_attempt_at, sending_at, accepted_at, finished_at, created_at)
    SELECT id_of(moment, 100000 + n), 'alert', id_of(moment, (1 + n % 10) * 1000), id_of(moment, (1 + n % 10) * 1000), sha256(int8send(1 + (n / 10) % (:rows / 5))),
        '+44' || (n / 10), 'sms', CASE WHEN m = 0 THEN 'bulk' ELSE 'sms' END, '+4477009000' || (10 + n % 10), 30,
        CASE WHEN m = 0 AND n % 4 = 0 THEN 'queued' ELSE 'delivered' END, md5('t' || m || ' ' || n),
        CASE WHEN m = 0 AND n % 4 = 0 THEN NULL ELSE 'SM' || md5(m || ' ' || n) END, CASE WHEN m = 0 AND n % 4 = 0 THEN 0 ELSE 60 END, 1,
        moment, moment, moment, CASE WHEN m = 0 AND n % 4 = 0 THEN NULL ELSE moment + n * interval '1 second' / 1000 END, moment
    FROM filled, generate_series(1, :rows / 24) n;
INSERT INTO attempts (id, delivery_id, number, outcome, finished_at)
    SELECT id_of(moment, 100000 + n), id_of(moment, 100000 + n), 1, 'accepted', moment FROM filled, generate_series(1, :rows / 24) n;
INSERT INTO envelopes (id, channel, kind, dedupe_key, match_key, lane, target, headers, body, body_bytes, sha256, status, possible_duplicate, stopped, tries,
        received_at, processed_at)
    SELECT id_of(moment, 500000 + n), 'sms', 'sms_status', 'd' || m || ' ' || n, NULL, n % 64, '/webhooks', '', 'x', 1, sha256('x'), 'processed', FALSE, FALSE, 1,
        moment, moment
    -- Older ones would be past their time.
    FROM filled, generate_series(1, :rows / 24) n WHERE m < 12;
INSERT INTO envelope_keys (channel, kind, dedupe_key, envelope_id, created_at)
    SELECT 'sms', 'sms_status', 'd' || m || ' ' || n, id_of(moment, 500000 + n), moment FROM filled, generate_series(1, :rows / 24) n WHERE m < 2;
INSERT INTO receipts (id, envelope_id, ordinal, delivery_id, provider_message_id, provider_status, status, received_at)
    SELECT id_of(moment, 500000 + n), id_of(moment, 500000 + n), 0, CASE WHEN n % 50 = 0 THEN NULL ELSE id_of(moment, 100000 + n) END,
        'SM' || md5(m || ' ' || n), 'delivered', 'delivered', moment
    FROM filled, generate_series(1, :rows / 24) n WHERE m < 12;
INSERT INTO pair_holds (our_number, match_key, alert_id, used_at) SELECT '+447700900010', sha256(int8send(n)), 1, timestamp ':now' FROM generate_series(1, :rows / 10) n;
INSERT INTO suppressions (id, match_key, channel, scope, reason, evidence, created_at)
    SELECT n, sha256(int8send(:rows / 5 - n)), 'sms', 'all', 'stop', 'texted STOP', timestamp ':now' FROM generate_series(1, :rows / 50) n;
INSERT INTO correspondents (id, public_id, match_key, kind, address, created_at)
    SELECT n, 'k' || n, sha256(int8send(n)), 'phone', '+44' || n, timestamp ':now' FROM generate_series(1, :rows / 20) n;
INSERT INTO conversations (id, public_id, alert_id, correspondent_id, status, certainty, owner_id, team_id, channel, channel_kind, our_address, third_party,
        unread, preview, messages_count, attachments_count, candidates, version, first_human_at, last_message_at, created_at, closed_at, place)
    SELECT id_of(moment, 600000 + n), 'c' || m || 'x' || n, id_of(moment, (1 + n % 10) * 1000), 1 + (n / 10) % (:rows / 20),
        CASE WHEN m = 0 OR n % 20 = 0 THEN 'open' ELSE 'closed' END, 'certain', 1 + (m * 10 + n % 10) % 400, 1 + (m * 10 + n % 10) % 40, 'sms', 'sms',
        '+447700900010', FALSE, m = 0, 'I saw it', 2, 0, '[]', 2, moment, moment, moment, CASE WHEN m = 0 OR n % 20 = 0 THEN NULL ELSE moment END,
        400000000000000 - (EXTRACT(EPOCH FROM moment) * 1000)::bigint + n
    FROM filled, generate_series(1, :rows / 480) n;
INSERT INTO messages (id, public_id, conversation_id, direction, channel, channel_kind, class, text, folded, envelope_id, ordinal, method, confidence, evidence,
        third_party, possible_duplicate, received_at)
    SELECT id_of(moment, 700000 + n * 2 + k), 'm' || m || 'x' || n || 'x' || k, id_of(moment, 600000 + n), CASE k WHEN 0 THEN 'in' ELSE 'out' END, 'sms', 'sms',
        'reply', 'I saw it by the ' || (ARRAY['church', 'bridge', 'school', 'station'])[1 + n % 4] || ' at ' || n, '', id_of(moment, 500000 + n * 2 + k), 0,
        'pair', 'certain', 'the only alert', FALSE, FALSE, moment + n * interval '1 second'
    FROM filled, generate_series(1, :rows / 480) n, generate_series(0, 1) k;
INSERT INTO search_entries (id, message_id, kind, words, joined) SELECT id, id, 'message', lower(text), '' FROM messages;
INSERT INTO search_words (id, lexemes) SELECT id, to_tsvector('simple', words) FROM search_entries;
INSERT INTO findings (message_id, start, length, kind, value) SELECT id, 0, 7, 'plate', 'AB' || (id >> 1) % 5000 || 'CD' FROM messages WHERE direction = 'in';
INSERT INTO events (id, kind, alert_id, conversation_id, channel_kind, created_at)
    SELECT id_of(moment, 800000 + n), 'reply_in', id_of(moment, (1 + n % 10) * 1000), id_of(moment, 600000 + n), 'sms', moment FROM filled, generate_series(1, :rows / 240) n;
INSERT INTO audit_log (id, actor, officer_id, action, subject_kind, subject_id, detail, created_at, sealed_seq)
    SELECT id_of(moment, 900000 + n), 'officer', 1 + n % 400, 'conversation.view', 'conversation', id_of(moment, 600000 + n), '{}', moment, -(m * 1000000000::bigint + n)
    FROM filled, generate_series(1, :rows / 240) n;
-- The index of words is whole: nothing is to be taken in again.
INSERT INTO settings (key, value) VALUES ('search_filled_down_to', '0');
ANALYZE;
