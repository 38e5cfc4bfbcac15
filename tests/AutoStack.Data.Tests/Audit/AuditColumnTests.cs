namespace AutoStack.Data.Tests.Audit;

/// <summary>Which values of the audited tables are stored.</summary>
public sealed class AuditColumnTests : AuditTestsBase
{
    // Every column that is not stored. A new column is here until its script says otherwise.
    private static readonly string[] Secrets =
    [
        "deployments.env_vars", "deployments.env_vars_version",
        "email_verification_tokens.token_hash",
        "github_connections.github_access_token", "github_connections.github_access_token_version",
        "github_connections.github_refresh_token", "github_connections.github_refresh_token_version",
        "password_reset_tokens.token_hash",
        "projects.build_command", "projects.env_vars", "projects.env_vars_version", "projects.repository", "projects.repository_path",
        "sessions.client_key_hash", "sessions.sealed_token", "sessions.token",
        "users.password_hash",
        "webhook_payloads.headers", "webhook_payloads.payload_json",
    ];

    // What a build changes of a deployment all the time: alone it is no entry. env_vars_version changes with env_vars only.
    private static readonly string[] Progress =
        ["build_duration_seconds", "completed_at", "env_vars_version", "queue_place", "started_at"];

    [Test]
    public async Task Every_column_is_stored_or_a_known_secret()
    {
        var hidden = (string)(await ScalarAsync("""
            SELECT string_agg(DISTINCT c.relname || '.' || a.attname, ' ' ORDER BY c.relname || '.' || a.attname)
            FROM pg_trigger t
            JOIN pg_class c ON c.oid = t.tgrelid AND c.relnamespace = 'public'::regnamespace
            JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
            WHERE t.tgfoid IN ('record_audited_row'::regproc, 'record_audited_rows'::regproc)
              AND a.attname::text <> ALL (string_to_array(encode(t.tgargs, 'escape'), '\000'))
            """))!;

        Assert.That(hidden.Split(' '), Is.EquivalentTo(Secrets));
    }

    [Test]
    public async Task The_tables_are_those_of_accounts_projects_and_deployments_and_those_that_were_asked_for() => Assert.That(
        ((string)(await ScalarAsync("""
            SELECT string_agg(DISTINCT t.tgrelid::regclass || ' ' || n.number, ', ' ORDER BY t.tgrelid::regclass || ' ' || n.number)
            FROM pg_trigger t
            CROSS JOIN LATERAL (
                SELECT count(*) AS number FROM pg_trigger s WHERE s.tgrelid = t.tgrelid AND s.tgname LIKE '%\_record\_%'
            ) n
            WHERE t.tgfoid = 'record_audited_rows'::regproc AND NOT t.tgisinternal
            """))!).Split(", "),
        Is.EqualTo(new[]
        {
            "deployment_containers 4", "deployment_health_checks 4", "deployment_logs 4", "deployment_runtime_logs 4",
            "deployment_stages 4", "deployments 4", "email_verification_tokens 4", "github_connections 4", "password_reset_tokens 4",
            "projects 4", "sessions 4", "user_identities 4", "user_preferences 4", "users 4", "webhook_payloads 4",
        }));

    [Test]
    public async Task Every_column_of_a_deployment_is_recorded_or_known_as_progress()
    {
        var definition = (string)(await ScalarAsync(
            "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgname = 'deployments_record_update'"))!;
        var columns = ((string)(await ScalarAsync("""
            SELECT string_agg(attname, ' ') FROM pg_attribute WHERE attrelid = 'deployments'::regclass AND attnum > 0 AND NOT attisdropped
            """))!).Split(' ');

        Assert.That(
            columns.Where(column => !System.Text.RegularExpressions.Regex.IsMatch(definition, $@"new\.{column}\b")),
            Is.EquivalentTo(Progress));
    }

    [Test]
    public async Task No_entry_has_a_secret()
    {
        var project = await AddProjectAsync();
        var deployment = await EnqueueAsync(project);
        await ExecuteAsync($$"""
            UPDATE users SET password_hash = 'hidden 1' WHERE id = '{{project.UserId}}';
            UPDATE projects SET env_vars = 'hidden 2', build_command = 'hidden 3', repository = 'hidden4/site',
                env_vars_version = gen_random_uuid() WHERE id = '{{project.Id}}';
            UPDATE deployments SET env_vars = 'hidden 5' WHERE id = '{{deployment.Id}}';
            INSERT INTO sessions (user_id, token, sealed_token, client_key_hash, expires_at)
            VALUES ('{{project.UserId}}', 'hidden 6', 'hidden 7', 'hidden 8', now());
            INSERT INTO email_verification_tokens
            VALUES (gen_random_uuid(), '{{project.UserId}}', 'verify', 'a', 'a', 'hidden 0', now(), NULL, NULL, now());
            INSERT INTO password_reset_tokens (user_id, token_hash, expires_at) VALUES ('{{project.UserId}}', 'hidden 9', now());
            INSERT INTO github_connections (user_id, github_access_token, github_refresh_token)
            VALUES ('{{project.UserId}}', 'hidden 10', 'hidden 11');
            INSERT INTO webhook_payloads (deployment_id, provider, payload_json, headers)
            VALUES ('{{deployment.Id}}', 'github', '{"a": "hidden 12"}', '{"b": "hidden 13"}');
            UPDATE github_connections SET github_access_token = 'hidden 14' WHERE user_id = '{{project.UserId}}';
            DELETE FROM webhook_payloads WHERE deployment_id = '{{deployment.Id}}';
            DELETE FROM users WHERE id = '{{project.UserId}}';
            """);

        var entries = await NewEntriesAsync();
        Assert.That(
            await ScalarAsync("SELECT count(*) FROM autostack_audit.changes c WHERE c::text LIKE '%hidden%'"), Is.EqualTo(0L));
        var told = entries.SelectMany(entry => entry.Columns.Where(column => column.IsSecret)
            .Select(column => $"{entry.Table}.{column.Name}")).Distinct();
        Assert.That(told, Is.SupersetOf(Secrets.Where(name => !name.EndsWith("_version", StringComparison.Ordinal))));
    }
}
