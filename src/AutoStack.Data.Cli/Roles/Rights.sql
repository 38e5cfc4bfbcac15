-- What scripts/roles.sql decides, one row for each: roles with their attributes, memberships and settings, owners, and the rights of the
-- roles and of everybody. $1 has the names of the roles, the owner first. Read before and after the script, in one transaction.
WITH ours AS (
    SELECT r.rolname::text AS name, r.*
    FROM pg_catalog.pg_roles r
    WHERE r.rolname::text = ANY ($1)
),
acl AS (
    SELECT 'database' AS kind, d.datname::text AS object, d.datdba AS owner, coalesce(d.datacl, acldefault('d', d.datdba)) AS acl
    FROM pg_catalog.pg_database d
    WHERE d.datname = current_database()
    UNION ALL
    SELECT 'schema', n.nspname::text, n.nspowner, coalesce(n.nspacl, acldefault('n', n.nspowner))
    FROM pg_catalog.pg_namespace n
    WHERE n.nspname = 'public'
    UNION ALL
    SELECT CASE c.relkind WHEN 'S' THEN 'sequence' ELSE 'table' END, c.relname::text, c.relowner,
        coalesce(c.relacl, acldefault(CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", c.relowner))
    FROM pg_catalog.pg_class c
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
    UNION ALL
    SELECT 'column ' || quote_ident(a.attname), c.relname::text, c.relowner, a.attacl
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND a.attacl IS NOT NULL
    UNION ALL
    SELECT 'function', p.oid::regprocedure::text, p.proowner, coalesce(p.proacl, acldefault('f', p.proowner))
    FROM pg_catalog.pg_proc p
    WHERE p.pronamespace IN ('public'::regnamespace, 'pg_catalog'::regnamespace)
    UNION ALL
    SELECT 'default', CASE d.defaclobjtype WHEN 'r' THEN 'tables' WHEN 'S' THEN 'sequences' WHEN 'f' THEN 'functions' WHEN 'T' THEN 'types'
            WHEN 'n' THEN 'schemas' ELSE 'large objects' END || coalesce(' in ' || n.nspname, '') || ' of ' || pg_get_userbyid(d.defaclrole),
        d.defaclrole, d.defaclacl
    FROM pg_catalog.pg_default_acl d
    LEFT JOIN pg_catalog.pg_namespace n ON n.oid = d.defaclnamespace
    UNION ALL
    -- Without a row of its own the owner's next function is everybody's.
    SELECT 'default', 'functions of ' || o.name, o.oid, acldefault('f', o.oid)
    FROM ours o
    WHERE o.name = $1[1] AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_default_acl d WHERE d.defaclrole = o.oid AND d.defaclnamespace = 0 AND d.defaclobjtype = 'f')
)
SELECT split_part(a.kind, ' ', 1), a.object, coalesce(o.name, 'PUBLIC'),
    e.privilege_type || CASE WHEN a.kind LIKE 'column %' THEN ' (' || substr(a.kind, 8) || ')' ELSE '' END
        || CASE WHEN e.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END
FROM acl a
CROSS JOIN LATERAL aclexplode(a.acl) e
LEFT JOIN ours o ON o.oid = e.grantee
WHERE e.grantee <> a.owner AND (e.grantee = 0 OR o.oid IS NOT NULL)
UNION
SELECT 'owner', 'table ' || c.relname, pg_get_userbyid(c.relowner)::text, 'OWNER'
FROM pg_catalog.pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
UNION
SELECT 'owner', 'function ' || p.oid::regprocedure, pg_get_userbyid(p.proowner)::text, 'OWNER'
FROM pg_catalog.pg_proc p
WHERE p.pronamespace = 'public'::regnamespace
UNION
SELECT 'role', o.name, o.name, t.attribute
FROM ours o
CROSS JOIN LATERAL (VALUES
    (TRUE, ''), (o.rolcanlogin, 'LOGIN'), (o.rolsuper, 'SUPERUSER'), (o.rolcreatedb, 'CREATEDB'), (o.rolcreaterole, 'CREATEROLE'),
    (o.rolreplication, 'REPLICATION'), (o.rolbypassrls, 'BYPASSRLS'), (NOT o.rolinherit, 'NOINHERIT'),
    (o.rolconnlimit <> -1, 'CONNECTION LIMIT ' || o.rolconnlimit)) t (has, attribute)
WHERE t.has
UNION
SELECT 'member', g.rolname::text, o.name, 'MEMBER'
FROM pg_catalog.pg_auth_members m
JOIN ours o ON o.oid = m.member
JOIN pg_catalog.pg_roles g ON g.oid = m.roleid
UNION
SELECT 'setting', split_part(c.setting, '=', 1), o.name, substr(c.setting, strpos(c.setting, '=') + 1)
FROM pg_catalog.pg_db_role_setting s
JOIN ours o ON o.oid = s.setrole
CROSS JOIN LATERAL unnest(s.setconfig) c (setting)
WHERE s.setdatabase = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = current_database())
