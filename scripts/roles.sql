-- Roles for a database of AutoStack. Run as a superuser, connected to the database, before the first upgrade and again after each one:
--
--   psql -v ON_ERROR_STOP=1 -d autostack -f scripts/roles.sql
--
--   autostack_owner     owns tables and functions; nobody connects as it. With the extension timescaledb it may log in and has a
--                       connection limit of 0: the jobs of the extension run as the owner of their tables, and clients are refused.
--   autostack_migrator  runs autostack-db: it acts as the owner
--   autostack_app       the services: reads and writes rows, changes no table and no journal
--   autostack_readonly  people and reports: reads the columns that are listed below, and nothing else
--   autostack_tenant    what a service becomes for the statements of one user, in a database with the feature row-security
--
-- Migrator, app and readonly may log in and have no password: set one (\password autostack_app), or let pg_hba.conf decide.
--
-- Settings, each given as PGOPTIONS='-c autostack.role_prefix=staging' psql …
--   autostack.role_prefix         the names of the roles begin with it; up to 54 bytes, "autostack" by default. Several databases of one
--                                 server need one each.
--   autostack.restrict_functions  off leaves advisory locks, large objects and notifications to everybody: for a database that other
--                                 programs share. On by default.
--   autostack.row_security        on before the feature row-security is enabled; afterwards the script finds out by itself. It creates the
--                                 tenant role, and lets the owner, the services and people pass by the policies, which are not for them.
--
-- One transaction: it applies as a whole or not at all. Rights are revoked first, so that a right given by mistake does not survive a run.
-- A second run changes nothing. Tables of others, such as alembic_version, stay as they are.

BEGIN;

-- An object that was planted in another schema is never resolved by what follows.
SET LOCAL search_path = pg_catalog, pg_temp;
SET LOCAL lock_timeout = '5s';

DO $roles$
DECLARE
    -- The tables, and the columns of each that people may read. A column that is not named here is not readable: a new one is a secret
    -- until it is listed. Not readable for what they hold:
    --   users.password_hash                                a hash can be guessed at leisure
    --   sessions.token, password_reset_tokens.token_hash   tokens of other writers may be stored in clear
    --   sessions.client_key_hash, sealed_token             what a client proves itself with, and its next token
    --   email_verification_tokens.token_hash               as the hash of a reset
    --   sign_in_attempts.subject_hash                      e-mail and network addresses can be guessed from their hashes
    --   deployment_leases.claim_key                        what a worker proves its claim with
    --   upkeep_leases.claim_key                            what a process proves its lease with
    --   github_connections.*_token, *.env_vars             tokens and environments, in clear as long as other writers store them so
    --   *_version                                          what those are bound to
    --   projects.repository, repository_path               addresses of other writers may hold a user name and a password
    --   projects.build_command                             commands hold tokens that people have typed into them
    --   webhook_payloads.payload_json, headers             what providers send, with their tokens
    readable CONSTANT text[] := ARRAY[
        ['users', 'id name email avatar_url github_id google_id email_verified created_at updated_at closed_at'],
        ['user_preferences', 'id user_id theme email_notifications deployment_success_notifications deployment_failure_notifications '
            || 'created_at updated_at'],
        ['github_connections', 'id user_id github_username token_expires_at scope connected_at'],
        ['sessions', 'id user_id expires_at created_at family_id rotated_at signed_in_at'],
        ['password_reset_tokens', 'id user_id expires_at used_at created_at'],
        ['email_verification_tokens', 'id user_id purpose email previous_email expires_at used_at ended_at created_at'],
        ['user_identities', 'id user_id provider provider_id linked_at'],
        ['sign_in_attempts', 'attempts expires_at'],
        ['projects', 'id user_id name branch output_dir github_repo_id runtime auto_deploy_enabled auto_deploy_branch jenkins_job_name '
            || 'created_at updated_at repository_host provider provider_host provider_repository_id access_proven_at'],
        ['deployments', 'id project_id user_id status branch commit_hash commit_message author commit_timestamp creator_type is_production '
            || 'build_duration_seconds failed_reason deployed_url started_at completed_at created_at is_deleted commit_hash_full queue_place'],
        ['deployment_logs', 'id deployment_id timestamp log_level message created_at seq log_bytes'],
        ['deployment_leases', 'deployment_id worker attempt claimed_at renewed_at expires_at released_at'],
        ['queue_pauses', 'id project_id paused_by reason paused_at'],
        ['live_deployments', 'project_id is_production branch deployment_id queued_at live_at'],
        ['deployment_log_ends', 'deployment_id seq log_bytes runtime_seq'],
        ['deployment_ids', 'id'],
        ['log_partition_settings', 'table_name key_column time_column period ahead'],
        ['deployment_stages', 'id deployment_id stage_name status started_at completed_at error_message created_at'],
        ['deployment_containers', 'id deployment_id container_id image host port status created_at stopped_at'],
        ['deployment_health_checks', 'id deployment_id url http_status latency_ms is_live checked_at'],
        ['deployment_health_hours', 'deployment_id hour checks live latency_sum latency_count'],
        ['deployment_runtime_logs', 'id deployment_id source log_level message timestamp seq'],
        ['webhook_payloads', 'id deployment_id provider received_at'],
        ['upkeep_leases', 'name created_at holder acquired_at renewed_at expires_at released_at last_holder last_started_at '
            || 'last_finished_at last_succeeded_at last_outcome last_rows'],
        ['schema_versions', 'version name checksum applied_at duration_ms applied_by tool_version script_set'],
        ['schema_version_changes', 'id changed_at changed_by kind script_set version name old_row new_row reason tool_version']];

    -- What a role sets for itself wins over these; the connection limit and temp_file_limit it cannot change.
    settings CONSTANT text[] := ARRAY[
        ['readonly', 'default_transaction_read_only', 'on'],
        ['readonly', 'statement_timeout', '1min'],
        ['readonly', 'idle_in_transaction_session_timeout', '1min'],
        ['readonly', 'idle_session_timeout', '30min'],
        ['readonly', 'lock_timeout', '2s'],
        ['readonly', 'temp_file_limit', '1GB'],
        -- A transaction that its service has forgotten holds locks, and keeps vacuum from all tables.
        ['app', 'idle_in_transaction_session_timeout', '10min'],
        -- The connection that listens is idle by design.
        ['app', 'idle_session_timeout', '0'],
        -- A limit of the server or the database would cut a migration off.
        ['migrator', 'statement_timeout', '0'],
        ['migrator', 'idle_in_transaction_session_timeout', '0'],
        ['migrator', 'idle_session_timeout', '0'],
        ['migrator', 'transaction_timeout', '0']];

    prefix CONSTANT text := coalesce(nullif(current_setting('autostack.role_prefix', TRUE), ''), 'autostack');
    restricts CONSTANT boolean := coalesce(nullif(current_setting('autostack.restrict_functions', TRUE), ''), 'on')::boolean;
    owner CONSTANT text := prefix || '_owner';
    migrator CONSTANT text := prefix || '_migrator';
    app CONSTANT text := prefix || '_app';
    readonly CONSTANT text := prefix || '_readonly';
    tenant CONSTANT text := prefix || '_tenant';
    ours CONSTANT text[] := readable[:][1:1];
    -- The functions of the schema and of its features.
    functions CONSTANT name[] := string_to_array(
        'assign_log_seq assign_queue_place assign_repository_key attach_restored_log_partition audit_partitions '
        || 'audit_table copy_health_check_rights copy_log_partition_rights create_audit_partitions '
        || 'create_reserved_log_partitions distribute_log_table drop_audit_partitions drop_health_check_chunks '
        || 'drop_health_check_table drop_log_partition exchange_health_checks flat_log_table_obstacles '
        || 'flatten_log_table gather_log_table '
        || 'give_way_for_log_partitions has_log_partition_ids health_check_chunk_start health_check_hours health_check_jobs '
        || 'health_check_obstacles keep_deployment_ids lock_for_audit lock_for_log_partitions log_partition_bounds '
        || 'log_partition_columns log_partition_content log_partition_default log_partition_floor log_partition_obstacles '
        || 'log_partition_time '
        || 'move_log_partition_policies partition_log_table prepare_restored_log_partition record_audited_row '
        || 'record_audited_rows refuse_audit_change reserve_log_partitions row_security_add_key row_security_owns '
        || 'row_security_user_id seal_audit_entries', ' ');
    guarded CONSTANT boolean := coalesce(nullif(current_setting('autostack.row_security', TRUE), ''), 'off')::boolean OR EXISTS (
        SELECT
        FROM pg_class c
        WHERE c.relnamespace = 'public'::regnamespace AND c.relname = ANY (ours) AND c.relrowsecurity);
    owner_id oid;
    reader_id oid;
    makers oid[];
    item record;
BEGIN
    IF octet_length(prefix) > 54 THEN
        RAISE 'autostack.role_prefix has % bytes; at most 54 fit into the names of the roles', octet_length(prefix)
            USING ERRCODE = 'name_too_long';
    ELSIF starts_with(lower(prefix), 'pg_') OR prefix ~ '[[:cntrl:]]' THEN
        RAISE 'autostack.role_prefix must not begin with "pg_", nor hold control characters' USING ERRCODE = 'invalid_name';
    END IF;

    -- Two runs at once would change the same catalog rows.
    PERFORM pg_advisory_xact_lock(hashtextextended('autostack roles', 0));

    -- The roles, with no right that reaches past the rows of this database. Row security, where it is on, is for the tenant role and for
    -- roles of others: migrations, the work of the platform and reports see all rows that their rights name.
    FOR item IN
        SELECT r.name, r.login, CASE WHEN guarded AND r.passes THEN 'BYPASSRLS' ELSE 'NOBYPASSRLS' END AS row_security
        FROM (
            VALUES
                -- The jobs of TimescaleDB log in as the owner of their table, without a connection of their own.
                (owner, CASE WHEN EXISTS (SELECT FROM pg_extension e WHERE e.extname = 'timescaledb') THEN 'LOGIN CONNECTION LIMIT 0'
                    ELSE 'NOLOGIN' END, TRUE),
                (migrator, 'LOGIN', FALSE), (app, 'LOGIN', TRUE), (readonly, 'LOGIN CONNECTION LIMIT 5', TRUE),
                (tenant, 'NOLOGIN', FALSE)
        ) AS r (name, login, passes)
        WHERE guarded OR r.name <> tenant
    LOOP
        IF NOT EXISTS (SELECT FROM pg_roles p WHERE p.rolname = item.name) THEN
            EXECUTE format('CREATE ROLE %I', item.name);
        END IF;
        EXECUTE format(
            'ALTER ROLE %I %s NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION %s INHERIT', item.name, item.login, item.row_security);
    END LOOP;
    owner_id := (SELECT p.oid FROM pg_roles p WHERE p.rolname = owner);
    reader_id := (SELECT p.oid FROM pg_roles p WHERE p.rolname = readonly);

    FOR item IN
        SELECT m.roleid::regrole AS granted, m.member::regrole AS member, m.grantor::regrole AS grantor
        FROM pg_auth_members m
        JOIN pg_roles p ON p.oid = m.member
        JOIN pg_roles g ON g.oid = m.roleid
        WHERE p.rolname IN (app, readonly, tenant) AND NOT (guarded AND p.rolname = app AND g.rolname = tenant)
    LOOP
        EXECUTE format('REVOKE %s FROM %s', item.granted, item.member) || CASE
            WHEN current_setting('server_version_num')::int >= 160000 THEN format(' GRANTED BY %s CASCADE', item.grantor) ELSE '' END;
    END LOOP;
    IF NOT EXISTS (
        SELECT FROM pg_auth_members m JOIN pg_roles p ON p.oid = m.member WHERE m.roleid = owner_id AND p.rolname = migrator)
    THEN
        EXECUTE format('GRANT %I TO %I', owner, migrator);
    END IF;
    IF guarded AND NOT EXISTS (
        SELECT
        FROM pg_auth_members m
        JOIN pg_roles p ON p.oid = m.member AND p.rolname = app
        JOIN pg_roles g ON g.oid = m.roleid AND g.rolname = tenant)
    THEN
        EXECUTE format('GRANT %I TO %I', tenant, app);
    END IF;

    EXECUTE format('ALTER ROLE %I IN DATABASE %I RESET ALL', readonly, current_database());
    EXECUTE format('ALTER ROLE %I IN DATABASE %I SET role = %L', migrator, current_database(), owner);
    FOR i IN 1 .. array_length(settings, 1) LOOP
        -- One of them is not known to every version of the server.
        IF EXISTS (SELECT FROM pg_settings s WHERE s.name = settings[i][2]) THEN
            EXECUTE format('ALTER ROLE %I IN DATABASE %I SET %I = %L',
                prefix || '_' || settings[i][1], current_database(), settings[i][2], settings[i][3]);
        END IF;
    END LOOP;

    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC, %I, %I, %I', current_database(), migrator, app, readonly);
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I, %I, %I', current_database(), migrator, app, readonly);
    -- CREATE for the extension uuid-ossp.
    EXECUTE format('GRANT CREATE ON DATABASE %I TO %I', current_database(), owner);
    EXECUTE format('REVOKE ALL ON SCHEMA public FROM %I, %I, %I', migrator, app, readonly);
    REVOKE CREATE ON SCHEMA public FROM PUBLIC;
    EXECUTE format('GRANT USAGE, CREATE ON SCHEMA public TO %I', owner);
    EXECUTE format('GRANT USAGE ON SCHEMA public TO %I, %I', app, readonly);

    -- What the next upgrade makes is of use to the services at once, and to nobody else.
    FOR item IN
        SELECT DISTINCT
            d.defaclrole::regrole AS creator, d.defaclnamespace::regnamespace AS in_schema, d.defaclnamespace <> 0 AS has_schema,
            CASE d.defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'FUNCTIONS' WHEN 'T' THEN 'TYPES'
                WHEN 'n' THEN 'SCHEMAS' ELSE 'LARGE OBJECTS' END AS kind
        FROM pg_default_acl d, aclexplode(d.defaclacl) a
        WHERE (a.grantee = reader_id OR a.grantee = 0 AND d.defaclrole = owner_id)
    LOOP
        EXECUTE format('ALTER DEFAULT PRIVILEGES FOR ROLE %s %s REVOKE ALL ON %s FROM PUBLIC, %I',
            item.creator, CASE WHEN item.has_schema THEN format('IN SCHEMA %s', item.in_schema) ELSE '' END, item.kind, readonly);
    END LOOP;
    EXECUTE format('ALTER DEFAULT PRIVILEGES FOR ROLE %I REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC', owner);
    EXECUTE format('ALTER DEFAULT PRIVILEGES FOR ROLE %I IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO %I', owner, app);
    EXECUTE format('ALTER DEFAULT PRIVILEGES FOR ROLE %I IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO %I', owner, app);
    EXECUTE format('ALTER DEFAULT PRIVILEGES FOR ROLE %I IN SCHEMA public GRANT EXECUTE ON FUNCTIONS TO %I', owner, app);

    -- Tables that another role has made become the owner's, and the functions of the schema, when the role that owns the tables has made
    -- them, or a superuser. A function of anybody else stays theirs, whatever its name: where it works with the rights of its owner, it
    -- would get the rights of this one.
    makers := ARRAY(
        SELECT c.relowner FROM pg_class c WHERE c.oid IN (to_regclass('public.users'), to_regclass('public.deployments'))
        UNION ALL
        SELECT r.oid FROM pg_roles r WHERE r.rolsuper
        UNION ALL
        SELECT d.datdba FROM pg_database d WHERE d.datname = current_database());
    FOR item IN
        SELECT format('ALTER TABLE %s OWNER TO %I', c.oid::regclass, owner) AS statement
        FROM pg_class c
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND c.relname = ANY (ours) AND c.relowner <> owner_id
        UNION ALL
        -- The tables of the features log-partitions, timescale and audit, and the functions that work with the rights of their owner.
        SELECT format('ALTER SCHEMA %I OWNER TO %I', n.nspname, owner)
        FROM pg_namespace n
        WHERE n.nspname IN ('autostack_partitions', 'autostack_timescale', 'autostack_audit') AND n.nspowner <> owner_id
        UNION ALL
        SELECT format('ALTER TABLE %s OWNER TO %I', c.oid::regclass, owner)
        FROM pg_class c
        JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname IN ('autostack_partitions', 'autostack_timescale', 'autostack_audit') AND c.relkind IN ('r', 'p')
            AND c.relowner <> owner_id
        UNION ALL
        SELECT format('ALTER MATERIALIZED VIEW %s OWNER TO %I', c.oid::regclass, owner)
        FROM pg_class c
        WHERE c.oid = to_regclass('public.deployment_health_hours') AND c.relowner <> owner_id
        UNION ALL
        SELECT format('ALTER FUNCTION %s OWNER TO %I', p.oid::regprocedure, owner)
        FROM pg_proc p
        WHERE p.pronamespace = 'public'::regnamespace AND p.proname = ANY (functions) AND p.proowner <> owner_id
            AND p.proowner = ANY (makers)
    LOOP
        EXECUTE item.statement;
    END LOOP;

    FOR item IN
        SELECT c.oid::regclass AS name, c.relname, CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS kind, (
            SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum)
            FROM generate_subscripts(readable, 1) i
            JOIN pg_attribute a ON a.attname = ANY (string_to_array(readable[i][2], ' '))
            WHERE readable[i][1] = c.relname AND a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns
        FROM pg_class c
        WHERE c.relnamespace = 'public'::regnamespace AND c.relowner = owner_id AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
        ORDER BY c.relname
    LOOP
        EXECUTE format('REVOKE ALL ON %s %s FROM PUBLIC, %I, %I, %I CASCADE', item.kind, item.name, migrator, app, readonly);
        EXECUTE format('GRANT %s ON %s %s TO %I',
            CASE
                WHEN item.kind = 'SEQUENCE' THEN 'USAGE, SELECT'
                WHEN item.relname IN ('schema_versions', 'schema_version_changes') THEN 'SELECT'
                ELSE 'SELECT, INSERT, UPDATE, DELETE'
            END,
            item.kind, item.name, app);
        IF item.columns IS NOT NULL THEN
            -- A hypertable with compressed chunks refuses rights on columns; all columns of this one are readable.
            EXECUTE format('GRANT SELECT %s ON %s TO %I',
                CASE
                    WHEN item.relname = 'deployment_health_checks' AND to_regnamespace('autostack_timescale') IS NOT NULL THEN ''
                    ELSE format('(%s)', item.columns)
                END,
                item.name, readonly);
        END IF;
    END LOOP;

    -- The log of the feature audit: people read it. The services reach it through its triggers and functions only.
    IF EXISTS (SELECT FROM pg_namespace n WHERE n.nspname = 'autostack_audit') THEN
        EXECUTE format(
            'REVOKE ALL ON SCHEMA autostack_audit FROM PUBLIC, %1$I, %2$I, %3$I CASCADE;
            REVOKE ALL ON ALL TABLES IN SCHEMA autostack_audit FROM PUBLIC, %1$I, %2$I, %3$I CASCADE;
            GRANT USAGE ON SCHEMA autostack_audit TO %3$I;
            GRANT SELECT ON autostack_audit.changes, autostack_audit.seals, autostack_audit.audit_settings TO %3$I',
            migrator, app, readonly);
    END IF;

    FOR item IN
        SELECT p.oid::regprocedure AS name
        FROM pg_proc p
        WHERE p.pronamespace = 'public'::regnamespace AND p.proowner = owner_id
            AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
    LOOP
        EXECUTE format('REVOKE ALL ON ROUTINE %s FROM PUBLIC, %I, %I CASCADE', item.name, migrator, readonly);
        EXECUTE format('GRANT EXECUTE ON ROUTINE %s TO %I', item.name, app);
    END LOOP;

    -- By these functions a reader holds locks that writes and migrations need, fills the disk, and wakes workers. They are this database's
    -- only. The statements LISTEN and NOTIFY stay: PostgreSQL has no right for them that could be denied.
    FOR item IN
        SELECT p.oid::regprocedure AS name, p.proname = 'pg_notify' OR p.proname ~ '^pg_(try_)?advisory_' AS is_needed
        FROM pg_proc p
        WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.prokind = 'f' AND p.proname NOT IN ('lo_import', 'lo_export')
            AND (p.proname ~ '^(pg_(try_)?advisory_|lo_)' OR p.proname IN ('loread', 'lowrite', 'pg_notify', 'pg_logical_emit_message'))
    LOOP
        IF restricts THEN
            EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC, %I CASCADE', item.name, readonly);
            IF item.is_needed THEN
                EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %I, %I, %I', item.name, owner, migrator, app);
            END IF;
        ELSIF NOT has_function_privilege(reader_id, item.name, 'EXECUTE') THEN
            EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO PUBLIC', item.name);
        END IF;
    END LOOP;

    -- What neither of the above has reached: rights that a third role has given.
    FOR item IN
        SELECT format('%s on %s, for %s', r.name, c.oid::regclass, quote_ident(readonly)) AS what
        FROM pg_class c
        CROSS JOIN unnest(ARRAY['DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']
            || CASE WHEN current_setting('server_version_num')::int >= 170000 THEN ARRAY['MAINTAIN'] ELSE '{}' END) AS r (name)
        WHERE c.relnamespace = 'public'::regnamespace AND c.relowner = owner_id AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
            AND has_table_privilege(reader_id, c.oid, r.name)
        UNION ALL
        SELECT format('CREATE on schema public, for %s', quote_ident(g.name))
        FROM unnest(ARRAY[app, readonly]) AS g (name)
        WHERE has_schema_privilege(g.name, 'public', 'CREATE')
        UNION ALL
        SELECT format('%s on the database, for %s', r.name, quote_ident(g.name))
        FROM unnest(ARRAY[app, readonly]) AS g (name)
        CROSS JOIN unnest(ARRAY['CREATE', 'TEMPORARY']) AS r (name)
        WHERE has_database_privilege(g.name, current_database(), r.name)
    LOOP
        RAISE 'A role has a right that this script did not give and cannot revoke: %', item.what
            USING ERRCODE = 'invalid_grant_operation', HINT = 'Revoke it as the role that gave it.';
    END LOOP;

    FOR item IN
        SELECT c.oid::regclass AS name, a.attname
        FROM pg_class c
        JOIN pg_attribute a ON a.attrelid = c.oid
        WHERE c.relnamespace = 'public'::regnamespace AND c.relowner = owner_id AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
            AND a.attnum > 0 AND NOT a.attisdropped
            AND (has_column_privilege(reader_id, c.oid, a.attnum, 'INSERT') OR has_column_privilege(reader_id, c.oid, a.attnum, 'UPDATE')
                OR has_column_privilege(reader_id, c.oid, a.attnum, 'SELECT') AND NOT EXISTS (
                    SELECT
                    FROM generate_subscripts(readable, 1) i
                    WHERE readable[i][1] = c.relname AND a.attname = ANY (string_to_array(readable[i][2], ' '))))
    LOOP
        RAISE 'The role % has a right on %.% that this script did not give and cannot revoke',
            quote_ident(readonly), item.name, quote_ident(item.attname)
            USING ERRCODE = 'invalid_grant_operation',
                HINT = format('Look at \dp %s for who gave it, and revoke it as that role.', item.name);
    END LOOP;
END
$roles$;

COMMIT;
