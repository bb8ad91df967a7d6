-- The service runs as a role that can append to history and never change it. Such a role may not lock a table against
-- other writers (before PostgreSQL 17 that takes UPDATE or DELETE), which serialising them needs: this does it for it.
CREATE FUNCTION lock_stored_events() RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS 'LOCK TABLE public.stored_events IN EXCLUSIVE MODE';

REVOKE EXECUTE ON FUNCTION lock_stored_events() FROM PUBLIC;
