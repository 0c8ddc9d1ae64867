DROP INDEX conversations_channel_kind;
DROP INDEX conversations_with_files;
DROP INDEX conversations_urgency;
