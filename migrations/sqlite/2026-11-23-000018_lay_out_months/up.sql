-- PostgreSQL keeps the tables that grow for ever by month. SQLite keeps them whole: what they hold is bounded (docs/scaling.md).
SELECT 1;
