-- Security events from others, and provisioning.
SELECT 1;
