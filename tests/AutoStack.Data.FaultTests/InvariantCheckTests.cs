using System.Diagnostics.CodeAnalysis;
using AutoStack.Data.FaultTests.Invariants;
using AutoStack.Data.FaultTests.Ledgers;
using AutoStack.Data.FaultTests.Schedules;
using AutoStack.Data.FaultTests.Servers;
using AutoStack.Data.FaultTests.Sites;
using AutoStack.Data.FaultTests.Workload;
using AutoStack.Data.Logs;
using Npgsql;

namespace AutoStack.Data.FaultTests;

/// <summary>
/// Every check sees the damage it is for. A run without faults is damaged, in its rows (in a transaction that is rolled back) or in a copy
/// of its ledger.
/// </summary>
[TestFixture]
public sealed class InvariantCheckTests
{
    private static readonly TimeSpan ShortWait = TimeSpan.FromMilliseconds(300);

    private Laboratory lab = null!;
    private Report report = null!;

    private static CancellationToken Token => TestContext.CurrentContext.CancellationToken;

    [OneTimeSetUp]
    public async Task RunWithoutFaultsAsync()
    {
        lab = await Laboratory.StartAsync(FaultServers.Current, 7, Token);

        // Until the rows that the tests damage exist.
        while (!lab.Ledger.Effects.Any(effect => effect is { Kind: RowKind.HealthCheck, Attempts: [Verdict.Refused] })
            || !lab.Ledger.SignIns.Any(signIn => signIn.State == SignInState.Ended)
            || lab.Ledger.Calls.Count(call => call.Operation == "Sessions.RotateAsync") < 5
            || lab.Ledger.Calls.Count(call => call.Operation == "Lifecycle, success") < 3
            || lab.Ledger.Ports.Count < 5 || !lab.Ledger.Ports.Any(use => use.IsStopAcknowledged))
        {
            await Task.Delay(20, Token);
        }

        report = await lab.EndAsync(Token);
    }

    [OneTimeTearDown]
    public async Task DropAsync()
    {
        if (lab is not null)
        {
            await lab.DisposeAsync();
        }
    }

    [Test]
    public void A_run_without_faults_has_no_findings() => Assert.That(report.Findings, Is.Empty, report.ToString());

    [TestCase("DELETE FROM deployment_health_checks WHERE id = (SELECT id FROM deployment_health_checks LIMIT 1)",
        FindingKind.Lost, "HealthCheck", TestName = "An_acknowledged_health_check_that_is_gone_is_lost")]
    [TestCase("DELETE FROM webhook_payloads WHERE id = (SELECT id FROM webhook_payloads LIMIT 1)",
        FindingKind.Lost, "Webhook", TestName = "An_acknowledged_webhook_that_is_gone_is_lost")]
    [TestCase("DELETE FROM deployment_containers WHERE id = (SELECT id FROM deployment_containers LIMIT 1)",
        FindingKind.Lost, "Container", TestName = "An_acknowledged_container_that_is_gone_is_lost")]
    [TestCase("DELETE FROM users WHERE id = (SELECT id FROM users ORDER BY created_at DESC LIMIT 1)",
        FindingKind.Lost, "User", TestName = "An_acknowledged_user_that_is_gone_is_lost")]
    [TestCase("""
        INSERT INTO webhook_payloads (id, provider, payload_json, headers, received_at)
        SELECT uuid_generate_v4(), provider, payload_json, headers, received_at FROM webhook_payloads LIMIT 1
        """, FindingKind.Doubled, "rows of Webhook", TestName = "A_delivery_in_two_rows_is_doubled")]
    [TestCase("UPDATE projects SET name = 'another' WHERE id = (SELECT id FROM projects LIMIT 1)",
        FindingKind.Unexpected, "instead of", TestName = "A_row_with_another_text_is_unexpected")]
    [TestCase("DELETE FROM deployments WHERE id = (SELECT id FROM deployments WHERE commit_message LIKE 'first %' LIMIT 1)",
        FindingKind.Torn, "only a part", TestName = "A_unit_of_work_without_one_of_its_rows_is_torn")]
    [TestCase("DELETE FROM deployment_logs WHERE id = (SELECT id FROM deployment_logs WHERE seq = 2 LIMIT 1)",
        FindingKind.Disordered, "has number 3 at place 2", TestName = "A_gap_in_a_log_is_found")]
    [TestCase("DELETE FROM deployment_logs WHERE id = (SELECT id FROM deployment_logs WHERE seq = 2 LIMIT 1)",
        FindingKind.Lost, "1 lines in the log", TestName = "A_line_that_is_gone_is_lost")]
    [TestCase("""
        INSERT INTO deployment_logs (id, deployment_id, message, seq)
        SELECT uuid_generate_v4(), deployment_id, message,
            (SELECT max(m.seq) + 1 FROM deployment_logs m WHERE m.deployment_id = l.deployment_id)
        FROM deployment_logs l LIMIT 1
        """, FindingKind.Doubled, "1 lines in the log", TestName = "A_line_that_is_stored_twice_is_doubled")]
    [TestCase("""
        WITH log AS (SELECT deployment_id AS id FROM deployment_logs WHERE message = 'log one#2' LIMIT 1)
        UPDATE deployment_logs SET message = CASE message WHEN 'log one#1' THEN 'log one#2' ELSE 'log one#1' END
        WHERE deployment_id = (SELECT id FROM log) AND message IN ('log one#1', 'log one#2')
        """, FindingKind.Disordered, "not in the order", TestName = "Two_lines_of_a_writer_in_the_wrong_order_are_found")]
    [TestCase("""
        INSERT INTO deployment_logs (id, deployment_id, message, seq)
        SELECT uuid_generate_v4(), deployment_id, 'stranger#1', max(seq) + 1 FROM deployment_logs GROUP BY deployment_id LIMIT 1
        """, FindingKind.Unexpected, "who wrote none", TestName = "A_line_of_nobody_is_unexpected")]
    [TestCase("UPDATE deployments SET status = 'building' WHERE id = (SELECT id FROM deployments WHERE status = 'success' LIMIT 1)",
        FindingKind.Lost, "its worker reported", TestName = "A_status_before_the_acknowledged_one_is_lost")]
    [TestCase("DELETE FROM deployment_stages WHERE stage_name = 'building'",
        FindingKind.Lost, "the stage building", TestName = "An_acknowledged_stage_that_is_gone_is_lost")]
    [TestCase("""
        DROP INDEX deployment_stages_deployment_id_stage_name_key;
        INSERT INTO deployment_stages (id, deployment_id, stage_name, status)
        SELECT uuid_generate_v4(), deployment_id, stage_name, status FROM deployment_stages LIMIT 1
        """, FindingKind.Doubled, "2 stages", TestName = "A_stage_in_two_rows_is_doubled")]
    [TestCase("""
        DROP INDEX deployment_containers_host_port_key;
        UPDATE deployment_containers SET port = 30000, status = 'running'
        """, FindingKind.Doubled, "containers have port 30000", TestName = "A_port_of_two_containers_is_doubled")]
    [TestCase("UPDATE deployment_containers SET status = 'stopped'",
        FindingKind.Unexpected, "which nobody reported", TestName = "A_container_that_nobody_stopped_is_unexpected")]
    [TestCase("UPDATE deployment_containers SET status = 'starting', port = port + 5000 WHERE status = 'stopped'",
        FindingKind.Lost, "reported stopped and is not", TestName = "An_acknowledged_stop_that_is_gone_is_lost")]
    [TestCase("""
        INSERT INTO password_reset_tokens (id, user_id, token_hash, expires_at)
        SELECT uuid_generate_v4(), user_id, 'x', expires_at FROM password_reset_tokens WHERE used_at IS NULL LIMIT 1
        """, FindingKind.Doubled, "2 valid reset tokens", TestName = "Two_valid_reset_tokens_are_doubled")]
    [TestCase("UPDATE password_reset_tokens SET used_at = now()",
        FindingKind.Lost, "the reset token", TestName = "An_acknowledged_reset_token_that_is_used_is_lost")]
    [TestCase("UPDATE sessions SET rotated_at = NULL",
        FindingKind.Torn, "of them valid", TestName = "A_family_with_two_valid_tokens_is_torn")]
    [TestCase("UPDATE sessions SET rotated_at = now()",
        FindingKind.Torn, "0 of them valid", TestName = "A_family_without_a_valid_token_is_torn")]
    [TestCase("DELETE FROM sessions",
        FindingKind.Lost, "the last token", TestName = "An_acknowledged_session_that_is_gone_is_lost")]
    public async Task Damaged_rows_are_found([ConstantExpected] string damage, object kind, string text) =>
        Expect(await CheckDamagedAsync(damage), (FindingKind)kind, text);

    [Test]
    public async Task A_refused_row_that_is_there_is_unexpected()
    {
        var refused = lab.Ledger.Effects.First(effect => effect is { Kind: RowKind.HealthCheck, Verdict: Verdict.Refused });
        Expect(
            await CheckDamagedAsync("""
                INSERT INTO deployment_health_checks (id, deployment_id, url, is_live)
                SELECT $1, id, $2, true FROM deployments LIMIT 1
                """, refused.Id, refused.Mark),
            FindingKind.Unexpected, "was refused and is there");
    }

    [Test]
    public async Task A_revoked_family_that_is_there_is_unexpected()
    {
        var ended = lab.Ledger.SignIns.First(signIn => signIn.State == SignInState.Ended);
        Expect(
            await CheckDamagedAsync(
                "INSERT INTO sessions (id, user_id, token, expires_at) VALUES ($1, $2, 'x', now() + '1 day')",
                ended.FamilyId,
                ended.UserId),
            FindingKind.Unexpected, "was revoked and is there");
    }

    [Test]
    public async Task A_deployment_that_two_workers_claimed_is_doubled()
    {
        var ledger = Copy();
        ledger.Builds.Enqueue(new Build("worker three", ledger.Builds.First(build => build.DeploymentId is not null).DeploymentId));
        Expect(await CheckAsync(ledger), FindingKind.Doubled, "and worker three");
    }

    [Test]
    public async Task A_started_deployment_without_a_worker_is_lost()
    {
        var ledger = Copy();
        ledger.Builds.TryDequeue(out _);
        Expect(await CheckAsync(ledger), FindingKind.Lost, "is started, and no worker has it");
    }

    [Test]
    public async Task A_row_that_nobody_sent_is_unexpected()
    {
        var ledger = Copy();
        ledger.Effects.TryDequeue(out _);
        Expect(await CheckAsync(ledger), FindingKind.Unexpected, "was sent by nobody");
    }

    [Test]
    public async Task A_family_that_nobody_sent_is_unexpected()
    {
        var ledger = Copy();
        ledger.SignIns.Clear();
        Expect(await CheckAsync(ledger), FindingKind.Unexpected, "the family");
    }

    [Test]
    public async Task A_repetition_that_was_refused_although_the_row_is_there_is_a_contradiction()
    {
        var ledger = Copy();
        ledger.Effects.TryDequeue(out var effect);
        var told = ledger.Expect(effect!.Kind, effect.Id, effect.Mark);
        told.Attempts.AddRange([Verdict.Unknown, Verdict.Refused]);
        Expect(await CheckAsync(ledger), FindingKind.Contradiction, "its repetition was refused");
    }

    [Test]
    public async Task A_port_that_was_given_away_while_in_use_is_doubled()
    {
        var ledger = Copy();
        var use = ledger.Ports.First();
        ledger.Ports.Enqueue(new PortUse(Guid.NewGuid(), use.Port, use.From));
        Expect(await CheckAsync(ledger), FindingKind.Doubled, "was still that of");
    }

    [TestCase(FindingKind.Lost, "did not see 1 lines", TestName = "A_line_that_a_follower_did_not_see_is_lost")]
    [TestCase(FindingKind.Doubled, "saw 1 lines again", TestName = "A_line_that_a_follower_saw_twice_is_doubled")]
    [TestCase(FindingKind.Unexpected, "1 lines that are not stored", TestName = "A_line_that_is_not_stored_and_not_replaced_is_found")]
    [TestCase(FindingKind.Disordered, "saw 1 lines too early", TestName = "Lines_that_a_follower_saw_in_another_order_are_found")]
    public async Task What_a_follower_saw_is_compared(object kind, string text)
    {
        var ledger = Copy();
        var follow = lab.Ledger.Follows.First(follow => follow.Seen.Count > 2);
        var seen = new List<DeploymentLog>(follow.Seen);
        switch ((FindingKind)kind)
        {
            case FindingKind.Lost:
                seen.RemoveAt(1);
                break;
            case FindingKind.Doubled:
                seen.Insert(1, seen[1]);
                break;
            case FindingKind.Unexpected:
                // The first one is replaced by the line after it, which has its number; the second one has a number before that.
                seen.Insert(1, seen[1] with { Id = Guid.NewGuid() });
                seen.Insert(2, seen[0] with { Id = Guid.NewGuid() });
                break;
            default:
                (seen[0], seen[1]) = (seen[1], seen[0]);
                break;
        }

        var told = new Follow(follow.Follower, follow.DeploymentId);
        told.Seen.AddRange(seen);
        ledger.Follows.Enqueue(told);
        Expect(await CheckAsync(ledger), (FindingKind)kind, text);
    }

    [Test]
    public async Task A_line_that_comes_again_after_a_lost_line_before_it_was_replaced_is_no_finding()
    {
        var follow = lab.Ledger.Follows.First(follow => follow.Seen.Count > 2);
        var seen = new List<DeploymentLog>(follow.Seen);
        seen.Insert(1, seen[1] with { Id = Guid.NewGuid() });
        seen.Insert(2, seen[3]);
        var ledger = Copy();
        var told = new Follow(follow.Follower, follow.DeploymentId);
        told.Seen.AddRange(seen);
        ledger.Follows.Enqueue(told);
        Assert.That(await CheckAsync(ledger), Is.Empty);
    }

    [Test]
    public async Task What_a_caller_could_not_explain_is_a_finding()
    {
        var ledger = Copy();
        ledger.Contradictions.Enqueue("the answer was impossible");
        Expect(await CheckAsync(ledger), FindingKind.Contradiction, "impossible");
    }

    [Test]
    public async Task A_connection_that_is_left_open_is_found()
    {
        await using var proxy = new Proxy(lab.Server.Port);
        var site = new ServerSite(lab.Server, lab.Database, proxy);
        await using var connection = await OpenAsync();
        await using var left = new NpgsqlConnection(site.ConnectionStringOf(Service.Prefix + "left"));
        await left.OpenAsync(Token);
        var findings = await LeftBehindCheck.RunAsync([], site, connection, ShortWait, Token);
        Expect(findings, FindingKind.LeftBehind, "a connection of service left");
        Expect(findings, FindingKind.LeftBehind, "1 connections to the proxy");
    }

    [Test]
    public async Task An_object_that_is_held_after_disposal_is_found()
    {
        await using var proxy = new Proxy(lab.Server.Port);
        var site = new ServerSite(lab.Server, lab.Database, proxy);
        await using var connection = await OpenAsync();
        var service = new Service(site, "held");
        var held = service.Get<IDeploymentLogWriter>();
        Expect(
            await LeftBehindCheck.RunAsync([service], site, connection, ShortWait, Token),
            FindingKind.LeftBehind, "something holds the objects of service held");
        GC.KeepAlive(held);
    }

    private static void Expect(IReadOnlyList<Finding> findings, FindingKind kind, string text) =>
        Assert.That(
            findings, Has.Some.Matches<Finding>(finding => finding.Kind == kind && finding.Text.Contains(text, StringComparison.Ordinal)));

    private async Task<NpgsqlConnection> OpenAsync()
    {
        var connection = new NpgsqlConnection(lab.Server.ConnectionStringTo(lab.Database));
        await connection.OpenAsync(Token);
        return connection;
    }

    private async Task<IReadOnlyList<Finding>> CheckAsync(Ledger ledger)
    {
        await using var connection = await OpenAsync();
        return await InvariantCheck.RunAsync(ledger, connection, Token);
    }

    private async Task<IReadOnlyList<Finding>> CheckDamagedAsync([ConstantExpected] string damage, params object[] values)
    {
        await using var connection = await OpenAsync();
        await using var transaction = await connection.BeginTransactionAsync(Token);
#pragma warning disable CA2100 // A constant of this file.
        await using (var command = new NpgsqlCommand(damage, connection))
#pragma warning restore CA2100
        {
            foreach (var value in values)
            {
                command.Parameters.Add(new NpgsqlParameter { Value = value });
            }

            Assert.That(await command.ExecuteNonQueryAsync(Token), Is.Positive, "rows were damaged");
        }

        var findings = await InvariantCheck.RunAsync(lab.Ledger, connection, Token);
        await transaction.RollbackAsync(Token);
        return findings;
    }

    /// <summary>A ledger with the same entries, to which a test adds and from which it takes.</summary>
    private Ledger Copy()
    {
        var copy = new Ledger();
        Add(lab.Ledger.Effects, copy.Effects);
        Add(lab.Ledger.Units, copy.Units);
        Add(lab.Ledger.Builds, copy.Builds);
        Add(lab.Ledger.SignIns, copy.SignIns);
        Add(lab.Ledger.Ports, copy.Ports);
        Add(lab.Ledger.Follows, copy.Follows);
        foreach (var (user, use) in lab.Ledger.Resets)
        {
            copy.Resets[user] = use;
        }

        foreach (var (log, count) in lab.Ledger.Lines)
        {
            copy.Lines[log] = count;
        }

        return copy;

        static void Add<T>(IEnumerable<T> from, System.Collections.Concurrent.ConcurrentQueue<T> to)
        {
            foreach (var entry in from)
            {
                to.Enqueue(entry);
            }
        }
    }
}
