-- Security events to others.
SELECT 1;
