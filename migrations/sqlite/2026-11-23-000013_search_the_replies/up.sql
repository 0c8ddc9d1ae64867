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
    id INTEGER PRIMARY KEY NOT NULL,
    message_id BIGINT NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    words TEXT NOT NULL,
    joined TEXT NOT NULL
);
CREATE INDEX search_entries_message_id ON search_entries (message_id);

-- Where each word stands. Words are folded before they come here, so that both databases find the same.
CREATE VIRTUAL TABLE search_words USING fts5 (words, joined, content = 'search_entries', content_rowid = 'id', columnsize = 0, tokenize = 'ascii');
-- What is erased leaves no trace in the index either.
INSERT INTO search_words (search_words, rank) VALUES ('secure-delete', 1);
CREATE TRIGGER search_entries_added AFTER INSERT ON search_entries BEGIN
    INSERT INTO search_words (rowid, words, joined) VALUES (new.id, new.words, new.joined);
END;
CREATE TRIGGER search_entries_gone AFTER DELETE ON search_entries BEGIN
    INSERT INTO search_words (search_words, rowid, words, joined) VALUES ('delete', old.id, old.words, old.joined);
END;
