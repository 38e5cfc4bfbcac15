using AutoStack.Data.Testing;
using Npgsql;

namespace AutoStack.Data.Tests.Access;

/// <summary>
/// An operator with the read-only role who wants more: on the server of the run, and on one of each release of <c>@embedded-postgres</c>.
/// </summary>
[TestFixture("")]
[TestFixture("14.23.0-beta.17")]
[TestFixture("16.14.0-beta.17")]
[TestFixture("17.10.0-beta.17")]
[TestFixture("18.4.0-beta.17")]
public sealed class ReaderTests(string release)
{
    private const string Hidden = "hunter2";

    /// <summary>Every column that the role does not read, and why.</summary>
    private static readonly Dictionary<string, string> Withheld = new()
    {
        ["users.password_hash"] = "a hash can be guessed at leisure",
        ["sessions.token"] = "tokens of the Python services are stored in clear",
        ["sessions.client_key_hash"] = "what a client proves itself by",
        ["sessions.sealed_token"] = "the current token, encrypted with the client's key",
        ["deployment_leases.claim_key"] = "a worker proves its claim with it",
        ["upkeep_leases.claim_key"] = "a process proves its lease with it",
        ["sign_in_attempts.subject_hash"] = "accounts and addresses can be guessed from it",
        ["password_reset_tokens.token_hash"] = "tokens of the Python services may be stored in clear",
        ["email_verification_tokens.token_hash"] = "what a mail proves itself by",
        ["github_connections.github_access_token"] = "in clear when the Python services stored it",
        ["github_connections.github_refresh_token"] = "in clear when the Python services stored it",
        ["github_connections.github_access_token_version"] = "what the token is bound to",
        ["github_connections.github_refresh_token_version"] = "what the token is bound to",
        ["projects.env_vars"] = "in clear when the Python services stored it",
        ["projects.env_vars_version"] = "what the environment is bound to",
        ["projects.repository"] = "an address of another writer may hold a password",
        ["projects.repository_path"] = "part of such an address",
        ["projects.build_command"] = "people type tokens into commands",
        ["deployments.env_vars"] = "in clear when the Python services stored it",
        ["deployments.env_vars_version"] = "what the environment is bound to",
        ["webhook_payloads.payload_json"] = "what providers send, with their tokens",
        ["webhook_payloads.headers"] = "what providers send, with their tokens",
    };

    private PostgresServer? own;
    private RolesDatabase database = null!;

    private static CancellationToken Token => TestContext.CurrentContext.CancellationToken;

    [OneTimeSetUp]
    public async Task CreateAsync()
    {
        try
        {
            own = release.Length == 0 ? null : await PostgresServer.StartAsync(new PostgresServerOptions { NpmVersion = release });
        }
        catch (PostgresUnavailableException exception)
        {
            Assert.Ignore(exception.Message);
        }

        database = await RolesDatabase.CreateAsync(own ?? TestServer.Current);
        await database.UpgradeAsync();
        await database.RunScriptAsync();
        await database.AsSuperuserAsync($"""
            INSERT INTO users (name, email, password_hash)
            SELECT 'n' || i, 'e' || i || '@example.com', '{Hidden}' FROM generate_series(1, 200) i;
            INSERT INTO projects (user_id, name, repository, build_command, env_vars)
            SELECT id, 'p', '{Hidden}', '{Hidden}', '{Hidden}' FROM users;
            INSERT INTO sessions (user_id, token, expires_at) SELECT id, '{Hidden}' || id, now() FROM users;
            INSERT INTO webhook_payloads (provider, payload_json, headers) SELECT 'github', '["{Hidden}"]', '["{Hidden}"]' FROM users;
            ANALYZE;
            """);
    }

    [OneTimeTearDown]
    public async Task DropAsync()
    {
        if (database is not null)
        {
            await database.DisposeAsync();
        }

        if (own is not null)
        {
            await own.DisposeAsync();
        }
    }

    [Test]
    public async Task Every_column_is_readable_or_withheld_for_a_reason()
    {
        const string Columns = """
            SELECT c.relname || '.' || a.attname
            FROM pg_class c
            JOIN pg_attribute a ON a.attrelid = c.oid
            WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm') AND a.attnum > 0 AND NOT a.attisdropped
            """;
        var all = await database.ListAsync(Columns);
        var readable = await database.ListAsync("readonly", Columns + " AND has_column_privilege(c.oid, a.attnum, 'SELECT')");

        Assert.That(
            all.Except(readable),
            Is.EquivalentTo(Withheld.Keys),
            "List a new column in scripts/roles.sql, or here with the reason why it is not there.");
        Assert.That(readable, Is.Not.Empty);
        await database.RunAllAsync(
            "readonly", readable.Select(column => column.Split('.')).Select(column => $"SELECT \"{column[1]}\" FROM {column[0]}"));
    }

    [Test]
    public Task A_withheld_column_cannot_be_read_in_any_way() => database.DeniedAllAsync(
        "readonly",
        from name in Withheld.Keys
        let parts = name.Split('.')
        from sql in ReadsOf(parts[0], parts[1])
        select sql);

    [Test]
    public async Task Statistics_show_no_value_of_a_withheld_column()
    {
        database.Denied("readonly", "SELECT * FROM pg_statistic");
        var shown = await database.ListAsync("readonly", "SELECT tablename || '.' || attname FROM pg_stats WHERE schemaname = 'public'");
        Assert.That(shown.Intersect(Withheld.Keys), Is.Empty);
        Assert.That(shown, Does.Contain("users.email"));
        Assert.That(await database.ListAsync("readonly", $"SELECT s::text FROM pg_stats s WHERE s::text LIKE '%{Hidden}%'"), Is.Empty);
        Assert.That(await database.ListAsync("readonly", $"SELECT s::text FROM pg_stats_ext s WHERE s::text LIKE '%{Hidden}%'"), Is.Empty);
        Assert.That(
            await database.ListAsync("readonly", """
                SELECT query
                FROM pg_stat_activity
                WHERE usename <> current_user AND query NOT IN ('', '<insufficient privilege>')
                """),
            Is.Empty);
    }

    [TestCase("INSERT INTO users (name, email) VALUES ('n', 'e')")]
    [TestCase("INSERT INTO users (name, email) VALUES ('n', 'e') RETURNING password_hash")]
    [TestCase("UPDATE users SET name = name RETURNING password_hash")]
    [TestCase("DELETE FROM users")]
    [TestCase("TRUNCATE users")]
    [TestCase("SELECT id FROM users FOR UPDATE")]
    [TestCase("SELECT id FROM users FOR KEY SHARE")]
    [TestCase("LOCK TABLE users IN ACCESS SHARE MODE")]
    [TestCase("LOCK TABLE users IN ACCESS EXCLUSIVE MODE")]
    [TestCase("CREATE TABLE public.more ()")]
    [TestCase("CREATE VIEW public.more AS SELECT 1")]
    [TestCase("CREATE FUNCTION public.lower(varchar) RETURNS text LANGUAGE sql AS 'SELECT 1'")]
    [TestCase("CREATE TEMP TABLE more ()")]
    [TestCase("CREATE TEMP SEQUENCE more")]
    [TestCase("CREATE SCHEMA more")]
    [TestCase("CREATE EXTENSION pgcrypto")]
    [TestCase("SELECT id INTO TEMP more FROM users")]
    [TestCase("COPY users (id) TO PROGRAM 'cat'")]
    [TestCase("COPY users (id) TO '/tmp/users'")]
    [TestCase("SELECT pg_read_file('/etc/passwd')")]
    [TestCase("SELECT lo_create(0)")]
    [TestCase("SELECT lo_creat(-1)")]
    [TestCase("SELECT lo_from_bytea(0, 'x')")]
    [TestCase("SELECT lo_import('/etc/passwd')")]
    [TestCase("SELECT lo_open(1, 131072)")]
    [TestCase("SELECT lo_put(1, 0, 'x')")]
    [TestCase("SELECT pg_notify('autostack', '')")]
    [TestCase("SELECT pg_logical_emit_message(false, 'x', 'y')")]
    [TestCase("SET ROLE pg_read_all_data")]
    [TestCase("ALTER ROLE CURRENT_USER CONNECTION LIMIT -1")]
    [TestCase("ALTER ROLE CURRENT_USER SUPERUSER")]
    [TestCase("SET temp_file_limit = -1")]
    [TestCase("SET session_replication_role = replica")]
    [TestCase("SET log_statement = 'none'")]
    [TestCase("SET lo_compat_privileges = on")]
    public void A_reader_who_leaves_the_read_only_mode_writes_and_locks_nothing(string sql) =>
        database.Denied("readonly", $"BEGIN; {sql}", "-c default_transaction_read_only=off");

    [Test]
    public async Task A_reader_can_neither_acquire_nor_release_an_advisory_lock()
    {
        var functions = await database.ListAsync("""
            SELECT format(
                'SELECT %s(%s)',
                p.proname,
                array_to_string(ARRAY(SELECT format('1::%s', format_type(t, NULL)) FROM unnest(p.proargtypes) t), ', '))
            FROM pg_proc p
            WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.proname ~ 'advisory'
            """);

        Assert.That(functions, Has.Count.GreaterThanOrEqualTo(21));
        await database.DeniedAllAsync("readonly", functions);
        await database.RunAllAsync("app", functions);
        await database.RunAllAsync("migrator", functions);
    }

    [TestCase("default_transaction_read_only", "on")]
    [TestCase("statement_timeout", "1min")]
    [TestCase("idle_in_transaction_session_timeout", "1min")]
    [TestCase("idle_session_timeout", "30min")]
    [TestCase("lock_timeout", "2s")]
    [TestCase("temp_file_limit", "1GB")]
    public async Task A_session_of_a_reader_is_limited(string setting, string value) =>
        Assert.That(await database.ListAsync("readonly", $"SHOW {setting}"), Is.EqualTo(new[] { value }));

    [TestCase("app", "statement_timeout", "0")]
    [TestCase("app", "idle_session_timeout", "0")]
    [TestCase("app", "idle_in_transaction_session_timeout", "10min")]
    [TestCase("migrator", "statement_timeout", "0")]
    [TestCase("migrator", "idle_session_timeout", "0")]
    [TestCase("migrator", "idle_in_transaction_session_timeout", "0")]
    public async Task A_limit_of_the_database_ends_no_listener_and_no_migration(string role, string setting, string value)
    {
        var name = new NpgsqlConnectionStringBuilder(database.SuperuserConnectionString).Database;
        await database.AsSuperuserAsync($"ALTER DATABASE {name} SET idle_session_timeout = '1s'");

        Assert.That(await database.ListAsync(role, $"SHOW {setting}"), Is.EqualTo(new[] { value }));
    }

    [Test]
    public async Task A_sixth_connection_of_readers_is_refused()
    {
        var connections = new List<NpgsqlConnection>();
        try
        {
            for (var i = 0; i < 5; i++)
            {
                connections.Add(new NpgsqlConnection(database.As("readonly")));
                await connections[^1].OpenAsync(Token);
            }

            database.Refused("readonly", "SELECT 1", PostgresErrorCodes.TooManyConnections);
        }
        finally
        {
            foreach (var connection in connections)
            {
                await connection.DisposeAsync();
            }
        }
    }

    [Test]
    public async Task A_role_of_another_program_cannot_connect()
    {
        var stranger = database.Role("stranger");
        await database.AsSuperuserAsync($"CREATE ROLE {stranger} LOGIN PASSWORD 'of the test only'");
        try
        {
            database.Denied("stranger", "SELECT 1");
        }
        finally
        {
            await database.AsSuperuserAsync($"DROP ROLE {stranger}");
        }
    }

    // The ways to read a column, or a row that contains it.
    private static string[] ReadsOf(string table, string column) =>
    [
        $"SELECT {column} FROM {table}",
        $"SELECT t FROM {table} t",
        $"SELECT * FROM {table}",
        $"SELECT t.* FROM {table} t",
        $"SELECT row_to_json(t) FROM {table} t",
        $"SELECT to_jsonb(t) -> '{column}' FROM {table} t",
        $"SELECT t::text FROM {table} t",
        $"TABLE {table}",
        $"COPY {table} TO STDOUT",
        $"COPY {table} ({column}) TO STDOUT",
        $"COPY (SELECT {column} FROM {table}) TO STDOUT",
        $"SELECT 1 FROM {table} WHERE {column} IS NOT NULL",
        $"SELECT 1 FROM {table} ORDER BY {column}",
        $"SELECT 1 FROM {table} GROUP BY {column}",
        $"SELECT count({column}) FROM {table}",
        $"SELECT row_number() OVER (ORDER BY {column}) FROM {table}",
        $"SELECT 1 FROM {table} a JOIN {table} b USING ({column})",
        $"SELECT query_to_xml('SELECT {column} FROM {table}', true, true, '')",
        $"SELECT table_to_xml('{table}', true, true, '')",
        $"DO 'BEGIN PERFORM {column} FROM {table}; END'",
        $"DECLARE c CURSOR WITH HOLD FOR SELECT {column} FROM {table}",
        $"EXPLAIN SELECT {column} FROM {table}",
        $"SELECT ({table}).{column} FROM {table}",
        $"SELECT {column}::text FROM {table}",
        $"PREPARE s_{table}_{column} AS SELECT {column} FROM {table}; EXECUTE s_{table}_{column}",
    ];
}
