-- How often mail to an address came back lately, and what an administrator must know.
CREATE TABLE bounce_scores (
    match_key BLOB PRIMARY KEY NOT NULL,
    score DOUBLE NOT NULL,
    last_at TIMESTAMP NOT NULL
);

CREATE TABLE notices (
    id INTEGER PRIMARY KEY NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail TEXT NOT NULL,
    times BIGINT NOT NULL,
    first_at TIMESTAMP NOT NULL,
    last_at TIMESTAMP NOT NULL,
    cleared_at TIMESTAMP
);
CREATE UNIQUE INDEX notices_kind ON notices (kind, subject);
CREATE INDEX notices_last_at ON notices (last_at);
CREATE INDEX addresses_bad_at ON addresses (bad_at);
