-- name: role_standing
-- Of the role that asks: may it change what is append-only, by a right (over the table or a column), as any role that it
-- could SET ROLE to, as owner or superuser; or get there by granting itself roles, or by the server's own files?
SELECT current_user AS role, bool_or(
    pg_has_role(relowner, 'MEMBER') OR EXISTS (
        SELECT 1 FROM pg_roles WHERE pg_has_role(pg_roles.oid, 'MEMBER') AND (
            has_table_privilege(pg_roles.oid, table_id, 'UPDATE, DELETE, TRUNCATE, TRIGGER')
            OR has_any_column_privilege(pg_roles.oid, table_id, 'UPDATE')
            OR rolcreaterole
            OR rolname IN ('pg_write_all_data', 'pg_write_server_files', 'pg_execute_server_program')
        )
    )
) AS changes_history
FROM (
    SELECT DISTINCT tgrelid AS table_id, relowner FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
    WHERE tgfoid = 'refuse_change_of_history'::regproc
) AS append_only

-- name: role_exists
SELECT 1 AS found FROM pg_roles WHERE rolname = %(role)s

-- name: role_lacks
-- Tables that a role cannot read, or whose append-only history it could change: either means that grants are due.
SELECT count(*) AS lacking
FROM pg_class LEFT JOIN (
    SELECT DISTINCT tgrelid FROM pg_trigger WHERE tgfoid = 'refuse_change_of_history'::regproc
) AS append_only ON tgrelid = pg_class.oid
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v') AND (
    NOT has_table_privilege(%(role)s, pg_class.oid, 'SELECT')
    OR (tgrelid IS NOT NULL AND (NOT has_table_privilege(%(role)s, pg_class.oid, 'INSERT')
        OR has_table_privilege(%(role)s, pg_class.oid, 'UPDATE, DELETE, TRUNCATE')
        OR has_any_column_privilege(%(role)s, pg_class.oid, 'UPDATE')))
    OR (tgrelid IS NULL AND relkind = 'r' AND relname <> 'schema_migrations'
        AND NOT has_table_privilege(%(role)s, pg_class.oid, 'DELETE'))
)

-- name: role_tables
SELECT relname AS name, relname = 'schema_migrations' OR relkind = 'v' AS read_only, EXISTS (
    SELECT 1 FROM pg_trigger WHERE tgrelid = pg_class.oid AND tgfoid = 'refuse_change_of_history'::regproc
) AS append_only
FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v')
