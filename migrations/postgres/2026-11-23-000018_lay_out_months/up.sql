-- What grows for ever is kept by month: deliveries by the time of what made them (source_id), their attempts by the time of the
-- delivery, envelopes by their own, receipts by their envelope's. Ids tell the time (domain/ids.rs). So a year's sending can go by
-- dropping tables, an index is as deep as a month is large, and vacuum never goes over what no longer changes.
--
-- Why deliveries go by source_id and not by id: (purpose, source_id, address) must stay unique, and a unique index of a
-- partitioned table must hold the column that it is partitioned by. What asks by id alone looks into every month: for 100 ids
-- over 28 months that was 1.6 ms beside 11 ms for the update itself, since an id that is not there leads to the last page of
-- each index, which is in memory. What asks by words that are scattered (a provider's id, a match key) names a bound.
--
-- A month is made some months ahead by the workers and by `huecry migrate`. Rows of a month that was not made go to `…_default`,
-- which raises an alarm; making the month moves them there.
CREATE FUNCTION add_month(whole TEXT, key TEXT, month TIMESTAMP) RETURNS BOOLEAN LANGUAGE plpgsql AS $$
DECLARE
    part TEXT := whole || to_char(month, '_YYYY_MM');
    low BIGINT := ((EXTRACT(EPOCH FROM month) * 1000)::BIGINT - 1577836800000) << 22;
    high BIGINT := ((EXTRACT(EPOCH FROM month + INTERVAL '1 month') * 1000)::BIGINT - 1577836800000) << 22;
BEGIN
    IF to_regclass(quote_ident(part)) IS NOT NULL THEN
        RETURN FALSE;
    END IF;
    EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING INDEXES)', part, whole);
    PERFORM tend_month(part);
    EXECUTE format('WITH early AS (DELETE FROM %I WHERE %I >= %s AND %I < %s RETURNING *) INSERT INTO %I SELECT * FROM early',
        whole || '_default', key, low, key, high, part);
    EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%s) TO (%s)', whole, part, low, high);
    RETURN TRUE;
END $$;

-- Each row of a month is written several times within minutes and then never again. By default vacuum waits until a fifth of
-- the table has changed, which in a month of ten million is two million dead rows for every claim to step over: here it comes
-- after 2 in 100 (and 10,000), does not pause (the claim waits for it, not the other way round), and freezes a month that is
-- only added to before it grows cold, so that nothing has to be gone over again years later.
CREATE FUNCTION tend_month(part TEXT) RETURNS VOID LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TABLE %I SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 10000, '
        'autovacuum_vacuum_insert_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0)', part);
END $$;

DO $$
DECLARE
    kept RECORD;
    found RECORD;
    definition TEXT;
    definitions TEXT[];
    month TIMESTAMP;
BEGIN
    FOR kept IN SELECT * FROM (VALUES ('deliveries', 'source_id', 'id, source_id'), ('attempts', 'delivery_id', 'id, delivery_id'),
        ('envelopes', 'id', 'id'), ('receipts', 'envelope_id', 'id, envelope_id')) AS tables (whole, key, ids)
    LOOP
        definitions := ARRAY[]::TEXT[];
        FOR found IN SELECT pg_get_indexdef(x.indexrelid) AS text, x.indisunique AS once,
                EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = x.indrelid AND a.attname = kept.key AND a.attnum = ANY(x.indkey)) AS keyed
            FROM pg_index x WHERE x.indrelid = kept.whole::regclass AND NOT x.indisprimary ORDER BY x.indexrelid
        LOOP
            -- Unique within the month, where the key is no part of it: `token` is 80 random bits.
            definition := CASE WHEN found.once AND NOT found.keyed THEN regexp_replace(found.text, '\)$', ', ' || kept.key || ')') ELSE found.text END;
            definitions := definitions || definition;
        END LOOP;
        EXECUTE format('ALTER TABLE %I RENAME TO %I', kept.whole, kept.whole || '_unsplit');
        EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS) PARTITION BY RANGE (%I)', kept.whole, kept.whole || '_unsplit', kept.key);
        EXECUTE format('CREATE TABLE %I PARTITION OF %I DEFAULT', kept.whole || '_default', kept.whole);
        FOR month IN EXECUTE format('SELECT DISTINCT date_trunc(''month'', to_timestamp(((%I >> 22) + 1577836800000) / 1000.0) AT TIME ZONE ''utc'') FROM %I '
            'WHERE %I >= 0 UNION SELECT date_trunc(''month'', now() AT TIME ZONE ''utc'')', kept.key, kept.whole || '_unsplit', kept.key)
        LOOP
            PERFORM add_month(kept.whole, kept.key, month);
        END LOOP;
        EXECUTE format('INSERT INTO %I SELECT * FROM %I', kept.whole, kept.whole || '_unsplit');
        EXECUTE format('DROP TABLE %I', kept.whole || '_unsplit');
        EXECUTE format('ALTER TABLE %I ADD PRIMARY KEY (%s)', kept.whole, kept.ids);
        FOREACH definition IN ARRAY definitions LOOP
            EXECUTE definition;
        END LOOP;
        EXECUTE format('ANALYZE %I', kept.whole);
    END LOOP;
END $$;

-- Rows that change at every message, in tables that are mostly still: the inbox reads these through their indexes all day.
ALTER TABLE conversations SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);
ALTER TABLE pair_holds SET (autovacuum_vacuum_scale_factor = 0.02);
-- A key lives 35 days: as many go as come.
ALTER TABLE envelope_keys SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_insert_scale_factor = 0.1);
-- A few rows that are written without end.
ALTER TABLE alerts SET (autovacuum_vacuum_threshold = 200, autovacuum_vacuum_scale_factor = 0.0);
ALTER TABLE mailboxes SET (autovacuum_vacuum_threshold = 200, autovacuum_vacuum_scale_factor = 0.0);
