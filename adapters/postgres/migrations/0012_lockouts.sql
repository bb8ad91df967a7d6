-- Lockouts and rate limits.
SELECT 1;
