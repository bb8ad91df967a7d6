-- Clients that take our tokens.
SELECT 1;
