DROP INDEX deliveries_doubtful;
