using System.Collections.Concurrent;
using AutoStack.Data.Integrity;
using AutoStack.Data.Monitoring;
using AutoStack.Data.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace AutoStack.Data.Tests.Integrity;

public sealed class DatabaseVerifierTests : VerifierTests
{
    [Test]
    public async Task The_library_and_the_Python_services_leave_nothing_to_find()
    {
        var life = new LifeCycle(Services, Token);
        await life.RunAsync();
        await PythonAsync();

        // A log whose beginning retention has removed, and a deleted one of which a purge has removed some lines.
        await ExecuteAsync("""
            UPDATE deployments SET is_deleted = TRUE WHERE status = 'failed';
            DELETE FROM deployment_logs WHERE seq = 2 AND deployment_id IN (SELECT id FROM deployments WHERE is_deleted);
            DELETE FROM deployment_logs WHERE seq = 1 AND deployment_id IN (SELECT id FROM deployments WHERE status = 'success')
            """);

        Assert.That(await FindAsync(), Is.Empty);
        var result = await VerifyAsync();
        Assert.That(result.IsSound, Is.True);
        Assert.That(result.Checks.Select(check => check.Check), Is.EqualTo(VerificationOptions.CheckNames));
        Assert.That(
            result.Checks.Where(check => check.Rows == 0).Select(check => check.Check),
            Is.EquivalentTo(["heap-structure", "index-structure", "audit-chain"]),
            "Every other check has read something.");
        Assert.That(
            result.Findings.Select(finding => finding.Problem),
            Is.All.EqualTo("amcheck: not checked to the end: the extension is not installed."));
    }

    [Test]
    public async Task Running_writers_are_no_finding()
    {
        var names = Enumerable.Range(0, 3).Select(number => $"ada{number}").ToList();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var writers = names.Select(name => Task.Run(async () =>
        {
            var life = new LifeCycle(Services, Token);
            for (var round = 0; !stop.IsCancellationRequested; round++)
            {
                await life.RunAsync($"{name}-{round}");
            }

            return true;
        })).Append(Task.Run(async () =>
        {
            // Lines of one log by a writer of its own, and rows of the Python services.
            while (!stop.IsCancellationRequested)
            {
                await PythonAsync();
            }

            return true;
        })).ToList();
        var found = new List<string>();
        for (var run = 0; run < 8; run++)
        {
            found.AddRange(await FindAsync());
        }

        await stop.CancelAsync();
        await Task.WhenAll(writers);
        Assert.That(found, Is.Empty);
        Assert.That(await ScalarAsync<long>("SELECT count(*) FROM deployments"), Is.GreaterThan(30), "The writers were at work.");
    }

    [Test]
    public async Task An_open_transaction_is_not_seen_and_does_not_delay_a_run()
    {
        await new LifeCycle(Services, Token).RunAsync();
        await using var connection = await Raw.OpenConnectionAsync(Token);
        await using var transaction = await connection.BeginTransactionAsync(Token);
        await using (var command = new NpgsqlCommand(
            "UPDATE deployment_logs SET seq = seq + 100 WHERE seq = 3; UPDATE users SET name = 'x'; DELETE FROM deployment_stages",
            connection, transaction))
        {
            await command.ExecuteNonQueryAsync(Token);
        }

        Assert.That(await FindAsync(), Is.Empty);
        await transaction.RollbackAsync(Token);
    }

    [Test]
    public async Task A_locked_table_is_said_to_be_unchecked_and_the_others_are_checked()
    {
        await new LifeCycle(Services, Token).RunAsync();
        await using var connection = await Raw.OpenConnectionAsync(Token);
        await using var transaction = await connection.BeginTransactionAsync(Token);
        await using (var command = new NpgsqlCommand("LOCK TABLE sign_in_attempts IN ACCESS EXCLUSIVE MODE", connection, transaction))
        {
            await command.ExecuteNonQueryAsync(Token);
        }

        var found = await FindAsync("sign-in-attempt", "session-family");
        Assert.That(found, Is.EqualTo(
        [
            "sign-in-attempt Warning: sign_in_attempts: not checked to the end: another session has locked it, as a migration does.",
        ]));
        await transaction.RollbackAsync(Token);
    }

    [Test]
    public async Task A_role_without_rights_is_told_what_it_may_not_read()
    {
        await new LifeCycle(Services, Token).RunAsync();
        var role = $"reader_{Guid.NewGuid():N}";
        await ExecuteAsync($"CREATE ROLE {role} LOGIN PASSWORD 'x'; GRANT SELECT ON users, deployments, deployment_logs TO {role}");
        try
        {
            await using var services = new ServiceCollection()
                .AddAutoStackData(options => options.ConnectionString = new NpgsqlConnectionStringBuilder(ConnectionString)
                {
                    Username = role,
                    Password = "x",
                }.ConnectionString)
                .AddAutoStackDataWorkers()
                .BuildServiceProvider();
            var result = await services.GetRequiredService<IDatabaseVerifier>().VerifyAsync(null, null, Token);

            Assert.That(result.IsSound, Is.False);
            Assert.That(result.Findings.Where(finding => finding.Severity == Severity.Error), Is.Empty);
            Assert.That(
                result.Findings.Where(finding => finding.Rule == "session-family").Select(finding => finding.Problem),
                Has.One.Contains("the role may not read it (permission denied for table sessions)"));
            Assert.That(result.Checks.Single(check => check.Check == "log-sequence").Rows, Is.GreaterThan(0));
        }
        finally
        {
            NpgsqlConnection.ClearAllPools();
            await ExecuteAsync($"DROP OWNED BY {role}; DROP ROLE {role}");
        }
    }

    [Test]
    public async Task Without_a_key_the_form_of_secrets_is_checked()
    {
        await new LifeCycle(Services, Token).RunAsync();
        await using var services = With();
        var verifier = services.GetRequiredService<IDatabaseVerifier>();
        var options = new VerificationOptions { Checks = ["secret"] };
        Assert.That((await verifier.VerifyAsync(options, null, Token)).Findings.Select(finding => finding.Severity),
            Is.EqualTo([Severity.Information]));

        await ExecuteAsync("UPDATE projects SET env_vars = left(env_vars, 30)");
        Assert.That(
            (await verifier.VerifyAsync(options, null, Token)).Findings.Select(finding => finding.Problem),
            Has.One.StartsWith("projects.env_vars: an encrypted value is cut, or has no version: "));
    }

    [Test]
    public async Task No_finding_contains_a_value()
    {
        await new LifeCycle(Services, Token).RunAsync();
        await ExecuteAsync("""
            UPDATE users SET password_hash = 'hunter2'; UPDATE sessions SET token = 'hunter2' || id::text;
            UPDATE password_reset_tokens SET token_hash = 'hunter2'; UPDATE projects SET env_vars = 'enc:v2:hunter2 is my:secret';
            UPDATE deployments SET status = 'hunter2' WHERE status = 'success';
            UPDATE sign_in_attempts SET subject_hash = 'hunter2' || attempts
            WHERE subject_hash = (SELECT min(subject_hash) FROM sign_in_attempts)
            """);

        var found = (await VerifyAsync()).Findings;
        Assert.That(found.Select(finding => finding.Rule).Distinct(), Is.SupersetOf(["hash-form", "secret", "text-value"]));
        Assert.That(found.Select(finding => $"{finding}"), Has.None.Contains("hunter2"));
    }

    [Test]
    public async Task Findings_are_bounded_and_count_all_rows()
    {
        await new LifeCycle(Services, Token).RunAsync();
        await ExecuteAsync(
            "INSERT INTO users (name, email, password_hash) SELECT 'Ada', n || '@example.com', 'x' FROM generate_series(1, 5000) n");
        var progress = new ConcurrentQueue<VerificationProgress>();
        var result = await Services.GetRequiredService<IDatabaseVerifier>().VerifyAsync(
            new VerificationOptions { Checks = ["hash-form"], Examples = 3 }, new Reporter(progress.Enqueue), Token);

        var problem = result.Findings.Single().Problem;
        Assert.That(problem, Does.StartWith("users.password_hash: a password is not a bcrypt hash, 5000 times: ").And.EndsWith(", …."));
        Assert.That(problem.Split(", "), Has.Length.EqualTo(5));
        Assert.That(progress.Last(), Is.EqualTo(
            new VerificationProgress("hash-form", "users.password_hash", result.Checks[0].Rows, 1, 5000)));
    }

    [Test]
    public async Task A_sample_reads_about_its_part_of_a_large_table_and_small_tables_whole()
    {
        var life = new LifeCycle(Services, Token);
        await life.RunAsync();
        await ExecuteAsync("""
            INSERT INTO deployment_logs (deployment_id, message, seq) SELECT d.id, repeat('x', 1000), n
            FROM deployments d, generate_series(4, 20000) n WHERE d.status = 'success'
            """);
        var verifier = Services.GetRequiredService<IDatabaseVerifier>();
        var result = await verifier.VerifyAsync(new VerificationOptions { Checks = ["log-sequence", "lease"], Sample = 0.1 }, null, Token);
        Assert.That(result.IsSound, Is.True);
        Assert.That(result.Checks[0].Rows, Is.InRange(1_000, 4_000));
        var (leases, deployments) = (await ScalarAsync<long>("SELECT count(*) FROM deployment_leases"),
            await ScalarAsync<long>("SELECT count(*) FROM deployments WHERE NOT is_deleted"));
        Assert.That(result.Checks[1].Rows, Is.EqualTo(leases + deployments));
        Assert.That((await VerifyAsync("log-sequence")).Checks[0].Rows, Is.GreaterThan(19_999));
    }

    [Test]
    public async Task A_statement_at_its_time_limit_is_split_and_then_said_to_be_unchecked()
    {
        await new LifeCycle(Services, Token).RunAsync();
        await ExecuteAsync("""
            CREATE FUNCTION slow(text) RETURNS boolean LANGUAGE sql AS 'SELECT pg_sleep(0.05) IS NOT NULL';
            ALTER TABLE users ADD CONSTRAINT slow CHECK (slow(name)) NOT VALID;
            UPDATE pg_constraint SET convalidated = TRUE WHERE conname = 'slow'
            """);
        var result = await Services.GetRequiredService<IDatabaseVerifier>().VerifyAsync(
            new VerificationOptions { Checks = ["check-constraint"], StatementTimeout = TimeSpan.FromMilliseconds(40) }, null, Token);
        Assert.That(
            result.Findings.Select(finding => finding.Problem),
            Has.Member("users.slow: not checked to the end: the statement reached its time limit."));
    }

    [Test]
    public void Wrong_options_are_refused_by_name()
    {
        var verifier = Services.GetRequiredService<IDatabaseVerifier>();
        foreach (var (options, name) in new[]
        {
            (new VerificationOptions { Checks = ["nothing"] }, "options.Checks has an unknown check"),
            (new VerificationOptions { Checks = [null!] }, "Checks"),
            (new VerificationOptions { Sample = 0 }, "Sample"), (new VerificationOptions { Sample = double.NaN }, "Sample"),
            (new VerificationOptions { Sample = 1.1 }, "Sample"),
            (new VerificationOptions { StatementTimeout = TimeSpan.Zero }, "StatementTimeout"),
            (new VerificationOptions { Examples = 0 }, "Examples"), (new VerificationOptions { Examples = 101 }, "Examples"),
        })
        {
            Assert.That(
                () => verifier.VerifyAsync(options, null, Token), Throws.InstanceOf<ArgumentException>().With.Message.Contains(name));
        }
    }

    [Test]
    public void Every_check_is_in_the_table_of_the_page()
    {
        var page = File.ReadAllText(Path.Combine(SourceRoot.Path, "docs", "verify.md"));
        Assert.That(
            page[page.IndexOf("## Checks", StringComparison.Ordinal)..page.IndexOf("## After", StringComparison.Ordinal)]
                .Split('\n').Where(line => line.StartsWith("| `", StringComparison.Ordinal)).Select(line => line.Split('`')[1]),
            Is.EqualTo(VerificationOptions.CheckNames));
        foreach (var rule in IntegrityRules.All)
        {
            Assert.That(page, Does.Contain(rule.Holds), rule.Name);
        }
    }

    // What the Python services write: stages with capitals, ends in several transactions, tokens and secrets in clear, lines that a trigger
    // numbers.
    private Task PythonAsync() => ExecuteAsync("""
        DO $$
        DECLARE
            ada uuid := gen_random_uuid();
            site uuid := gen_random_uuid();
            build uuid := gen_random_uuid();
            stopped uuid := gen_random_uuid();
        BEGIN
            INSERT INTO users (id, name, email, password_hash) VALUES (ada, 'Ada', ada || '@example.com', '$2b$12$' || repeat('a', 53));
            INSERT INTO sessions (user_id, token, expires_at) VALUES (ada, gen_random_uuid()::text, now() + interval '7 days');
            INSERT INTO projects (id, user_id, name, repository, env_vars) VALUES (site, ada, 'ada/site', 'ada/site', '{"A": "1"}');
            COMMIT;
            INSERT INTO deployments (id, project_id, user_id, status) VALUES (build, site, ada, 'queued'), (stopped, site, ada, 'queued');
            INSERT INTO deployment_stages (deployment_id, stage_name, status, started_at) VALUES (build, 'Queued', 'in_progress', now());
            COMMIT;
            UPDATE deployments SET started_at = now() WHERE id IN (build, stopped);
            COMMIT;
            UPDATE deployments SET status = 'building' WHERE id IN (build, stopped);
            INSERT INTO deployment_stages (deployment_id, stage_name, status, started_at) VALUES
                (build, 'Building', 'in_progress', now()), (stopped, 'Building', 'in_progress', now());
            INSERT INTO deployment_logs (deployment_id, message) VALUES (build, 'one'), (build, 'two');
            COMMIT;
            UPDATE deployment_stages SET status = 'failed', completed_at = now() WHERE deployment_id = build AND stage_name = 'Building';
            COMMIT;
            UPDATE deployments SET status = 'failed', completed_at = now() WHERE id = build;
            INSERT INTO deployment_stages (deployment_id, stage_name, status, started_at, completed_at) VALUES
                (build, 'Failed', 'completed', now(), now()), (stopped, 'Cancelled', 'completed', now(), now());
            UPDATE deployments SET status = 'cancelled' WHERE id = stopped;
            COMMIT;
        END
        $$
        """);

    private sealed class Reporter(Action<VerificationProgress> report) : IProgress<VerificationProgress>
    {
        public void Report(VerificationProgress value) => report(value);
    }
}
