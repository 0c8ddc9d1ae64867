DROP INDEX attempts_sent_again;
