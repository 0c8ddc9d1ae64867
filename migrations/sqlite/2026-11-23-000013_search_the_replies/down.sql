DROP TABLE search_words;
DROP TABLE search_entries;
DROP TABLE findings;
DELETE FROM settings WHERE key = 'search_filled_down_to';
