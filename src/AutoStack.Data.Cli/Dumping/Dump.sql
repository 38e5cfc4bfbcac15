-- The schema as statements: the place among the kinds, the name, the text. Objects of PostgreSQL and of extensions are left out.
WITH own AS (
    SELECT n.oid, n.nspname
    FROM pg_namespace n
    WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
),
of_extensions AS (
    SELECT d.classid, d.objid
    FROM pg_depend d
    WHERE d.deptype = 'e'
),
relations AS (
    SELECT c.*, format('%I.%I', n.nspname, c.relname) AS name
    FROM pg_class c
    JOIN own n ON n.oid = c.relnamespace
    WHERE ('pg_class'::regclass, c.oid) NOT IN (SELECT e.classid, e.objid FROM of_extensions e)
),
types AS (
    SELECT t.*, format('%I.%I', n.nspname, t.typname) AS name
    FROM pg_type t
    JOIN own n ON n.oid = t.typnamespace
    WHERE ('pg_type'::regclass, t.oid) NOT IN (SELECT e.classid, e.objid FROM of_extensions e)
),
functions AS (
    SELECT p.*, format('%I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)) AS name
    FROM pg_proc p
    JOIN own n ON n.oid = p.pronamespace
    WHERE ('pg_proc'::regclass, p.oid) NOT IN (SELECT e.classid, e.objid FROM of_extensions e)
        -- The constructors of range types.
        AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'i')
),
columns AS (
    SELECT a.attrelid, string_agg(
        format('    %I %s', a.attname, format_type(a.atttypid, a.atttypmod))
            || CASE WHEN a.attcollation NOT IN (0, t.typcollation) THEN ' COLLATE ' || a.attcollation::regcollation ELSE '' END
            || CASE
                WHEN a.attgenerated <> '' THEN format(' GENERATED ALWAYS AS (%s) %s', pg_get_expr(d.adbin, d.adrelid),
                    CASE a.attgenerated WHEN 's' THEN 'STORED' ELSE 'VIRTUAL' END)
                WHEN a.attidentity <> '' THEN format(' GENERATED %s AS IDENTITY',
                    CASE a.attidentity WHEN 'a' THEN 'ALWAYS' ELSE 'BY DEFAULT' END)
                WHEN d.adbin IS NOT NULL THEN ' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid)
                ELSE ''
            END
            || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END,
        E',\n' ORDER BY a.attnum) AS text
    FROM pg_attribute a
    JOIN pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attnum > 0 AND NOT a.attisdropped
    GROUP BY a.attrelid
),
-- The triggers of a constraint have names with numbers of their own, by which no statement could disable them in another database.
definitions AS (
    SELECT c.oid, pg_get_constraintdef(c.oid) || CASE
        WHEN EXISTS (SELECT FROM pg_trigger g WHERE g.tgconstraint = c.oid AND g.tgenabled IN ('D', 'R')) THEN ' /* triggers disabled */'
        ELSE ''
    END AS text
    FROM pg_constraint c
),
constraints AS (
    SELECT c.conrelid, string_agg(
        format('    CONSTRAINT %I %s', c.conname, d.text),
        E',\n' ORDER BY c.contype = 'p' DESC, c.contype::text COLLATE "C", c.conname::text COLLATE "C") AS text
    FROM pg_constraint c
    JOIN definitions d ON d.oid = c.oid
    WHERE c.conrelid <> 0 AND (c.contype IN ('p', 'u', 'x', 'c') OR (c.contype = 'n' AND NOT c.convalidated))
        AND (c.conislocal OR c.coninhcount = 0)
    GROUP BY c.conrelid
),
operators AS (
    SELECT o.*, format('%I.%s', n.nspname, o.oprname) AS name
    FROM pg_operator o
    JOIN pg_namespace n ON n.oid = o.oprnamespace
),
own_columns AS (
    SELECT a.*, c.name, c.relkind, t.typstorage
    FROM relations c
    JOIN pg_attribute a ON a.attrelid = c.oid
    JOIN pg_type t ON t.oid = a.atttypid
    WHERE a.attnum > 0 AND NOT a.attisdropped
)
SELECT 1, quote_ident(o.nspname), format('CREATE SCHEMA %I', o.nspname)
FROM own o
WHERE o.nspname <> 'public' AND ('pg_namespace'::regclass, o.oid) NOT IN (SELECT e.classid, e.objid FROM of_extensions e)
UNION ALL
SELECT 2, quote_ident(e.extname), format('CREATE EXTENSION %I WITH SCHEMA %I', e.extname, n.nspname)
FROM pg_extension e
JOIN pg_namespace n ON n.oid = e.extnamespace
WHERE e.extname <> 'plpgsql'
UNION ALL
SELECT 3, t.name, format(E'CREATE TYPE %s AS ENUM (\n%s\n)', t.name,
    string_agg('    ' || quote_literal(l.enumlabel), E',\n' ORDER BY l.enumsortorder))
FROM types t
JOIN pg_enum l ON l.enumtypid = t.oid
GROUP BY t.name
UNION ALL
SELECT 3, t.name, format('CREATE DOMAIN %s AS %s', t.name, format_type(t.typbasetype, t.typtypmod))
    || coalesce(' DEFAULT ' || t.typdefault, '') || CASE WHEN t.typnotnull THEN ' NOT NULL' ELSE '' END
    || coalesce((
        SELECT string_agg(
            format(E'\n    CONSTRAINT %I %s', c.conname, pg_get_constraintdef(c.oid)), '' ORDER BY c.conname::text COLLATE "C")
        FROM pg_constraint c
        WHERE c.contypid = t.oid AND c.contype = 'c'), '')
FROM types t
WHERE t.typtype = 'd'
UNION ALL
SELECT 3, t.name, format('CREATE TYPE %s AS RANGE (SUBTYPE = %s)', t.name, format_type(r.rngsubtype, NULL))
FROM types t
JOIN pg_range r ON r.rngtypid = t.oid
UNION ALL
SELECT 3, c.name, format(E'CREATE TYPE %s AS (\n%s\n)', c.name, l.text)
FROM relations c
JOIN columns l ON l.attrelid = c.oid
WHERE c.relkind = 'c'
UNION ALL
SELECT 3, format('%I.%I', n.nspname, d.dictname), format('CREATE TEXT SEARCH DICTIONARY %I.%I (TEMPLATE = %I.%I%s)',
    n.nspname, d.dictname, s.nspname, t.tmplname, coalesce(', ' || d.dictinitoption, ''))
FROM pg_ts_dict d
JOIN own n ON n.oid = d.dictnamespace
JOIN pg_ts_template t ON t.oid = d.dicttemplate
JOIN pg_namespace s ON s.oid = t.tmplnamespace
WHERE ('pg_ts_dict'::regclass, d.oid) NOT IN (SELECT e.classid, e.objid FROM of_extensions e)
UNION ALL
SELECT 4, format('%I.%I', n.nspname, c.cfgname),
    format('CREATE TEXT SEARCH CONFIGURATION %I.%I (PARSER = %I.%I)', n.nspname, c.cfgname, s.nspname, p.prsname)
    || coalesce((
        SELECT string_agg(
            format(E';\nALTER TEXT SEARCH CONFIGURATION %I.%I ADD MAPPING FOR %I WITH %s', n.nspname, c.cfgname, t.alias, m.dictionaries),
            '' ORDER BY t.alias COLLATE "C")
        FROM (
            SELECT m.maptokentype, string_agg(m.mapdict::regdictionary::text, ', ' ORDER BY m.mapseqno) AS dictionaries
            FROM pg_ts_config_map m
            WHERE m.mapcfg = c.oid
            GROUP BY m.maptokentype
        ) m
        JOIN ts_token_type(c.cfgparser) t ON t.tokid = m.maptokentype), '')
FROM pg_ts_config c
JOIN own n ON n.oid = c.cfgnamespace
JOIN pg_ts_parser p ON p.oid = c.cfgparser
JOIN pg_namespace s ON s.oid = p.prsnamespace
WHERE ('pg_ts_config'::regclass, c.oid) NOT IN (SELECT e.classid, e.objid FROM of_extensions e)
UNION ALL
SELECT 4, c.name, format('CREATE SEQUENCE %s AS %s START %s INCREMENT %s MINVALUE %s MAXVALUE %s CACHE %s%s%s',
    c.name, format_type(s.seqtypid, NULL), s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache,
    CASE WHEN s.seqcycle THEN ' CYCLE' ELSE '' END,
    (SELECT format(' OWNED BY %s.%I', o.name, a.attname)
        FROM pg_depend d
        JOIN relations o ON o.oid = d.refobjid
        JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
        WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'a'))
FROM relations c
JOIN pg_sequence s ON s.seqrelid = c.oid
WHERE NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'i')
UNION ALL
SELECT 5, c.name, format(E'CREATE %sTABLE %s (\n%s\n)%s%s',
    CASE WHEN c.relkind = 'f' THEN 'FOREIGN ' WHEN c.relpersistence = 'u' THEN 'UNLOGGED ' ELSE '' END,
    c.name, concat_ws(E',\n', l.text, k.text),
    coalesce(' PARTITION BY ' || pg_get_partkeydef(c.oid), ''),
    coalesce(' WITH (' || (SELECT string_agg(o.text, ', ' ORDER BY o.text COLLATE "C") FROM unnest(c.reloptions) o (text)) || ')', ''))
FROM relations c
LEFT JOIN columns l ON l.attrelid = c.oid
LEFT JOIN constraints k ON k.conrelid = c.oid
WHERE c.relkind IN ('r', 'p', 'f')
UNION ALL
SELECT 6, c.name, format('ALTER TABLE %s ATTACH PARTITION %s %s', p.name, c.name, pg_get_expr(c.relpartbound, c.oid))
FROM relations c
JOIN pg_inherits i ON i.inhrelid = c.oid
JOIN relations p ON p.oid = i.inhparent
WHERE c.relispartition AND c.relkind IN ('r', 'p', 'f')
UNION ALL
SELECT 6, c.name, format('ALTER TABLE %s INHERIT %s', c.name, p.name)
FROM relations c
JOIN pg_inherits i ON i.inhrelid = c.oid
JOIN relations p ON p.oid = i.inhparent
WHERE NOT c.relispartition AND c.relkind IN ('r', 'f')
UNION ALL
SELECT 7, c.name, format('ALTER TABLE %s REPLICA IDENTITY %s', c.name, CASE c.relreplident WHEN 'f' THEN 'FULL' ELSE 'NOTHING' END)
FROM relations c
WHERE c.relkind IN ('r', 'p') AND c.relreplident IN ('f', 'n')
UNION ALL
SELECT CASE a.relkind WHEN 'm' THEN 13 WHEN 'i' THEN 9 WHEN 'I' THEN 9 ELSE 7 END, format('%s %I', a.name, a.attname),
    format('ALTER %s %s ALTER COLUMN %s SET STATISTICS %s',
        CASE a.relkind WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'i' THEN 'INDEX' WHEN 'I' THEN 'INDEX' ELSE 'TABLE' END, a.name,
        CASE WHEN a.relkind IN ('i', 'I') THEN a.attnum::text ELSE quote_ident(a.attname) END, a.attstattarget)
FROM own_columns a
WHERE a.relkind IN ('r', 'p', 'f', 'm', 'i', 'I') AND a.attstattarget >= 0
UNION ALL
SELECT 7, format('%s %I', a.name, a.attname), format('ALTER TABLE %s ALTER COLUMN %I SET STORAGE %s', a.name, a.attname,
    CASE a.attstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL' WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END)
FROM own_columns a
WHERE a.relkind IN ('r', 'p') AND a.attstorage <> a.typstorage
UNION ALL
SELECT 7, format('%s %I', a.name, a.attname), format('ALTER TABLE %s ALTER COLUMN %I SET COMPRESSION %s', a.name, a.attname,
    CASE a.attcompression WHEN 'l' THEN 'lz4' ELSE 'pglz' END)
FROM own_columns a
WHERE a.relkind IN ('r', 'p') AND a.attcompression <> ''
UNION ALL
SELECT 7, format('%s %I', a.name, a.attname), format('ALTER TABLE %s ALTER COLUMN %I SET (%s)', a.name, a.attname,
    (SELECT string_agg(o.text, ', ' ORDER BY o.text COLLATE "C") FROM unnest(a.attoptions) o (text) WHERE o.text LIKE 'n\_distinct%'))
FROM own_columns a
WHERE a.relkind IN ('r', 'p', 'f') AND EXISTS (SELECT FROM unnest(a.attoptions) o (text) WHERE o.text LIKE 'n\_distinct%')
UNION ALL
-- A materialized view comes before its indexes.
SELECT CASE t.relkind WHEN 'm' THEN 13 ELSE 8 END, format('%s %s', t.name, c.name),
    -- That of a partitioned table has those of the partitions, which are not listed.
    CASE c.relkind WHEN 'I' THEN replace(pg_get_indexdef(c.oid), ' ON ONLY ', ' ON ') ELSE pg_get_indexdef(c.oid) END
    || CASE WHEN i.indisvalid THEN '' ELSE ' /* invalid */' END
    || CASE WHEN i.indisclustered THEN format(E';\nALTER TABLE %s CLUSTER ON %I', t.name, c.relname) ELSE '' END
FROM relations c
JOIN pg_index i ON i.indexrelid = c.oid
JOIN relations t ON t.oid = i.indrelid
WHERE NOT c.relispartition
    AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = c.oid AND k.conrelid = t.oid AND k.contype IN ('p', 'u', 'x'))
UNION ALL
SELECT 9, format('%s %I', c.name, k.conname), format('ALTER TABLE %s ADD CONSTRAINT %I %s', c.name, k.conname, d.text)
FROM relations c
JOIN pg_constraint k ON k.conrelid = c.oid
JOIN definitions d ON d.oid = k.oid
WHERE k.contype = 'f' AND k.conparentid = 0
UNION ALL
SELECT 10, f.name, rtrim(pg_get_functiondef(f.oid), E'\n')
FROM functions f
WHERE f.prokind <> 'a'
UNION ALL
SELECT 11, f.name, format('CREATE AGGREGATE %s (SFUNC = %s, STYPE = %s%s%s)', f.name, a.aggtransfn, format_type(a.aggtranstype, NULL),
    CASE WHEN a.aggfinalfn::oid = 0 THEN '' ELSE ', FINALFUNC = ' || a.aggfinalfn END,
    coalesce(', INITCOND = ' || quote_literal(a.agginitval), ''))
FROM functions f
JOIN pg_aggregate a ON a.aggfnoid = f.oid
UNION ALL
SELECT 11, format('%s (%s, %s)', o.name, format_type(o.oprleft, NULL), format_type(o.oprright, NULL)),
    format('CREATE OPERATOR %s (%s)', o.name, concat_ws(', ',
        'FUNCTION = ' || o.oprcode::text,
        CASE WHEN o.oprleft <> 0 THEN 'LEFTARG = ' || format_type(o.oprleft, NULL) END,
        CASE WHEN o.oprright <> 0 THEN 'RIGHTARG = ' || format_type(o.oprright, NULL) END,
        (SELECT format('COMMUTATOR = OPERATOR(%s)', x.name) FROM operators x WHERE x.oid = o.oprcom),
        (SELECT format('NEGATOR = OPERATOR(%s)', x.name) FROM operators x WHERE x.oid = o.oprnegate),
        CASE WHEN o.oprrest::oid <> 0 THEN 'RESTRICT = ' || o.oprrest::text END,
        CASE WHEN o.oprjoin::oid <> 0 THEN 'JOIN = ' || o.oprjoin::text END,
        CASE WHEN o.oprcanhash THEN 'HASHES' END,
        CASE WHEN o.oprcanmerge THEN 'MERGES' END))
FROM operators o
JOIN own n ON n.oid = o.oprnamespace
WHERE o.oprcode::oid <> 0 AND ('pg_operator'::regclass, o.oid) NOT IN (SELECT e.classid, e.objid FROM of_extensions e)
UNION ALL
SELECT 11, format('(%s AS %s)', format_type(c.castsource, NULL), format_type(c.casttarget, NULL)),
    format('CREATE CAST (%s AS %s) %s%s', format_type(c.castsource, NULL), format_type(c.casttarget, NULL),
        CASE c.castmethod
            WHEN 'f' THEN 'WITH FUNCTION ' || c.castfunc::regprocedure::text
            WHEN 'i' THEN 'WITH INOUT'
            ELSE 'WITHOUT FUNCTION'
        END,
        CASE c.castcontext WHEN 'a' THEN ' AS ASSIGNMENT' WHEN 'i' THEN ' AS IMPLICIT' ELSE '' END)
FROM pg_cast c
-- A range type brings the cast to its multirange.
WHERE c.oid >= 16384 AND NOT EXISTS (
        SELECT FROM pg_depend d WHERE d.classid = 'pg_cast'::regclass AND d.objid = c.oid AND d.deptype IN ('e', 'i'))
UNION ALL
SELECT 12, c.name, format(E'CREATE %sVIEW %s%s AS\n%s',
    CASE c.relkind WHEN 'm' THEN 'MATERIALIZED ' ELSE '' END, c.name,
    coalesce(' WITH (' || (SELECT string_agg(o.text, ', ' ORDER BY o.text COLLATE "C") FROM unnest(c.reloptions) o (text)) || ')', ''),
    rtrim(pg_get_viewdef(c.oid), ';'))
FROM relations c
WHERE c.relkind IN ('v', 'm')
UNION ALL
SELECT 13, format('%s %I', c.name, t.tgname), pg_get_triggerdef(t.oid)
    || CASE t.tgenabled WHEN 'O' THEN '' ELSE format(E';\nALTER TABLE %s %s TRIGGER %I', c.name,
        CASE t.tgenabled WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA' ELSE 'ENABLE ALWAYS' END, t.tgname) END
FROM relations c
JOIN pg_trigger t ON t.tgrelid = c.oid
WHERE NOT t.tgisinternal AND t.tgparentid = 0
UNION ALL
SELECT 14, format('%s %I', c.name, r.rulename), rtrim(pg_get_ruledef(r.oid), ';')
FROM relations c
JOIN pg_rewrite r ON r.ev_class = c.oid
WHERE r.rulename <> '_RETURN'
UNION ALL
SELECT 15, c.name, concat_ws(E';\n',
    CASE WHEN c.relrowsecurity THEN format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', c.name) END,
    CASE WHEN c.relforcerowsecurity THEN format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', c.name) END)
FROM relations c
WHERE c.relrowsecurity OR c.relforcerowsecurity
UNION ALL
SELECT 16, format('%s %I', c.name, p.polname), format('CREATE POLICY %I ON %s%s FOR %s TO %s%s%s', p.polname, c.name,
    CASE WHEN p.polpermissive THEN '' ELSE ' AS RESTRICTIVE' END,
    CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
    (SELECT string_agg(
            CASE r.oid WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(r.oid)) END,
            ', ' ORDER BY pg_get_userbyid(r.oid)::text COLLATE "C")
        FROM unnest(p.polroles) r (oid)),
    coalesce(' USING (' || pg_get_expr(p.polqual, p.polrelid) || ')', ''),
    coalesce(' WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')', ''))
FROM relations c
JOIN pg_policy p ON p.polrelid = c.oid
UNION ALL
SELECT 17, s.stxname::text, pg_get_statisticsobjdef(s.oid)
    || CASE WHEN s.stxstattarget >= 0 THEN format(E';\nALTER STATISTICS %I.%I SET STATISTICS %s', n.nspname, s.stxname, s.stxstattarget)
        ELSE '' END
FROM pg_statistic_ext s
JOIN own n ON n.oid = s.stxnamespace
UNION ALL
SELECT 18, quote_ident(e.evtname), format('CREATE EVENT TRIGGER %I ON %s%s EXECUTE FUNCTION %s()%s', e.evtname, e.evtevent,
    coalesce(' WHEN TAG IN (' || (
        SELECT string_agg(quote_literal(g.tag), ', ' ORDER BY g.tag COLLATE "C") FROM unnest(e.evttags) g (tag)) || ')', ''),
    e.evtfoid::regproc, CASE e.evtenabled WHEN 'O' THEN '' ELSE ' /* enabled: ' || e.evtenabled::text || ' */' END)
FROM pg_event_trigger e
WHERE ('pg_event_trigger'::regclass, e.oid) NOT IN (SELECT x.classid, x.objid FROM of_extensions x)
UNION ALL
SELECT 19, i.identity || ' ' || i.type, format('COMMENT ON %s %s IS %L',
    CASE WHEN i.type LIKE '% column' THEN 'COLUMN' WHEN i.type LIKE '% constraint' THEN 'CONSTRAINT' ELSE upper(i.type) END,
    i.identity, d.description)
FROM pg_description d
CROSS JOIN LATERAL pg_identify_object(d.classoid, d.objoid, d.objsubid) i
WHERE (i.schema IN (SELECT quote_ident(o.nspname) FROM own o)
        OR (i.type = 'schema' AND i.identity IN (SELECT quote_ident(o.nspname) FROM own o WHERE o.nspname <> 'public'))
        OR i.type IN ('trigger', 'rule', 'policy', 'event trigger') OR i.type LIKE '%constraint')
    AND d.objoid >= 16384
    AND (d.classoid, d.objoid) NOT IN (SELECT e.classid, e.objid FROM of_extensions e)
