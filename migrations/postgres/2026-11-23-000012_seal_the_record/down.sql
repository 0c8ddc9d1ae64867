DROP TABLE audit_heads;
DROP INDEX audit_log_unsealed;
ALTER TABLE audit_log DROP COLUMN sealed_at;
