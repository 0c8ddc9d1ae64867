DROP TABLE outcome_exclusions;
DROP TABLE outcomes;
DROP TABLE undo_parts;
DROP TABLE undos;
DROP TABLE handovers;
DROP TABLE canned_answers;
DROP TABLE drafts;
DROP TABLE presences;
