using AutoStack.Data.Tests.Support;
using Npgsql;

namespace AutoStack.Data.Tests.Conventions;

/// <summary>Removing an account finds its rows in every child table by an index, whatever the number of rows of other accounts.</summary>
public sealed class Cascades : DatabaseTests
{
    // One account has a thousand deployments and a hundred thousand lines; nine hundred accounts are small.
    private const string Fill =
        """
        CREATE FUNCTION uid(kind int, n bigint) RETURNS uuid IMMUTABLE LANGUAGE sql AS
        $$ SELECT (lpad(kind::text, 8, '0') || '-0000-0000-0000-' || lpad(n::text, 12, '0'))::uuid $$;

        INSERT INTO users (id, name, email, created_at, updated_at)
        SELECT uid(1, n), 'Ada', 'cascade-' || n || '@example.com', now(), now() FROM generate_series(0, 900) n;
        INSERT INTO user_preferences (id, user_id, created_at, updated_at)
        SELECT uid(2, n), uid(1, n), now(), now() FROM generate_series(0, 900) n;
        INSERT INTO github_connections (id, user_id, github_access_token, connected_at)
        SELECT uid(2, n), uid(1, n), 'enc', now() FROM generate_series(0, 900) n;
        INSERT INTO sessions (id, user_id, token, expires_at, created_at)
        SELECT uid(2, n), uid(1, n % 901), 'hash-' || n, now(), now() FROM generate_series(0, 3600) n;
        INSERT INTO password_reset_tokens (id, user_id, token_hash, expires_at, created_at)
        SELECT uid(2, n), uid(1, n % 901), 'hash-' || n, now(), now() FROM generate_series(0, 3600) n;
        INSERT INTO email_verification_tokens (id, user_id, purpose, email, previous_email, token_hash, expires_at, created_at)
        SELECT uid(2, n), uid(1, n % 901), 'verify', 'a@example.com', 'a@example.com', 'hash-' || n, now(), now()
        FROM generate_series(0, 3600) n;
        INSERT INTO user_identities (id, user_id, provider, provider_id, linked_at)
        SELECT uid(2, n), uid(1, n), 'gitlab', n::text, now() FROM generate_series(0, 900) n;

        INSERT INTO projects (id, user_id, name, repository, created_at, updated_at)
        SELECT uid(3, n), uid(1, CASE WHEN n < 10 THEN 0 ELSE n % 900 + 1 END), 'Site', 'ada/site', now(), now()
        FROM generate_series(0, 1809) n;
        INSERT INTO queue_pauses (id, project_id, paused_by, paused_at)
        SELECT uid(3, n), uid(3, n), 'Ada', now() FROM generate_series(0, 1809) n;
        INSERT INTO live_deployments (project_id, is_production, branch, deployment_id, queued_at, live_at)
        SELECT uid(3, n), TRUE, '', uid(4, n), now(), now() FROM generate_series(0, 1809) n;
        INSERT INTO deployments (id, project_id, user_id, status, commit_message, created_at)
        SELECT uid(4, n), p.id, p.user_id, 'success', repeat('m', 100), now()
        FROM generate_series(0, 9999) n JOIN projects p ON p.id = uid(3, CASE WHEN n < 1000 THEN n % 10 ELSE n % 1800 + 10 END);

        INSERT INTO deployment_stages (id, deployment_id, stage_name, status, created_at)
        SELECT uid(5, n), uid(4, n), 'building', 'completed', now() FROM generate_series(0, 9999) n;
        INSERT INTO deployment_leases (deployment_id, worker, claim_key, attempt, claimed_at, renewed_at)
        SELECT uid(4, n), 'w', uid(5, n), 1, now(), now() FROM generate_series(0, 9999) n;
        INSERT INTO deployment_log_ends (deployment_id, seq) SELECT uid(4, n), 1 FROM generate_series(0, 9999) n;
        INSERT INTO deployment_containers (id, deployment_id, container_id, image, port, status, created_at, stopped_at)
        SELECT uid(5, n), uid(4, n), 'c', 'i', 30000, 'stopped', now(), now() FROM generate_series(0, 9999) n;
        INSERT INTO deployment_health_checks (id, deployment_id, url, checked_at)
        SELECT uid(5, n), uid(4, n), 'http://localhost', now() FROM generate_series(0, 9999) n;
        INSERT INTO deployment_runtime_logs (id, deployment_id, message, timestamp, seq)
        SELECT uid(5, n), uid(4, n), 'line', now(), 1 FROM generate_series(0, 9999) n;
        INSERT INTO webhook_payloads (id, deployment_id, provider, payload_json, headers, received_at)
        SELECT uid(5, n), uid(4, n), 'github', '{}', '{}', now() FROM generate_series(0, 9999) n;
        INSERT INTO deployment_logs (id, deployment_id, message, timestamp, created_at, seq)
        SELECT uid(5, n), uid(4, CASE WHEN n < 100000 THEN n % 1000 ELSE n % 9000 + 1000 END), 'line', now(), now(), n
        FROM generate_series(0, 119999) n;
        """;

    // The counters of the transaction itself: they exclude other sessions and need no flush.
    private const string Scans =
        """
        SELECT DISTINCT t.relname::text, t.seq_scan, t.idx_scan
        FROM pg_stat_xact_user_tables t JOIN pg_constraint c ON c.conrelid = t.relid AND c.contype = 'f'
        WHERE t.schemaname = 'public'
        """;

    // The tables without rows; one test reports them, and the others would fail for the same reason.
    private readonly List<string> empty = [];

    [OneTimeSetUp]
    public async Task FillAsync()
    {
        await ExecuteAsync(Fill);
        await ExecuteAsync("ANALYZE");
        foreach (var table in (await RemoveAsync(before: null)).Select(scan => scan.Table))
        {
            if (!(bool)(await ScalarAsync($"SELECT EXISTS (SELECT FROM {table})"))!)
            {
                empty.Add(table);
            }
        }
    }

    [Test]
    public async Task Every_table_below_an_account_has_rows()
    {
        Assert.That(empty, Is.Empty, "Insert rows into these tables in Cascades.Fill: the planner uses no index of an empty table.");
        Assert.That(await RemoveAsync(before: null), Is.Not.Empty);
    }

    [Test]
    public async Task Removing_an_account_scans_no_child_table()
    {
        Assume.That(empty, Is.Empty);
        var scans = await RemoveAsync(before: null);

        Assert.That(scans.Where(s => s.SeqScans != 0), Is.Empty, "Add an index to these tables: the cascade reads them as a whole.");
        Assert.That(scans.Where(s => s.IndexScans == 0), Is.Empty, "The cascade uses no index of these tables.");
    }

    // Proves that the test above fails when an index is missing.
    [TestCase("projects", "user_id")]
    [TestCase("deployments", "project_id")]
    [TestCase("deployments", "user_id")]
    [TestCase("sessions", "user_id")]
    [TestCase("webhook_payloads", "deployment_id")]
    public async Task A_missing_index_is_reported_as_a_scan(string table, string column)
    {
        Assume.That(empty, Is.Empty);
        var scans = await RemoveAsync(
            $"""
            DO $do$ DECLARE bad regclass; BEGIN
                FOR bad IN SELECT indexrelid::regclass FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = indkey[0]
                           WHERE indrelid = '{table}'::regclass AND attname = '{column}' LOOP
                    EXECUTE 'DROP INDEX ' || bad;
                END LOOP;
            END $do$
            """);

        Assert.That(scans.Where(s => s.SeqScans != 0).Select(s => s.Table), Is.EqualTo(new[] { table }));
    }

    /// <summary>Removes the large account in a transaction that is rolled back, and returns how its tables were read.</summary>
    private async Task<List<(string Table, long SeqScans, long IndexScans)>> RemoveAsync(string? before)
    {
        await using var connection = new NpgsqlConnection(Database.ConnectionString);
        await connection.OpenAsync(Token);
        await using var transaction = await connection.BeginTransactionAsync(Token);
        if (before is not null)
        {
            await using var change = new NpgsqlCommand(before, connection);
            await change.ExecuteNonQueryAsync(Token);
        }

        var earlier = (await ReadAsync()).ToDictionary(s => s.Table);
        await using (var delete = new NpgsqlCommand("DELETE FROM users WHERE id = uid(1, 0)", connection))
        {
            Assert.That(await delete.ExecuteNonQueryAsync(Token), Is.EqualTo(1));
        }

        return [.. (await ReadAsync()).Select(s => (
            s.Table,
            s.SeqScans - earlier.GetValueOrDefault(s.Table).SeqScans,
            s.IndexScans - earlier.GetValueOrDefault(s.Table).IndexScans))];

        async Task<List<(string Table, long SeqScans, long IndexScans)>> ReadAsync()
        {
            var scans = new List<(string Table, long SeqScans, long IndexScans)>();
            await using var command = new NpgsqlCommand(Scans, connection);
            await using var reader = await command.ExecuteReaderAsync(Token);
            while (await reader.ReadAsync(Token))
            {
                scans.Add((reader.GetString(0), reader.GetInt64(1), reader.GetInt64(2)));
            }

            return scans;
        }
    }
}
