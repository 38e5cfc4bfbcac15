-- autostack: requires=core:48 variable=keep
-- Who changed what, when: an entry for each change of accounts, projects and deployments.
CREATE SCHEMA autostack_audit;

-- One row. The variable keep is a text like '400d'; without it, entries are kept for ever. Changes of this row are recorded, too.
CREATE TABLE autostack_audit.audit_settings (
    id UUID CONSTRAINT audit_settings_pkey PRIMARY KEY DEFAULT '00000000-0000-0000-0000-000000000000'
        CONSTRAINT audit_settings_id_check CHECK (id = '00000000-0000-0000-0000-000000000000'),
    -- Partitions are dropped when all of their time is longer ago; NULL for never.
    keep INTERVAL CONSTRAINT audit_settings_keep_check CHECK (keep >= INTERVAL '1 day'),
    -- Entries before this time were dropped; NULL when none was.
    dropped_before TIMESTAMP
);
INSERT INTO autostack_audit.audit_settings (keep) VALUES (nullif(pg_catalog.current_setting('autostack.keep', TRUE), '')::interval);

CREATE SEQUENCE autostack_audit.changes_seq;

CREATE TABLE autostack_audit.changes (
    -- Ascending in the order of the changes of a row. A number whose transaction was rolled back is missing.
    seq BIGINT NOT NULL DEFAULT pg_catalog.nextval('autostack_audit.changes_seq'),
    at TIMESTAMP NOT NULL DEFAULT pg_catalog.timezone('UTC', pg_catalog.clock_timestamp()),
    transaction_id XID8 NOT NULL DEFAULT pg_catalog.pg_current_xact_id(),
    -- The setting autostack.actor of the transaction; without it, the role.
    actor TEXT NOT NULL,
    -- The role that has logged in.
    role TEXT NOT NULL,
    table_name TEXT NOT NULL,
    -- NULL for an entry of several rows.
    row_id UUID,
    action TEXT NOT NULL CONSTRAINT changes_action_check CHECK (action IN ('insert', 'update', 'delete', 'truncate')),
    -- NULL for a truncated table.
    row_count BIGINT,
    -- The first 1,000 ids of an entry of several rows; NULL for one row.
    row_ids UUID[],
    -- {"column": [old, new]}; "(secret)" for both values of a column whose values are not stored. Empty for an entry of several rows.
    changed JSONB NOT NULL,
    CONSTRAINT changes_pkey PRIMARY KEY (seq, at)
) PARTITION BY RANGE (at);
ALTER SEQUENCE autostack_audit.changes_seq OWNED BY autostack_audit.changes.seq;
CREATE INDEX changes_row_idx ON autostack_audit.changes (row_id, seq) WHERE row_id IS NOT NULL;
CREATE INDEX changes_rows_idx ON autostack_audit.changes USING gin (row_ids) WHERE row_ids IS NOT NULL;
CREATE INDEX changes_actor_idx ON autostack_audit.changes (actor, seq);

-- Seals over the entries, in one chain: the hash of a seal covers the hash of the seal before it.
CREATE TABLE autostack_audit.seals (
    number BIGINT CONSTRAINT seals_pkey PRIMARY KEY,
    -- A seal has the entries of one month whose seq is above after_seq and at most until_seq.
    month DATE NOT NULL,
    after_seq BIGINT NOT NULL,
    until_seq BIGINT NOT NULL,
    entries BIGINT NOT NULL,
    content BYTEA NOT NULL,
    sealed_at TIMESTAMP NOT NULL,
    hash BYTEA NOT NULL
);
CREATE INDEX seals_until_idx ON autostack_audit.seals (until_seq);

-- One row: the entries up to seq are complete when every transaction of open_transactions has ended.
CREATE TABLE autostack_audit.marks (
    seq BIGINT NOT NULL,
    open_transactions TEXT[] NOT NULL
);
INSERT INTO autostack_audit.marks VALUES (0, '{}');

-- The trigger of one row. The arguments are the name of the table, and the columns whose values are stored; a column that is not among
-- them is a secret.
CREATE FUNCTION record_audited_row() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    old_row jsonb := to_jsonb(OLD);
    new_row jsonb := to_jsonb(NEW);
    differences jsonb;
BEGIN
    IF TG_TABLE_SCHEMA NOT IN ('public', 'autostack_partitions', 'autostack_audit') THEN
        RAISE 'A table of the schema % is not audited', TG_TABLE_SCHEMA USING ERRCODE = 'insufficient_privilege';
    END IF;
    SELECT jsonb_object_agg(k.key, CASE
        WHEN k.key = ANY (TG_ARGV) THEN jsonb_build_array(old_row -> k.key, k.value)
        ELSE '["(secret)", "(secret)"]'
    END)
    INTO differences
    FROM jsonb_each(new_row) k
    WHERE k.value <> coalesce(old_row -> k.key, 'null');
    IF differences IS NOT NULL THEN
        INSERT INTO autostack_audit.changes (actor, role, table_name, row_id, action, row_count, changed)
        VALUES (
            coalesce(nullif(left(current_setting('autostack.actor', TRUE), 255), ''), session_user), session_user, TG_ARGV[0],
            (coalesce(old_row, new_row) ->> 'id')::uuid, lower(TG_OP), 1, differences);
    END IF;
    RETURN NULL;
END
$$;

-- The trigger of a statement: one entry, whatever the number of rows. The arguments are those of record_audited_row.
CREATE FUNCTION record_audited_rows() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    affected_rows bigint;
    ids uuid[];
    single jsonb;
    differences jsonb;
BEGIN
    IF TG_TABLE_SCHEMA NOT IN ('public', 'autostack_partitions', 'autostack_audit') THEN
        RAISE 'A table of the schema % is not audited', TG_TABLE_SCHEMA USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF TG_OP <> 'TRUNCATE' THEN
        SELECT count(*) INTO affected_rows FROM affected;
        IF affected_rows = 0 THEN
            RETURN NULL;
        ELSIF affected_rows = 1 THEN
            SELECT to_jsonb(a) INTO single FROM affected a;
            SELECT jsonb_object_agg(k.key, CASE
                WHEN k.key <> ALL (TG_ARGV) THEN '["(secret)", "(secret)"]'
                WHEN TG_OP = 'INSERT' THEN jsonb_build_array(NULL, k.value)
                ELSE jsonb_build_array(k.value, NULL)
            END)
            INTO differences
            FROM jsonb_each(single) k
            WHERE k.value <> 'null';
        ELSE
            ids := ARRAY(SELECT a.id FROM affected a ORDER BY a.id LIMIT 1000);
        END IF;
    END IF;
    INSERT INTO autostack_audit.changes (actor, role, table_name, row_id, action, row_count, row_ids, changed)
    VALUES (
        coalesce(nullif(left(current_setting('autostack.actor', TRUE), 255), ''), session_user), session_user, TG_ARGV[0],
        (single ->> 'id')::uuid, lower(TG_OP), affected_rows, ids, coalesce(differences, '{}'));
    RETURN NULL;
END
$$;

-- Keeps everybody from changing entries and seals, the owner too.
CREATE FUNCTION refuse_audit_change() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE 'The audit log cannot be changed: % of %', lower(TG_OP), TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END
$$;

-- Runs statements that lock tables, each lock for a tenth of a second at most, and tries again when another session has one of them. All
-- locks are given back before the next attempt, so that nobody queues for long behind a lock that is not granted.
CREATE FUNCTION lock_for_audit(statements text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET lock_timeout = '100ms' AS $$
BEGIN
    FOR attempt IN 1 .. 200 LOOP
        BEGIN
            EXECUTE statements;
            RETURN;
        EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
            PERFORM pg_sleep(0.1 + 0.4 * random());
        END;
    END LOOP;
    EXECUTE statements;
END
$$;

-- Creates the triggers of a table. The columns are those whose values are stored. Updates that meet the condition are recorded; NULL for
-- all.
-- With per_statement the rows that a statement inserts are one entry.
CREATE FUNCTION audit_table(of_table text, columns text, condition text, per_statement boolean) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    arguments CONSTANT text := (
        SELECT string_agg(quote_literal(c.name), ', ' ORDER BY c.place)
        FROM unnest(of_table || string_to_array(columns, ' ')) WITH ORDINALITY AS c (name, place));
BEGIN
    PERFORM public.lock_for_audit(
        format('LOCK TABLE public.%I IN SHARE ROW EXCLUSIVE MODE;', of_table)
        || format(
            CASE
                WHEN per_statement THEN
                    'CREATE OR REPLACE TRIGGER %1$I AFTER INSERT ON public.%2$I REFERENCING NEW TABLE AS affected
                    FOR EACH STATEMENT EXECUTE FUNCTION public.record_audited_rows(%3$s);'
                ELSE
                    'CREATE OR REPLACE TRIGGER %1$I AFTER INSERT ON public.%2$I
                    FOR EACH ROW EXECUTE FUNCTION public.record_audited_row(%3$s);'
            END, of_table || '_record_insert', of_table, arguments)
        || format(
            'CREATE OR REPLACE TRIGGER %I AFTER UPDATE ON public.%I
            FOR EACH ROW %s EXECUTE FUNCTION public.record_audited_row(%s);',
            of_table || '_record_update', of_table, 'WHEN (' || condition || ')', arguments)
        || format(
            'CREATE OR REPLACE TRIGGER %I AFTER DELETE ON public.%I REFERENCING OLD TABLE AS affected
            FOR EACH STATEMENT EXECUTE FUNCTION public.record_audited_rows(%s);', of_table || '_record_delete', of_table, arguments)
        || format(
            'CREATE OR REPLACE TRIGGER %I AFTER TRUNCATE ON public.%I
            FOR EACH STATEMENT EXECUTE FUNCTION public.record_audited_rows(%s);', of_table || '_record_truncate', of_table, arguments));
END
$$;

-- The partitions: the name, the end of their time, and whether the partition is the default one, which has no end.
CREATE FUNCTION audit_partitions() RETURNS TABLE (partition_name text, upper timestamp, is_default boolean)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO' AS $$
    SELECT c.relname::text, substring(b.bound FROM 'TO \(''([^'']+)''\)')::timestamp, b.bound = 'DEFAULT'
    FROM pg_inherits i
    JOIN pg_class c ON c.oid = i.inhrelid
    CROSS JOIN LATERAL (SELECT pg_get_expr(c.relpartbound, c.oid) AS bound) b
    WHERE i.inhparent = 'autostack_audit.changes'::regclass
$$;

-- Creates the partitions of the present month and of the next two. Entries for which there was no partition are in the default one, which
-- becomes the partition of their months: no entry is moved.
CREATE FUNCTION create_audit_partitions() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO' AS $$
DECLARE
    present CONSTANT timestamp := date_trunc('month', timezone('UTC', clock_timestamp()));
    lower timestamp;
    upper timestamp;
    name text;
    has_rows boolean;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('autostack_audit.partitions', 0));
    lower := (SELECT max(p.upper) FROM public.audit_partitions() p);
    IF to_regclass('autostack_audit.changes_default') IS NOT NULL THEN
        SELECT EXISTS (SELECT FROM autostack_audit.changes_default) INTO has_rows;
    END IF;
    IF has_rows THEN
        upper := present + INTERVAL '1 month';
        name := 'changes_until_' || to_char(upper, 'YYYYMM');
        PERFORM public.lock_for_audit(format(
            'LOCK TABLE autostack_audit.changes IN ACCESS EXCLUSIVE MODE;
            ALTER TABLE autostack_audit.changes DETACH PARTITION autostack_audit.changes_default;
            ALTER TABLE autostack_audit.changes_default RENAME TO %1$I;
            ALTER TABLE autostack_audit.changes ATTACH PARTITION autostack_audit.%1$I FOR VALUES FROM (%2$s) TO (%3$L)',
            name, coalesce(quote_literal(lower), 'MINVALUE'), upper));
        lower := upper;
    END IF;
    IF NOT EXISTS (SELECT FROM public.audit_partitions() p WHERE p.is_default) THEN
        CREATE TABLE autostack_audit.changes_default (LIKE autostack_audit.changes INCLUDING DEFAULTS INCLUDING CONSTRAINTS);
        CREATE TRIGGER changes_refuse_truncate BEFORE TRUNCATE ON autostack_audit.changes_default
            FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_audit_change();
        ALTER TABLE autostack_audit.changes ATTACH PARTITION autostack_audit.changes_default DEFAULT;
    END IF;
    WHILE lower IS NULL OR lower < present + INTERVAL '3 months' LOOP
        upper := greatest(lower, present) + INTERVAL '1 month';
        name := 'changes_until_' || to_char(upper, 'YYYYMM');
        EXECUTE format(
            'CREATE TABLE autostack_audit.%1$I (LIKE autostack_audit.changes INCLUDING DEFAULTS INCLUDING CONSTRAINTS);
            CREATE TRIGGER changes_refuse_truncate BEFORE TRUNCATE ON autostack_audit.%1$I
                FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_audit_change()', name);
        PERFORM public.lock_for_audit(format(
            'ALTER TABLE autostack_audit.changes ATTACH PARTITION autostack_audit.%I FOR VALUES FROM (%s) TO (%L)',
            name, coalesce(quote_literal(lower), 'MINVALUE'), upper));
        lower := upper;
    END LOOP;
END
$$;

-- Drops the partitions all of whose time is longer ago than audit_settings.keep. A partition with an entry that is not sealed stays. The
-- three functions of the maintenance have no argument: only the owner changes how long entries are kept.
CREATE FUNCTION drop_audit_partitions() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    sealed CONSTANT bigint := (SELECT coalesce(max(s.until_seq), 0) FROM autostack_audit.seals s);
    item record;
    is_open boolean;
    dropped timestamp;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('autostack_audit.partitions', 0));
    FOR item IN
        SELECT p.partition_name, p.upper
        FROM public.audit_partitions() p
        CROSS JOIN autostack_audit.audit_settings s
        WHERE p.upper <= timezone('UTC', clock_timestamp()) - s.keep
        ORDER BY p.upper
    LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM autostack_audit.%I c WHERE c.seq > $1)', item.partition_name) INTO is_open USING sealed;
        EXIT WHEN is_open;
        PERFORM public.lock_for_audit(format('DROP TABLE autostack_audit.%I', item.partition_name));
        dropped := item.upper;
    END LOOP;
    UPDATE autostack_audit.audit_settings SET dropped_before = dropped WHERE dropped IS NOT NULL;
END
$$;

-- Seals all entries. A transaction that is under way may still commit an entry with a lower number: then the entries up to the mark of the
-- run before are sealed, when every transaction that was under way at that mark has ended.
CREATE FUNCTION seal_audit_entries() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    mark autostack_audit.marks;
    present autostack_audit.marks;
    sealed bigint;
    until_here bigint;
    last_seal autostack_audit.seals;
    item record;
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE 'Entries are sealed in a READ COMMITTED transaction only' USING ERRCODE = 'active_sql_transaction';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('autostack_audit.seals', 0));
    SELECT m.* INTO STRICT mark FROM autostack_audit.marks m;
    -- The number first: a transaction that has drawn it has locked the table before.
    SELECT CASE WHEN q.is_called THEN q.last_value ELSE 0 END INTO present.seq FROM autostack_audit.changes_seq q;
    present.open_transactions := ARRAY(
        SELECT CASE WHEN l.pid IS NULL THEN 'prepared' ELSE l.virtualtransaction END
        FROM pg_locks l
        WHERE l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
          AND l.relation = 'autostack_audit.changes'::regclass AND l.mode = 'RowExclusiveLock' AND l.granted);
    IF present.open_transactions = '{}' THEN
        mark := present;
    ELSIF mark.open_transactions && present.open_transactions THEN
        RETURN;
    END IF;
    SELECT s.* INTO last_seal FROM autostack_audit.seals s ORDER BY s.number DESC LIMIT 1;
    sealed := coalesce(last_seal.until_seq, 0);
    LOOP
        SELECT max(b.seq) INTO until_here
        FROM (
            SELECT c.seq FROM autostack_audit.changes c WHERE c.seq > sealed AND c.seq <= mark.seq ORDER BY c.seq LIMIT 100000
        ) b;
        EXIT WHEN until_here IS NULL;
        FOR item IN
            SELECT date_trunc('month', e.at)::date AS month, count(*) AS entries, sha256(string_agg(e.hash, '' ORDER BY e.seq)) AS content
            FROM (
                SELECT c.seq, c.at, sha256(convert_to(jsonb_build_array(
                    c.seq, to_char(c.at, 'YYYY-MM-DD HH24:MI:SS.US'), c.transaction_id::text, c.actor, c.role, c.table_name, c.row_id,
                    c.action, c.row_count, c.row_ids, c.changed)::text, 'UTF8')) AS hash
                FROM autostack_audit.changes c
                WHERE c.seq > sealed AND c.seq <= until_here
            ) e
            GROUP BY 1
            ORDER BY 1
        LOOP
            INSERT INTO autostack_audit.seals AS s (number, month, after_seq, until_seq, entries, content, sealed_at, hash)
            SELECT n.number, item.month, sealed, until_here, item.entries, item.content, n.sealed_at, sha256(
                convert_to(jsonb_build_array(
                    n.number, to_char(item.month, 'YYYY-MM-DD'), sealed, until_here, item.entries,
                    to_char(n.sealed_at, 'YYYY-MM-DD HH24:MI:SS.US'))::text, 'UTF8')
                || item.content || coalesce(last_seal.hash, ''))
            FROM (
                SELECT coalesce(last_seal.number, 0) + 1 AS number, timezone('UTC', clock_timestamp()) AS sealed_at
            ) n
            RETURNING s.* INTO last_seal;
        END LOOP;
        sealed := until_here;
    END LOOP;
    -- A transaction that is prepared loses its id: any prepared one may be one of them.
    UPDATE autostack_audit.marks SET seq = present.seq, open_transactions = present.open_transactions || ARRAY['prepared'];
END
$$;

REVOKE ALL ON FUNCTION record_audited_row(), record_audited_rows(), seal_audit_entries(), create_audit_partitions(),
    drop_audit_partitions() FROM PUBLIC;

SELECT create_audit_partitions();

-- Entries are inserted by triggers only.
CREATE TRIGGER changes_refuse_insert BEFORE INSERT ON autostack_audit.changes
    FOR EACH ROW WHEN (pg_catalog.pg_trigger_depth() = 0) EXECUTE FUNCTION refuse_audit_change();
CREATE TRIGGER changes_refuse_change BEFORE UPDATE OR DELETE ON autostack_audit.changes
    FOR EACH ROW EXECUTE FUNCTION refuse_audit_change();
CREATE TRIGGER changes_refuse_truncate BEFORE TRUNCATE ON autostack_audit.changes
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();
CREATE TRIGGER seals_refuse_change BEFORE UPDATE OR DELETE ON autostack_audit.seals
    FOR EACH ROW EXECUTE FUNCTION refuse_audit_change();
CREATE TRIGGER seals_refuse_truncate BEFORE TRUNCATE ON autostack_audit.seals
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();
CREATE TRIGGER audit_settings_refuse_removal BEFORE DELETE OR TRUNCATE ON autostack_audit.audit_settings
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();
CREATE TRIGGER audit_settings_record_update AFTER UPDATE ON autostack_audit.audit_settings
    FOR EACH ROW EXECUTE FUNCTION record_audited_row('audit_settings', 'id', 'keep', 'dropped_before');
