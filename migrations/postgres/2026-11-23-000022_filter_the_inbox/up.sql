-- A list that is narrowed to what is rare must not be looked for through every conversation there ever was.
CREATE INDEX conversations_urgency ON conversations (status, urgency, place, id) WHERE urgency <> 'none';
CREATE INDEX conversations_with_files ON conversations (status, place, id) WHERE attachments_count > 0;
CREATE INDEX conversations_channel_kind ON conversations (status, channel_kind, place, id);
