DROP INDEX addresses_bad_at;
DROP TABLE notices;
DROP TABLE bounce_scores;
