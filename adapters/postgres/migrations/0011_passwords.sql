-- Passwords.
SELECT 1;
