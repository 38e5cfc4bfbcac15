-- autostack: requires=core:44
-- Logs and health checks in partitions by date: old ones are dropped whole.
-- The partitions are in a schema of their own, which no search path has: they are reached through their tables only.
CREATE SCHEMA autostack_partitions;

-- One row per partitioned table. A change applies to the partitions that are created afterwards.
CREATE TABLE log_partition_settings (
    table_name VARCHAR(63) CONSTRAINT log_partition_settings_pkey PRIMARY KEY,
    -- The column that partitions are ranges of. Its values are UUIDs of version 7, which begin with the time.
    key_column VARCHAR(63) NOT NULL,
    -- The column that says how old a row is.
    time_column VARCHAR(63) NOT NULL,
    period VARCHAR(8) NOT NULL CONSTRAINT log_partition_settings_period_check CHECK (period::text IN ('day', 'week', 'month')),
    -- How many periods are there ahead of the current one.
    ahead INTEGER NOT NULL CONSTRAINT log_partition_settings_ahead_check CHECK (ahead BETWEEN 1 AND 100)
);

-- The first UUID of version 7 of a moment.
CREATE FUNCTION log_partition_floor(moment timestamp) RETURNS uuid
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT (lpad(to_hex(floor(extract(epoch FROM moment) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
$$;

-- The moment with which a UUID of version 7 begins.
CREATE FUNCTION log_partition_time(key uuid) RETURNS timestamp
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT timestamp '1970-01-01' + ('x' || left(replace(key::text, '-', ''), 12))::bit(48)::bigint * interval '1 millisecond'
$$;

-- The partitions of a table that have bounds: all but the default one. Bounds of partitions that were attached by hand may be any UUIDs:
-- the period begins and ends with the milliseconds that have all of the partition, and without an end for MINVALUE and MAXVALUE.
CREATE FUNCTION log_partition_bounds(of_table text)
RETURNS TABLE (partition regclass, lower uuid, upper uuid, starts timestamp, ends timestamp)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT u.partition, u.lower, u.upper, coalesce(t.starts, '-infinity'),
        coalesce(t.ends + CASE WHEN u.upper > public.log_partition_floor(t.ends) THEN 1 ELSE 0 END * INTERVAL '1 millisecond', 'infinity')
    FROM (
        SELECT c.oid::regclass AS partition, substring(b.bound FROM 'FROM \(''([0-9a-f-]{36})''\)')::uuid AS lower,
            substring(b.bound FROM 'TO \(''([0-9a-f-]{36})''\)')::uuid AS upper
        FROM pg_inherits i
        JOIN pg_class c ON c.oid = i.inhrelid
        CROSS JOIN LATERAL (SELECT pg_get_expr(c.relpartbound, c.oid) AS bound) b
        WHERE i.inhparent = to_regclass(format('public.%I', of_table)) AND b.bound <> 'DEFAULT'
    ) u
    CROSS JOIN LATERAL (SELECT public.log_partition_time(u.lower) AS starts, public.log_partition_time(u.upper) AS ends) t
$$;

-- Whether a table refuses an id that it has.
CREATE FUNCTION has_log_partition_ids(partition oid) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (
        SELECT
        FROM pg_index x
        JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attname = 'id'
        WHERE x.indrelid = partition AND x.indisunique AND x.indisvalid AND x.indpred IS NULL AND x.indnkeyatts = 1
            AND x.indkey[0] = a.attnum)
$$;

-- The default partition of a table, whatever its name and schema are. Fails when rows cannot be moved out of it.
CREATE FUNCTION log_partition_default(of_table text) RETURNS regclass
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    rest pg_class;
BEGIN
    SELECT c.* INTO rest
    FROM pg_partitioned_table p
    JOIN pg_class c ON c.oid = p.partdefid
    WHERE p.partrelid = to_regclass(format('public.%I', of_table));
    IF rest.oid IS NULL THEN
        RAISE 'The table % has no default partition', of_table
            USING ERRCODE = 'object_not_in_prerequisite_state',
                HINT = 'Attach one: ALTER TABLE … ATTACH PARTITION … DEFAULT.';
    ELSIF rest.relkind <> 'r' THEN
        RAISE 'The default partition % of % is not a plain table', rest.oid::regclass, of_table
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Put a plain table in its place.';
    ELSIF NOT public.has_log_partition_ids(rest.oid) THEN
        RAISE 'The default partition % of % has no unique index of its column id', rest.oid::regclass, of_table
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Add one, as other partitions have it: a primary key.';
    END IF;
    RETURN rest.oid::regclass;
END
$$;

-- The columns of a table that take values: all but the generated ones. Partitions may have the columns in another order.
CREATE FUNCTION log_partition_columns(of_table text) RETURNS text[]
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT array_agg(quote_ident(a.attname) ORDER BY a.attnum)
    FROM pg_attribute a
    WHERE a.attrelid = to_regclass(format('public.%I', of_table)) AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
$$;

-- Runs statements that lock tables, each lock for a tenth of a second at most, and tries again when another session has one of them. All
-- locks are given back before the next attempt, so that nobody queues for long behind a lock that is not granted.
CREATE FUNCTION lock_for_log_partitions(statements text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET lock_timeout = '100ms' AS $$
BEGIN
    FOR attempt IN 1 .. 200 LOOP
        BEGIN
            EXECUTE statements;
            RETURN;
        EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
            PERFORM pg_catalog.pg_sleep(0.1 + 0.4 * pg_catalog.random());
        END;
    END LOOP;
    EXECUTE statements;
END
$$;

-- Gives a table the rights that are granted on another one, which has the same columns.
CREATE FUNCTION copy_log_partition_rights(source regclass, target regclass) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    item record;
BEGIN
    FOR item IN
        SELECT a.privilege_type, '' AS column_list, a.grantee, a.is_grantable
        FROM pg_class c, aclexplode(c.relacl) a
        WHERE c.oid = source AND a.grantee <> c.relowner
        UNION ALL
        SELECT a.privilege_type, format('(%I)', t.attname), a.grantee, a.is_grantable
        FROM pg_attribute t, aclexplode(t.attacl) a
        WHERE t.attrelid = source AND NOT t.attisdropped
    LOOP
        EXECUTE format('GRANT %s %s ON %s TO %s %s', item.privilege_type, item.column_list, target,
            CASE item.grantee WHEN 0 THEN 'PUBLIC' ELSE item.grantee::regrole::text END,
            CASE WHEN item.is_grantable THEN 'WITH GRANT OPTION' ELSE '' END);
    END LOOP;
END
$$;

-- Moves the policies of a table, and whether they apply, to a table of the same name in another schema.
CREATE FUNCTION move_log_partition_policies(source regclass, target regclass) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    item record;
    flags pg_class;
BEGIN
    FOR item IN
        SELECT p.polname,
            concat_ws(' ', CASE WHEN p.polpermissive THEN 'AS PERMISSIVE' ELSE 'AS RESTRICTIVE' END, 'FOR',
                CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
                'TO', (
                    SELECT string_agg(CASE r.role WHEN 0 THEN 'PUBLIC' ELSE r.role::regrole::text END, ', ')
                    FROM unnest(p.polroles) AS r (role)),
                'USING (' || pg_get_expr(p.polqual, p.polrelid) || ')',
                'WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')') AS definition
        FROM pg_policy p
        WHERE p.polrelid = source
    LOOP
        EXECUTE format('CREATE POLICY %I ON %s %s', item.polname, target, item.definition);
        EXECUTE format('DROP POLICY %I ON %s', item.polname, source);
    END LOOP;
    SELECT c.* INTO STRICT flags FROM pg_class c WHERE c.oid = source;
    IF flags.relrowsecurity THEN
        EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', target);
    END IF;
    IF flags.relforcerowsecurity THEN
        EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', target);
    END IF;
    EXECUTE format('ALTER TABLE %s DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY', source);
END
$$;

-- What belongs to a plain table and would stay behind with it.
CREATE FUNCTION log_partition_obstacles(of_table text) RETURNS TABLE (obstacle text)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT DISTINCT 'view ' || r.ev_class::regclass
    FROM pg_class c
    JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid AND d.classid = 'pg_rewrite'::regclass
    JOIN pg_rewrite r ON r.oid = d.objid AND r.ev_class <> c.oid
    WHERE c.oid = to_regclass(format('public.%I', of_table))
    UNION ALL
    SELECT o.kind || ' ' || o.name
    FROM pg_class c
    CROSS JOIN LATERAL (
        SELECT 'rule' AS kind, r.rulename::text AS name FROM pg_rewrite r WHERE r.ev_class = c.oid
        UNION ALL
        SELECT 'publication', p.pubname FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid WHERE r.prrelid = c.oid
        UNION ALL
        SELECT 'foreign key', k.conname || ' of ' || k.conrelid::regclass FROM pg_constraint k WHERE k.confrelid = c.oid
        UNION ALL
        SELECT 'child table', i.inhrelid::regclass::text FROM pg_inherits i WHERE i.inhparent = c.oid
        UNION ALL
        SELECT 'trigger', t.tgname
        FROM pg_trigger t
        WHERE t.tgrelid = c.oid AND NOT t.tgisinternal AND t.tgname <> of_table || '_assign_seq'
        UNION ALL
        SELECT CASE a.attgenerated WHEN '' THEN 'identity' ELSE 'generated' END || ' column', a.attname
        FROM pg_attribute a
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND (a.attidentity <> '' OR a.attgenerated <> '')
    ) o
    WHERE c.oid = to_regclass(format('public.%I', of_table))
$$;

-- Puts a partitioned table in the place of a plain one, which becomes its default partition: no row is read or written, and nobody waits
-- longer than for the exchange of the names.
CREATE FUNCTION partition_log_table(of_table text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    flat regclass := format('public.%I', of_table);
    key_column text := (SELECT s.key_column FROM public.log_partition_settings s WHERE s.table_name = of_table);
    item record;
    triggers text[];
BEGIN
    -- The exchange has a schema of its own, because indexes keep their names and no schema may have one twice.
    CREATE SCHEMA autostack_exchange;
    EXECUTE format(
        'CREATE TABLE autostack_exchange.%1$I (
            LIKE public.%1$I INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE INCLUDING COMPRESSION
        ) PARTITION BY RANGE (%2$I)', of_table, key_column);
    EXECUTE format('ALTER TABLE autostack_exchange.%I OWNER TO %s', of_table,
        (SELECT c.relowner::regrole FROM pg_class c WHERE c.oid = flat));
    PERFORM public.copy_log_partition_rights(flat, format('autostack_exchange.%I', of_table));

    -- A unique index of a partitioned table needs the key; one without it stays with each partition.
    FOR item IN
        SELECT k.conname, pg_get_indexdef(x.indexrelid) AS definition, pg_get_constraintdef(k.oid) AS constraint_definition
        FROM pg_index x
        LEFT JOIN pg_constraint k ON k.conindid = x.indexrelid AND k.conrelid = x.indrelid AND k.contype IN ('p', 'u')
        WHERE x.indrelid = flat AND x.indisvalid
          AND (NOT x.indisunique
            OR (SELECT a.attnum FROM pg_attribute a WHERE a.attrelid = flat AND a.attname = key_column) = ANY (x.indkey))
    LOOP
        EXECUTE CASE
            WHEN item.conname IS NULL THEN
                regexp_replace(item.definition, ' ON public\.\S+ USING ', format(' ON autostack_exchange.%I USING ', of_table))
            ELSE format('ALTER TABLE autostack_exchange.%I ADD CONSTRAINT %I %s', of_table, item.conname, item.constraint_definition)
        END;
    END LOOP;

    -- From here to the end of the transaction nobody uses the two tables: triggers of the foreign key change on both. deployments is locked
    -- first, always.
    PERFORM public.lock_for_log_partitions(format(
        'LOCK TABLE public.deployments IN ACCESS EXCLUSIVE MODE; LOCK TABLE public.%I IN ACCESS EXCLUSIVE MODE', of_table));
    FOR item IN
        SELECT k.conname, pg_get_constraintdef(k.oid) AS definition FROM pg_constraint k WHERE k.conrelid = flat AND k.contype = 'f'
    LOOP
        EXECUTE format('ALTER TABLE autostack_exchange.%I ADD CONSTRAINT %I %s', of_table, item.conname, item.definition);
    END LOOP;
    PERFORM public.move_log_partition_policies(flat, format('autostack_exchange.%I', of_table));
    triggers := ARRAY(SELECT pg_get_triggerdef(t.oid) FROM pg_trigger t WHERE t.tgrelid = flat AND NOT t.tgisinternal);
    IF triggers <> '{}' THEN
        EXECUTE format('DROP TRIGGER %I ON public.%I', of_table || '_assign_seq', of_table);
    END IF;
    EXECUTE format('ALTER TABLE public.%I SET SCHEMA autostack_partitions', of_table);
    EXECUTE format('ALTER TABLE autostack_partitions.%I RENAME TO %I', of_table, of_table || '_default');
    EXECUTE format('ALTER TABLE autostack_exchange.%I SET SCHEMA public', of_table);
    EXECUTE format(
        'ALTER TABLE public.%I ATTACH PARTITION autostack_partitions.%I DEFAULT', of_table, of_table || '_default');
    FOR item IN SELECT u.definition FROM unnest(triggers) AS u (definition) LOOP
        EXECUTE item.definition;
    END LOOP;
    DROP SCHEMA autostack_exchange;
END
$$;

-- What keeps a partitioned table from becoming a plain one, or would be in the way when the schema of the partitions is removed.
CREATE FUNCTION flat_log_table_obstacles(of_table text) RETURNS TABLE (kind text, name text)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT o.kind, o.name
    FROM pg_class t
    LEFT JOIN pg_partitioned_table p ON p.partrelid = t.oid
    CROSS JOIN LATERAL (
        SELECT 'table without a default partition' AS kind, t.oid::regclass::text AS name WHERE coalesce(p.partdefid, 0) = 0
        UNION ALL
        SELECT 'default partition without a unique index of the column id', p.partdefid::regclass::text
        WHERE p.partdefid <> 0 AND NOT public.has_log_partition_ids(p.partdefid)
        UNION ALL
        SELECT 'partition that is not a plain table', c.oid::regclass::text
        FROM pg_inherits i
        JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = t.oid AND c.relkind <> 'r'
        UNION ALL
        SELECT 'table in the schema that is not a partition', c.oid::regclass::text
        FROM pg_class c
        WHERE c.relnamespace = 'autostack_partitions'::regnamespace AND c.relkind IN ('r', 'p', 'f', 'v', 'm')
            AND NOT EXISTS (SELECT FROM pg_inherits i WHERE i.inhrelid = c.oid)
        UNION ALL
        SELECT 'identity column', a.attname
        FROM pg_attribute a
        WHERE a.attrelid = t.oid AND a.attidentity <> '' AND NOT a.attisdropped
    ) o
    WHERE t.oid = to_regclass(format('public.%I', of_table))
$$;

-- Puts the plain table back: the default partition again. The other partitions become its children, so that their rows are seen until
-- they have been moved.
CREATE FUNCTION flatten_log_table(of_table text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    parent regclass := format('public.%I', of_table);
    flat regclass := public.log_partition_default(of_table);
    partitions regclass[];
    item record;
    triggers text[];
BEGIN
    SELECT o.* INTO item FROM public.flat_log_table_obstacles(of_table) o LIMIT 1;
    IF FOUND THEN
        RAISE 'The table % has this: %, %', of_table, item.kind, item.name USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    CREATE SCHEMA autostack_exchange;
    PERFORM public.lock_for_log_partitions(format(
        'LOCK TABLE public.deployments IN ACCESS EXCLUSIVE MODE; LOCK TABLE public.%I IN ACCESS EXCLUSIVE MODE', of_table));
    triggers := ARRAY(SELECT pg_get_triggerdef(t.oid) FROM pg_trigger t WHERE t.tgrelid = parent AND NOT t.tgisinternal);
    partitions := ARRAY(SELECT i.inhrelid::regclass FROM pg_inherits i WHERE i.inhparent = parent AND i.inhrelid <> flat ORDER BY 1);
    FOR item IN SELECT u.partition FROM unnest(partitions || flat) AS u (partition) LOOP
        EXECUTE format('ALTER TABLE %s DETACH PARTITION %s', parent, item.partition);
    END LOOP;
    PERFORM public.copy_log_partition_rights(parent, flat);
    EXECUTE format('ALTER TABLE %s SET SCHEMA autostack_exchange', parent);
    EXECUTE format('ALTER TABLE %s DROP CONSTRAINT IF EXISTS %I', flat, of_table || '_ahead_check');
    EXECUTE format('ALTER TABLE %s RENAME TO %I', flat, of_table);
    EXECUTE format('ALTER TABLE %s SET SCHEMA public', flat);
    PERFORM public.move_log_partition_policies(parent, flat);
    FOR item IN SELECT u.definition FROM unnest(triggers) AS u (definition) LOOP
        EXECUTE item.definition;
    END LOOP;
    FOR item IN SELECT u.partition FROM unnest(partitions) AS u (partition) LOOP
        EXECUTE format('ALTER TABLE %s INHERIT %s', item.partition, flat);
    END LOOP;
    EXECUTE format('DROP TABLE %s', parent);
    DROP SCHEMA autostack_exchange;
END
$$;

-- Reserves the next periods of a table: from now on the default partition takes no row of them, as every row that is there is proved to be
-- outside of them by create_reserved_log_partitions, which reads the whole default partition and stops nobody. False when nothing is to do.
-- The first period begins at least a day ahead, so that no id that is made meanwhile lies in it, and where no partition is; the last one
-- ends where the next partition begins, if one was attached by hand. A reservation that was left behind, and would refuse new rows in half
-- a day or has a part of a partition, begins anew.
CREATE FUNCTION reserve_log_partitions(of_table text, at timestamp) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    settings public.log_partition_settings;
    rest regclass := public.log_partition_default(of_table);
    reserved text := of_table || '_ahead_check';
    before timestamp;
    until timestamp;
    first timestamp := date_trunc('day', at) + INTERVAL '2 days';
    next timestamp;
    last timestamp;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('autostack_partitions.' || of_table, 0));
    SELECT s.* INTO STRICT settings FROM public.log_partition_settings s WHERE s.table_name = of_table;
    SELECT public.log_partition_time(substring(d.definition FROM '>= ''([0-9a-f-]{36})''')::uuid),
        public.log_partition_time(substring(d.definition FROM '< ''([0-9a-f-]{36})''')::uuid)
    INTO before, until
    FROM pg_constraint k
    CROSS JOIN LATERAL (SELECT pg_get_constraintdef(k.oid) AS definition) d
    WHERE k.conrelid = rest AND k.conname = reserved;
    IF before >= at + INTERVAL '12 hours'
        AND NOT EXISTS (SELECT FROM public.log_partition_bounds(of_table) p WHERE p.starts < until AND p.ends > before)
    THEN
        RETURN TRUE;
    END IF;
    LOOP
        SELECT max(p.ends) INTO next FROM public.log_partition_bounds(of_table) p WHERE p.starts <= first AND p.ends > first;
        EXIT WHEN next IS NULL;
        first := next;
    END LOOP;
    SELECT min(p.starts) INTO next FROM public.log_partition_bounds(of_table) p WHERE p.starts > first;
    last := least(next, date_trunc(settings.period, at) + (settings.ahead + 1) * ('1 ' || settings.period)::interval);
    IF before IS NULL AND first >= last THEN
        RETURN FALSE;
    END IF;
    PERFORM public.lock_for_log_partitions(
        CASE WHEN before IS NULL THEN '' ELSE format('ALTER TABLE %s DROP CONSTRAINT %I;', rest, reserved) END
        || CASE WHEN first >= last THEN '' ELSE format(
            'ALTER TABLE %1$s ADD CONSTRAINT %2$I CHECK (NOT (%3$I >= %4$L AND %3$I < %5$L)) NOT VALID',
            rest, reserved, settings.key_column, public.log_partition_floor(first), public.log_partition_floor(last)) END);
    RETURN first < last;
END
$$;

-- Creates the reserved partitions of a table and returns how many there are. One transaction: the few rows of a reserved period that other
-- ids have brought into the default partition move with it, and are seen in one place at any time.
CREATE FUNCTION create_reserved_log_partitions(of_table text) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    settings public.log_partition_settings;
    rest regclass := public.log_partition_default(of_table);
    columns text := array_to_string(public.log_partition_columns(of_table), ', ');
    reserved text := of_table || '_ahead_check';
    definition text;
    lower timestamp;
    upper timestamp;
    last timestamp;
    name text;
    item record;
    attach text := 'LOCK TABLE public.deployments IN SHARE ROW EXCLUSIVE MODE';
    created integer := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('autostack_partitions.' || of_table, 0));
    SELECT s.* INTO STRICT settings FROM public.log_partition_settings s WHERE s.table_name = of_table;
    SELECT pg_get_constraintdef(k.oid) INTO definition FROM pg_constraint k WHERE k.conrelid = rest AND k.conname = reserved;
    IF definition IS NULL THEN
        RETURN 0;
    END IF;
    lower := public.log_partition_time(substring(definition FROM '>= ''([0-9a-f-]{36})''')::uuid);
    last := public.log_partition_time(substring(definition FROM '< ''([0-9a-f-]{36})''')::uuid);
    WHILE lower < last LOOP
        upper := least(last, date_trunc(settings.period, lower) + ('1 ' || settings.period)::interval);
        -- A table that was made by hand may have the name.
        name := format('autostack_partitions.%I', of_table || '_p' || to_char(lower, 'YYYYMMDD'));
        WHILE to_regclass(name) IS NOT NULL LOOP
            name := name || '_2';
        END LOOP;
        EXECUTE format(
            'CREATE TABLE %s (
                LIKE public.%I INCLUDING DEFAULTS INCLUDING GENERATED INCLUDING CONSTRAINTS INCLUDING STORAGE INCLUDING COMPRESSION
            )', name, of_table);
        EXECUTE format(
            'WITH moved AS (DELETE FROM %1$s WHERE %2$I >= %3$L AND %2$I < %4$L RETURNING *)
            INSERT INTO %5$s (%6$s) SELECT %6$s FROM moved',
            rest, settings.key_column, public.log_partition_floor(lower), public.log_partition_floor(upper), name, columns);
        -- The unique indexes that the partitioned table cannot have.
        FOR item IN
            SELECT k.contype, pg_get_indexdef(x.indexrelid) AS definition, pg_get_constraintdef(k.oid) AS constraint_definition
            FROM pg_index x
            LEFT JOIN pg_constraint k ON k.conindid = x.indexrelid AND k.conrelid = x.indrelid AND k.contype IN ('p', 'u')
            WHERE x.indrelid = rest AND x.indisvalid AND x.indisunique
              AND NOT EXISTS (SELECT FROM pg_inherits i WHERE i.inhrelid = x.indexrelid)
        LOOP
            EXECUTE CASE
                WHEN item.contype IS NULL THEN
                    regexp_replace(item.definition, ' INDEX .* ON \S+ USING ', format(' INDEX ON %s USING ', name))
                ELSE format('ALTER TABLE %s ADD %s', name, item.constraint_definition)
            END;
        END LOOP;
        attach := attach || format('; ALTER TABLE public.%I ATTACH PARTITION %s FOR VALUES FROM (%L) TO (%L)',
            of_table, name, public.log_partition_floor(lower), public.log_partition_floor(upper));
        created := created + 1;
        lower := upper;
    END LOOP;
    EXECUTE format('ALTER TABLE %s VALIDATE CONSTRAINT %I', rest, reserved);
    PERFORM public.lock_for_log_partitions(attach || format('; ALTER TABLE %s DROP CONSTRAINT %I', rest, reserved));
    RETURN created;
END
$$;

-- Drops a partition whose period has ended before a moment, when its newest row is older than the moment, too. The numbers of its last
-- lines are kept. False when the partition stays. Nobody writes into the partition meanwhile; all others are used as ever.
CREATE FUNCTION drop_log_partition(partition_name text, before timestamp) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    target regclass;
    settings public.log_partition_settings;
    bounds record;
    found text;
    last_line text;
    has_young boolean;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('autostack_partitions.' || partition_name, 0));
    target := to_regclass(format('autostack_partitions.%I', partition_name));
    SELECT s.* INTO settings
    FROM pg_inherits i
    JOIN public.log_partition_settings s ON format('public.%I', s.table_name)::regclass = i.inhparent
    WHERE i.inhrelid = target;
    IF settings IS NULL THEN
        RETURN FALSE;
    END IF;
    SELECT b.* INTO bounds FROM public.log_partition_bounds(settings.table_name) b WHERE b.partition = target;
    IF bounds IS NULL OR bounds.starts = '-infinity' OR bounds.ends > before THEN
        RETURN FALSE;
    END IF;
    PERFORM public.lock_for_log_partitions(format('LOCK TABLE %s IN SHARE MODE', target));
    -- The deployments of the partition, one index entry each, whatever the number of their rows.
    found := format(
        'WITH RECURSIVE k AS (
            (SELECT m.deployment_id FROM %1$s m ORDER BY m.deployment_id LIMIT 1)
            UNION ALL
            SELECT n.deployment_id
            FROM k
            CROSS JOIN LATERAL (
                SELECT m.deployment_id FROM %1$s m WHERE m.deployment_id > k.deployment_id ORDER BY m.deployment_id LIMIT 1
            ) n
        )', target);
    last_line := format(
        'CROSS JOIN LATERAL (SELECT l.* FROM %s l WHERE l.deployment_id = k.deployment_id ORDER BY l.seq DESC LIMIT 1) e', target);
    -- The newest row: by the index of the times, or of each deployment by its own.
    EXECUTE CASE settings.table_name
        WHEN 'deployment_logs' THEN format('SELECT EXISTS (SELECT FROM %s WHERE timestamp >= $1)', target)
        ELSE found || format(
            ' SELECT EXISTS (
                SELECT FROM k CROSS JOIN LATERAL (SELECT 1 FROM %s r WHERE r.deployment_id = k.deployment_id AND r.%I >= $1 LIMIT 1) y)',
            target, settings.time_column)
    END INTO has_young USING before;
    IF has_young THEN
        RETURN FALSE;
    END IF;
    IF settings.table_name = 'deployment_logs' THEN
        EXECUTE found || ' INSERT INTO public.deployment_log_ends AS o (deployment_id, seq, log_bytes)
            SELECT k.deployment_id, e.seq, e.log_bytes FROM k ' || last_line || '
            ON CONFLICT (deployment_id) DO UPDATE
            SET seq = excluded.seq, log_bytes = excluded.log_bytes
            WHERE o.seq IS NULL OR o.seq < excluded.seq';
    ELSIF settings.table_name = 'deployment_runtime_logs' THEN
        -- A young line that is numbered before a line of the partition would be left behind a gap.
        EXECUTE found || ' SELECT EXISTS (
            SELECT FROM k ' || last_line || '
            JOIN public.deployment_runtime_logs l ON l.deployment_id = k.deployment_id AND l.seq < e.seq
            WHERE l.timestamp >= $1)' INTO has_young USING before;
        IF has_young THEN
            RETURN FALSE;
        END IF;
        EXECUTE found || ' INSERT INTO public.deployment_log_ends AS o (deployment_id, runtime_seq)
            SELECT k.deployment_id, e.seq FROM k ' || last_line || '
            ON CONFLICT (deployment_id) DO UPDATE
            SET runtime_seq = excluded.runtime_seq
            WHERE o.runtime_seq IS NULL OR o.runtime_seq < excluded.runtime_seq';
    END IF;
    PERFORM public.lock_for_log_partitions(format(
        'LOCK TABLE public.deployments IN SHARE ROW EXCLUSIVE MODE; DROP TABLE %s', target));
    RETURN TRUE;
END
$$;

REVOKE ALL ON FUNCTION reserve_log_partitions(text, timestamp), create_reserved_log_partitions(text), drop_log_partition(text, timestamp)
    FROM PUBLIC;

-- The rows of a partition: their number, a hash that does not depend on their order, and the time of the newest one. No row when there is
-- no such partition. With is_held nobody writes into the partition until the end of the transaction; all others are used as ever.
CREATE FUNCTION log_partition_content(partition_name text, is_held boolean)
RETURNS TABLE (row_count bigint, content text, newest timestamp)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    target regclass;
    time_column text;
BEGIN
    IF is_held THEN
        PERFORM pg_advisory_xact_lock(hashtextextended('autostack_partitions.' || partition_name, 0));
    END IF;
    target := to_regclass(format('autostack_partitions.%I', partition_name));
    SELECT s.time_column INTO time_column
    FROM pg_inherits i
    JOIN public.log_partition_settings s ON format('public.%I', s.table_name)::regclass = i.inhparent
    WHERE i.inhrelid = target;
    IF time_column IS NULL THEN
        RETURN;
    END IF;
    IF is_held THEN
        PERFORM public.lock_for_log_partitions(format('LOCK TABLE %s IN SHARE MODE', target));
    END IF;
    RETURN QUERY EXECUTE format(
        'SELECT count(*), coalesce(sum(hash_record_extended(l, 0)), 0)::text, max(l.%I) FROM %s l', time_column, target);
EXCEPTION WHEN undefined_table THEN
    -- Dropped a moment ago.
END
$$;

-- Makes a restored table, which is no partition yet, equal to a partition: indexes, unique constraints, its range, and foreign keys, which
-- are not validated yet. A call that was interrupted is completed by the next one.
CREATE FUNCTION prepare_restored_log_partition(of_table text, partition_name text, lower uuid, upper uuid) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    target regclass := format('autostack_partitions.%I', partition_name);
    rest regclass := public.log_partition_default(of_table);
    settings public.log_partition_settings;
    item record;
BEGIN
    SELECT s.* INTO STRICT settings FROM public.log_partition_settings s WHERE s.table_name = of_table;
    IF EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = target AND k.conname = of_table || '_restored_check') THEN
        RETURN;
    END IF;
    EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %I CHECK (%3$I >= %4$L AND %3$I < %5$L)',
        target, of_table || '_restored_check', settings.key_column, lower, upper);
    FOR item IN
        SELECT pg_get_indexdef(x.indexrelid) AS definition, pg_get_constraintdef(k.oid) AS constraint_definition
        FROM pg_index x
        LEFT JOIN pg_constraint k ON k.conindid = x.indexrelid AND k.conrelid = x.indrelid AND k.contype IN ('p', 'u')
        WHERE x.indrelid = rest AND x.indisvalid
    LOOP
        EXECUTE CASE
            WHEN item.constraint_definition IS NULL THEN
                regexp_replace(item.definition, ' INDEX .* ON \S+ USING ', format(' INDEX ON %s USING ', target))
            ELSE format('ALTER TABLE %s ADD %s', target, item.constraint_definition)
        END;
    END LOOP;
    FOR item IN
        SELECT pg_get_constraintdef(k.oid) AS definition
        FROM pg_constraint k
        WHERE k.conrelid = format('public.%I', of_table)::regclass AND k.contype = 'f'
    LOOP
        PERFORM public.lock_for_log_partitions(format('ALTER TABLE %s ADD %s NOT VALID', target, item.definition));
    END LOOP;
END
$$;

-- Makes a partition of a restored and prepared table, and returns how many of its rows were left out, because their deployments are gone.
-- Rows of its range that have come into the default partition meanwhile move with it. The default partition is read as a whole under a
-- lock.
CREATE FUNCTION attach_restored_log_partition(of_table text, partition_name text, lower uuid, upper uuid) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    target regclass := format('autostack_partitions.%I', partition_name);
    rest regclass := public.log_partition_default(of_table);
    columns text := array_to_string(public.log_partition_columns(of_table), ', ');
    settings public.log_partition_settings;
    item record;
    left_out bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('autostack_partitions.' || of_table, 0));
    SELECT s.* INTO STRICT settings FROM public.log_partition_settings s WHERE s.table_name = of_table;
    EXECUTE format('DELETE FROM %s r WHERE NOT EXISTS (SELECT FROM public.deployments d WHERE d.id = r.deployment_id)', target);
    GET DIAGNOSTICS left_out = ROW_COUNT;
    FOR item IN SELECT k.conname FROM pg_constraint k WHERE k.conrelid = target AND k.contype = 'f' LOOP
        EXECUTE format('ALTER TABLE %s VALIDATE CONSTRAINT %I', target, item.conname);
    END LOOP;
    EXECUTE format(
        'WITH moved AS (DELETE FROM %1$s WHERE %2$I >= %3$L AND %2$I < %4$L RETURNING *)
        INSERT INTO %5$s (%6$s) SELECT %6$s FROM moved', rest, settings.key_column, lower, upper, target, columns);
    EXECUTE format('ALTER TABLE %s OWNER TO %s', target,
        (SELECT c.relowner::regrole FROM pg_class c WHERE c.oid = format('public.%I', of_table)::regclass));
    PERFORM public.lock_for_log_partitions(format(
        'LOCK TABLE public.deployments IN SHARE ROW EXCLUSIVE MODE;
        ALTER TABLE public.%I ATTACH PARTITION %s FOR VALUES FROM (%L) TO (%L);
        ALTER TABLE %2$s DROP CONSTRAINT %5$I', of_table, target, lower, upper, of_table || '_restored_check'));
    RETURN left_out;
END
$$;

REVOKE ALL ON FUNCTION log_partition_content(text, boolean), prepare_restored_log_partition(text, text, uuid, uuid),
    attach_restored_log_partition(text, text, uuid, uuid) FROM PUBLIC;
