DROP TABLE exports;
DROP TABLE working_copies;
DROP TABLE exhibits;
DROP TABLE audit_heads;
DROP INDEX audit_log_unsealed;
ALTER TABLE audit_log DROP COLUMN sealed_at;
