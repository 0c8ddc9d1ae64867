DROP TABLE conversation_moves;
