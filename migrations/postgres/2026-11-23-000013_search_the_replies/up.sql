-- What was recognised in each message, by one way of writing it.
CREATE TABLE findings (
    message_id BIGINT NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
    start BIGINT NOT NULL,
    length BIGINT NOT NULL,
    kind TEXT NOT NULL,
    value TEXT NOT NULL,
    perhaps TEXT,
    PRIMARY KEY (message_id, start)
);
CREATE INDEX findings_value ON findings (kind, value, message_id);

-- What search reads: the folded words of a message, a note or a file's name. The id is that of the message or the file.
CREATE TABLE search_entries (
    id BIGINT PRIMARY KEY NOT NULL,
    message_id BIGINT NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    words TEXT NOT NULL,
    joined TEXT NOT NULL
);
CREATE INDEX search_entries_message_id ON search_entries (message_id);

-- Where each word stands. Words are folded before they come here, so that both databases find the same.
CREATE TABLE search_words (
    id BIGINT PRIMARY KEY NOT NULL REFERENCES search_entries (id) ON DELETE CASCADE,
    lexemes TSVECTOR NOT NULL
);
-- A short list of what is not in the index yet: it is read through by every search.
CREATE INDEX search_words_lexemes ON search_words USING GIN (lexemes) WITH (gin_pending_list_limit = 512);
