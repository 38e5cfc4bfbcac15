-- Everything that a script can make, one line per object; comments are left out. The caller's search path is public alone.
WITH schemas AS (
    SELECT oid, nspname
    FROM pg_namespace
    WHERE nspname NOT LIKE 'pg\_%' AND nspname <> 'information_schema'
),
relations AS (
    SELECT c.oid, c.relkind, c.relpersistence, CASE s.nspname WHEN 'public' THEN '' ELSE s.nspname || '.' END || c.relname AS name
    FROM pg_class c
    JOIN schemas s ON s.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
      AND NOT (s.nspname = 'public' AND c.relname IN ('schema_versions', 'schema_version_changes'))
),
lines AS (
    SELECT format('schema %s', nspname) AS line
    FROM schemas
    WHERE nspname <> 'public'
    UNION ALL
    SELECT format('extension %s in %s', e.extname, n.nspname)
    FROM pg_extension e
    JOIN pg_namespace n ON n.oid = e.extnamespace
    WHERE e.extname <> 'plpgsql'
    UNION ALL
    SELECT format('%s %s%s',
        CASE relkind WHEN 'r' THEN 'table' WHEN 'v' THEN 'view' WHEN 'S' THEN 'sequence' ELSE 'relation ' || relkind::text END,
        name,
        CASE relpersistence WHEN 'p' THEN '' ELSE ' persistence ' || relpersistence::text END)
    FROM relations
    UNION ALL
    -- The place among the columns that are there: a dropped column leaves a gap in attnum.
    SELECT format('column %s.%s at %s %s%s%s%s',
        r.name,
        a.attname,
        row_number() OVER (PARTITION BY r.oid ORDER BY a.attnum),
        format_type(a.atttypid, a.atttypmod),
        CASE WHEN a.attnotnull THEN ' not null' ELSE '' END,
        coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), ''),
        CASE WHEN a.attidentity <> '' OR a.attgenerated <> '' THEN format(' generated %s%s', a.attidentity, a.attgenerated) ELSE '' END)
    FROM pg_attribute a
    JOIN relations r ON r.oid = a.attrelid
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attnum > 0 AND NOT a.attisdropped AND r.relkind <> 'S'
    UNION ALL
    -- Since version 18 a NOT NULL is a constraint too; the column says it already.
    SELECT format('constraint %s on %s: %s%s', c.conname, r.name, pg_get_constraintdef(c.oid), CASE WHEN c.convalidated THEN '' ELSE ' (not validated)' END)
    FROM pg_constraint c
    JOIN relations r ON r.oid = c.conrelid
    WHERE c.contype <> 'n'
    UNION ALL
    SELECT format('index %s: %s%s', i.relname, pg_get_indexdef(x.indexrelid), CASE WHEN x.indisvalid AND x.indisready THEN '' ELSE ' (invalid)' END)
    FROM pg_index x
    JOIN relations r ON r.oid = x.indrelid
    JOIN pg_class i ON i.oid = x.indexrelid
    UNION ALL
    SELECT format('function %s: %s', p.oid::regprocedure, replace(pg_get_functiondef(p.oid), E'\n', '\n'))
    FROM pg_proc p
    JOIN schemas s ON s.oid = p.pronamespace
    WHERE p.prokind IN ('f', 'p')
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
    UNION ALL
    SELECT format('trigger %s on %s (%s): %s', t.tgname, r.name, t.tgenabled, pg_get_triggerdef(t.oid))
    FROM pg_trigger t
    JOIN relations r ON r.oid = t.tgrelid
    WHERE NOT t.tgisinternal
    UNION ALL
    SELECT format('type %s %s', t.typtype, t.oid::regtype)
    FROM pg_type t
    JOIN schemas s ON s.oid = t.typnamespace
    WHERE t.typtype IN ('e', 'd', 'r')
)
SELECT line
FROM lines
ORDER BY line COLLATE "C"
