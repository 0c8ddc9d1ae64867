ALTER TABLE conversations RESET (autovacuum_vacuum_scale_factor, autovacuum_analyze_scale_factor);
ALTER TABLE pair_holds RESET (autovacuum_vacuum_scale_factor);
ALTER TABLE envelope_keys RESET (autovacuum_vacuum_scale_factor, autovacuum_vacuum_insert_scale_factor);
ALTER TABLE alerts RESET (autovacuum_vacuum_threshold, autovacuum_vacuum_scale_factor);
ALTER TABLE mailboxes RESET (autovacuum_vacuum_threshold, autovacuum_vacuum_scale_factor);

DO $$
DECLARE
    kept RECORD;
    found RECORD;
    definition TEXT;
    definitions TEXT[];
BEGIN
    FOR kept IN SELECT * FROM (VALUES ('deliveries', 'token, source_id', 'token'), ('attempts', '', ''), ('envelopes', '', ''), ('receipts', '', ''))
        AS tables (whole, keyed, bare)
    LOOP
        definitions := ARRAY[]::TEXT[];
        FOR found IN SELECT pg_get_indexdef(x.indexrelid) AS text FROM pg_index x
            WHERE x.indrelid = kept.whole::regclass AND NOT x.indisprimary ORDER BY x.indexrelid
        LOOP
            definitions := definitions || replace(replace(found.text, ' ON ONLY ', ' ON '), '(' || kept.keyed || ')', '(' || kept.bare || ')');
        END LOOP;
        EXECUTE format('ALTER TABLE %I RENAME TO %I', kept.whole, kept.whole || '_split');
        EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', kept.whole, kept.whole || '_split');
        EXECUTE format('INSERT INTO %I SELECT * FROM %I', kept.whole, kept.whole || '_split');
        EXECUTE format('DROP TABLE %I', kept.whole || '_split');
        EXECUTE format('ALTER TABLE %I ADD PRIMARY KEY (id)', kept.whole);
        FOREACH definition IN ARRAY definitions LOOP
            EXECUTE definition;
        END LOOP;
    END LOOP;
END $$;

DROP FUNCTION add_month(TEXT, TEXT, TIMESTAMP);
DROP FUNCTION tend_month(TEXT);
