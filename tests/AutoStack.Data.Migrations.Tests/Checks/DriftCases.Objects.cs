namespace AutoStack.Data.Migrations.Tests.Checks;

internal static partial class DriftCases
{
    private const string OwnTrigger =
        "CREATE FUNCTION own_f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; " +
        "CREATE TRIGGER own_audit AFTER INSERT OR UPDATE OR DELETE ON users FOR EACH ROW EXECUTE FUNCTION own_f()";

    private const string Orphan =
        "SET session_replication_role = replica; UPDATE sessions SET user_id = gen_random_uuid(); RESET session_replication_role";

    private static readonly Drift[] Constraints =
    [
        new("ALTER TABLE users DROP CONSTRAINT users_email_key", Expectation.Mended, "is missing"),
        new("ALTER TABLE users DROP CONSTRAINT users_github_id_key; UPDATE users SET github_id = 'same'",
            Expectation.Obstacle, "1 key of users that several rows have"),
        new("ALTER TABLE users DROP CONSTRAINT users_email_key; CREATE UNIQUE INDEX own_email ON users (email)",
            Expectation.Mended, "index own_email is the same"),
        new("ALTER TABLE sessions RENAME CONSTRAINT sessions_user_id_fkey TO own_user", Expectation.Mended, "own_user is the same"),
        new("ALTER TABLE users DROP CONSTRAINT users_pkey CASCADE", Expectation.Mended, "users_pkey is missing"),
        new("ALTER TABLE sessions DROP CONSTRAINT sessions_user_id_fkey, ADD CONSTRAINT sessions_user_id_fkey FOREIGN KEY (user_id) " +
            "REFERENCES users", Expectation.LosesSecurity, "DELETE on users that it refuses now"),
        new("ALTER TABLE sessions DROP CONSTRAINT sessions_user_id_fkey, ADD CONSTRAINT sessions_user_id_fkey FOREIGN KEY (user_id) " +
            "REFERENCES users ON DELETE CASCADE NOT VALID", Expectation.Mended, "not validated"),
        new("ALTER TABLE sessions DROP CONSTRAINT sessions_user_id_fkey; UPDATE sessions SET user_id = gen_random_uuid()",
            Expectation.Obstacle, "2 rows of sessions without their row of users"),
        new("ALTER TABLE sessions DROP CONSTRAINT sessions_user_id_fkey; UPDATE sessions SET user_id = gen_random_uuid(); " +
            "ALTER TABLE sessions ADD CONSTRAINT sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES users ON DELETE CASCADE NOT VALID",
            Expectation.Obstacle, "2 rows of sessions without their row of users"),
        new("ALTER TABLE sessions DISABLE TRIGGER ALL", Expectation.Mended, "its triggers are off"),
        new("ALTER TABLE sessions DISABLE TRIGGER ALL; " + Orphan, Expectation.Obstacle, "2 rows of sessions without their row of users"),
        new("ALTER TABLE users DROP CONSTRAINT users_required_check, ADD CONSTRAINT users_required_check CHECK (" +
            "created_at IS NOT NULL AND updated_at IS NOT NULL) NOT VALID", Expectation.Mended, "not validated"),
        new("ALTER TABLE users DROP CONSTRAINT users_required_check; UPDATE users SET updated_at = NULL",
            Expectation.Obstacle, "2 rows of users against the check"),
        new("ALTER TABLE users DROP CONSTRAINT users_required_check, ADD CONSTRAINT users_required_check CHECK (" +
            "created_at IS NOT NULL AND updated_at IS NOT NULL AND name <> '')", Expectation.Loses, "defined differently"),
        new("ALTER TABLE users DROP CONSTRAINT users_email_key; ALTER TABLE users ADD CONSTRAINT users_email_key UNIQUE (email, name)",
            Expectation.Loses, "defined differently"),
        new("ALTER TABLE deployment_stages DROP CONSTRAINT deployment_stages_pkey; " +
            "ALTER TABLE deployment_stages ADD CONSTRAINT deployment_stages_pkey PRIMARY KEY (id, deployment_id); " +
            "CREATE TABLE own_refs (a uuid, b uuid, FOREIGN KEY (a, b) REFERENCES deployment_stages (id, deployment_id))",
            Expectation.Obstacle, "Constraint own_refs.own_refs_a_b_fkey refers to it"),
        new("ALTER TABLE projects ADD CONSTRAINT own_short CHECK (length(name) < 200)", Expectation.Protects, "own_short"),
        new("ALTER TABLE projects ADD CONSTRAINT own_fkey FOREIGN KEY (user_id) REFERENCES users", Expectation.Protects, "own_fkey"),
        new("ALTER TABLE projects ADD CONSTRAINT own_excluded EXCLUDE (id WITH =)", Expectation.Protects, "own_excluded"),
        new("ALTER TABLE deployment_logs ADD CONSTRAINT own_line UNIQUE USING INDEX deployment_logs_deployment_id_seq_key",
            Expectation.Mended, "own_line"),
        new("CREATE TABLE own_table (user_id uuid REFERENCES users ON DELETE CASCADE)", Expectation.Remark, ""),
    ];

    private static readonly Drift[] Functions =
    [
        new("CREATE OR REPLACE FUNCTION assign_log_seq() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.seq := 1; RETURN NEW; END'",
            Expectation.LosesSecurity, "only the found body refuses"),
        new("DROP FUNCTION assign_log_seq() CASCADE", Expectation.Mended, "is missing"),
        new("ALTER FUNCTION assign_log_seq() RENAME TO own_seq", Expectation.Mended, "function own_seq() is the same"),
        new("CREATE SCHEMA own; ALTER FUNCTION assign_log_seq() SET SCHEMA own", Expectation.Mended, "it is in the schema own"),
        new("DO $$ BEGIN EXECUTE replace(pg_get_functiondef('assign_log_seq'::regproc), 'public.assign_log_seq', " +
            "'public.own_seq'); END $$; DROP FUNCTION assign_log_seq() CASCADE",
            Expectation.Mended, "Function assign_log_seq() is missing."),
        new("CREATE SCHEMA own; DO $$ BEGIN EXECUTE replace(pg_get_functiondef('assign_log_seq'::regproc), 'public.assign_log_seq', " +
            "'own.assign_log_seq'); END $$; DROP FUNCTION assign_log_seq() CASCADE",
            Expectation.Mended, "Function assign_log_seq() is missing."),
        new("DROP FUNCTION assign_log_seq() CASCADE; CREATE FUNCTION assign_log_seq() RETURNS int LANGUAGE sql AS 'SELECT 1'",
            Expectation.Mended, "defined differently"),
        new("DROP TRIGGER deployment_logs_assign_seq ON deployment_logs", Expectation.Mended, "is missing"),
        new("ALTER TRIGGER deployment_logs_assign_seq ON deployment_logs RENAME TO own_seq", Expectation.Mended, "own_seq is the same"),
        new("ALTER TABLE deployment_logs DISABLE TRIGGER deployment_logs_assign_seq", Expectation.Mended, "is disabled"),
        new("ALTER TABLE deployment_logs ENABLE REPLICA TRIGGER deployment_logs_assign_seq", Expectation.Mended, "defined differently"),
        new("CREATE SCHEMA own; CREATE FUNCTION own.assign_log_seq() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; " +
            "DROP TRIGGER deployment_logs_assign_seq ON deployment_logs; CREATE TRIGGER deployment_logs_assign_seq BEFORE INSERT ON " +
            "deployment_logs FOR EACH ROW WHEN (NEW.seq IS NULL) EXECUTE FUNCTION own.assign_log_seq('log_bytes')",
            Expectation.LosesSecurity, "defined differently"),
        new("CREATE FUNCTION own_f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; " +
            "DROP TRIGGER deployment_logs_assign_seq ON deployment_logs; CREATE TRIGGER deployment_logs_assign_seq BEFORE INSERT ON " +
            "deployment_logs FOR EACH ROW WHEN (NEW.seq IS NULL) EXECUTE FUNCTION own_f()", Expectation.Loses, "defined differently"),
        new(OwnTrigger, Expectation.Protects, "own_audit"),
        new(OwnTrigger + "; ALTER TABLE users DISABLE TRIGGER own_audit", Expectation.Protects, "own_audit"),
        new("CREATE RULE own_keep AS ON DELETE TO users DO INSTEAD NOTHING", Expectation.Protects, "own_keep"),
    ];

    private static readonly Drift[] Tables =
    [
        new("DROP TABLE deployment_health_checks", Expectation.Mended, "is missing"),
        new("ALTER TABLE deployment_runtime_logs SET UNLOGGED", Expectation.Mended, "is unlogged"),
        new("ALTER TABLE users ENABLE ROW LEVEL SECURITY", Expectation.Protects, "under row level security"),
        new("ALTER TABLE users ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
            Expectation.Protects, "under forced row level security"),
        new("ALTER TABLE users ENABLE ROW LEVEL SECURITY; CREATE POLICY own_policy ON users FOR SELECT USING (true)",
            Expectation.Protects, "own_policy"),
        new("ALTER TABLE users ENABLE ROW LEVEL SECURITY; ALTER TABLE users DROP CONSTRAINT users_email_key",
            Expectation.Protects, "under row level security"),
        new("ALTER TABLE sessions RENAME TO own_sessions", Expectation.Mended, "table own_sessions is the same"),
        new("ALTER TABLE users RENAME TO \"own Users\"; DROP INDEX idx_users_email", Expectation.Mended, "table own Users is the same"),
        new("CREATE SCHEMA own; ALTER TABLE sessions SET SCHEMA own", Expectation.Mended, "it is in the schema own"),
        new("CREATE SCHEMA \"own Schema\"; ALTER TABLE users SET SCHEMA \"own Schema\"; " +
            "ALTER TABLE deployments SET SCHEMA \"own Schema\"; ALTER TABLE projects SET SCHEMA \"own Schema\"",
            Expectation.Mended, "it is in the schema own Schema"),
        new("CREATE TABLE own_sessions AS TABLE sessions; DROP TABLE sessions", Expectation.Obstacle, "sessions may be own_sessions"),
        new("CREATE TABLE own_sessions (LIKE sessions INCLUDING ALL); INSERT INTO own_sessions TABLE sessions; DROP TABLE sessions",
            Expectation.Obstacle, "sessions may be own_sessions"),
        new("CREATE SCHEMA own; CREATE TABLE own.sessions AS TABLE sessions; DROP TABLE sessions",
            Expectation.Obstacle, "own.sessions has its name, but"),
        new("CREATE SCHEMA own; CREATE TABLE own.users (LIKE users INCLUDING ALL); " +
            "CREATE TABLE own.sessions (LIKE sessions INCLUDING ALL); " +
            "ALTER TABLE own.sessions ADD CONSTRAINT sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES own.users " +
            "ON DELETE CASCADE; " +
            "DROP TABLE sessions", Expectation.Obstacle, "own.sessions has its name, but"),
        new("CREATE SCHEMA own; CREATE SCHEMA own2; ALTER TABLE sessions SET SCHEMA own; CREATE TABLE own2.sessions AS TABLE own.sessions",
            Expectation.Obstacle, "sessions may be own.sessions or own2.sessions"),
        new("ALTER TABLE sessions RENAME TO own_sessions; ALTER TABLE own_sessions RENAME token TO own_token",
            Expectation.Obstacle, "sessions may be own_sessions"),
        new("ALTER TABLE sessions RENAME TO own_sessions; CREATE VIEW sessions AS TABLE own_sessions", Expectation.Obstacle, "is a view"),
        new("ALTER TABLE deployment_logs RENAME TO own_logs; CREATE TABLE deployment_logs (LIKE own_logs INCLUDING DEFAULTS) " +
            "PARTITION BY RANGE (\"timestamp\"); CREATE TABLE own_part PARTITION OF deployment_logs DEFAULT",
            Expectation.Obstacle, "is partitioned"),
        new("CREATE TABLE own_vip () INHERITS (users); INSERT INTO own_vip (name, email) VALUES ('Ada', 'vip@example.com')",
            Expectation.Obstacle, "is a parent of public.own_vip"),
        new("CREATE TABLE own_all (id uuid NOT NULL); ALTER TABLE sessions INHERIT own_all",
            Expectation.Obstacle, "is a child of public.own_all"),
    ];

    private static readonly Drift[] Others =
    [
        new("DROP EXTENSION \"uuid-ossp\" CASCADE", Expectation.Mended, "Extension uuid-ossp is missing"),
        new("DROP EXTENSION \"uuid-ossp\" CASCADE; CREATE FUNCTION uuid_generate_v4() RETURNS uuid LANGUAGE sql AS 'SELECT NULL::uuid'",
            Expectation.Obstacle, "that is not the extension's"),
        new("CREATE EXTENSION pg_trgm; ALTER TABLE users SET (fillfactor = 80); COMMENT ON TABLE users IS 'people'",
            Expectation.Remark, ""),
        new("ALTER TABLE schema_versions DROP CONSTRAINT schema_versions_pkey", Expectation.Mended, "schema_versions_pkey is missing"),
        new("ALTER TABLE schema_versions ALTER checksum DROP NOT NULL", Expectation.Mended, "schema_versions.checksum allows NULL"),
        new("ALTER TABLE schema_versions ALTER duration_ms TYPE integer", Expectation.Mended, "duration_ms is integer instead of bigint"),
        new("ALTER TABLE schema_versions ADD own_note text", Expectation.Loses, "schema_versions.own_note"),
        new("DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET session_replication_role = replica', current_database()); END $$",
            Expectation.Mended, "triggers and foreign keys do not fire"),
        new("CREATE SCHEMA own; DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = own', current_database()); END $$",
            Expectation.Mended, "search_path without public"),
        new("CREATE SCHEMA own; CREATE TABLE own.users (id int); " +
            "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = own, public', current_database()); END $$",
            Expectation.Obstacle, "own.users hides public.users"),
        new("DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = on', current_database()); END $$",
            Expectation.Protects, "makes transactions read-only"),
        new("DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET timezone = ''Asia/Kolkata''', current_database()); END $$",
            Expectation.Remark, ""),
        new("CREATE FUNCTION own_f() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'; " +
            "CREATE EVENT TRIGGER own_ddl ON ddl_command_end EXECUTE FUNCTION own_f()", Expectation.Remark, "Event trigger own_ddl"),
    ];
}
