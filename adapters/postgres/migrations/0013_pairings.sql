-- Pairing codes of devices.
SELECT 1;
