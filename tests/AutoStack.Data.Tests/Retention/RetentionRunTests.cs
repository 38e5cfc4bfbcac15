using AutoStack.Data.Retention;
using AutoStack.Data.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace AutoStack.Data.Tests.Retention;

/// <summary>The run that one process makes at a time: lease, schedule, limits. The clock is a fake one.</summary>
[CancelAfter(120_000)]
public sealed class RetentionRunTests : DatabaseTests
{
    private static readonly RetentionPacing NoPauses = new() { NiceRatio = 0 };
    private static readonly RetentionRunOptions Now = new() { Pacing = NoPauses };

    private IRetentionService Retention => Get<IRetentionService>();

    [SetUp]
    public Task EmptyAsync() => ExecuteAsync("TRUNCATE users, upkeep_leases CASCADE");

    [Test]
    public async Task A_run_records_its_end_and_gives_the_lease_back()
    {
        await AddSessionsAsync(5);
        Assert.That(await Retention.FindStateAsync(Token), Is.Null);

        var run = await RunAsync(Now with { Holder = "first" });

        Assert.That((run.Outcome, run.Rows, run.State), Is.EqualTo((RetentionRunOutcome.Completed, 5L, (UpkeepState?)null)));
        Assert.That(run.Results, Has.Count.EqualTo(RetentionRules.All.Count));
        var state = (await Retention.FindStateAsync(Token))!;
        Assert.That(
            (state.IsRunning, state.Holder, state.LastHolder, state.LastOutcome, state.LastRows),
            Is.EqualTo((false, "first", "first", UpkeepOutcome.Completed, 5L)));
        Assert.That(state.LastStartedAt, Is.EqualTo(state.AcquiredAt));
        Assert.That(state.LastFinishedAt, Is.GreaterThanOrEqualTo(state.LastStartedAt).And.EqualTo(state.ReleasedAt));
        Assert.That(state.LastSucceededAt, Is.EqualTo(state.LastFinishedAt));
    }

    [Test]
    public async Task A_held_lease_keeps_others_out_until_it_expires()
    {
        await AddSessionsAsync(1);
        RetentionRun? second = null;
        await RunAsync(Now with { Holder = "first" }, onBatch: async () =>
            second = await RunAsync(Now with { Holder = "second", Tables = ["sessions"] }));

        Assert.That((second!.Outcome, second.Results.Count), Is.EqualTo((RetentionRunOutcome.Held, 0)));
        Assert.That((second.State!.IsRunning, second.State.Holder), Is.EqualTo((true, "first")));

        // As a process leaves it that was killed.
        await ExecuteAsync("UPDATE upkeep_leases SET released_at = NULL");
        Assert.That((await RunAsync(Now)).Outcome, Is.EqualTo(RetentionRunOutcome.Held));
        Clock.Advance(TimeSpan.FromSeconds(31));
        Assert.That((await RunAsync(Now)).Outcome, Is.EqualTo(RetentionRunOutcome.Completed));
    }

    [Test]
    public async Task Of_two_processes_that_ask_at_once_one_runs()
    {
        await AddSessionsAsync(1);
        await RunAsync(Now);
        await using var hold = await Raw.OpenConnectionAsync(Token);
        await using var transaction = await hold.BeginTransactionAsync(Token);
        await using (var row = new NpgsqlCommand("SELECT name FROM upkeep_leases FOR UPDATE", hold))
        {
            await row.ExecuteScalarAsync(Token);
        }

        Clock.Advance(TimeSpan.FromDays(1));
        var options = Now with { Schedule = UpkeepSchedule.Every(TimeSpan.FromHours(1)) };
        var runs = Enumerable.Range(0, 2).Select(_ => Task.Run(() => RunAsync(options))).ToArray();
        await UntilSomeoneWaitsAsync(2);
        await transaction.CommitAsync(Token);

        Assert.That(
            (await Task.WhenAll(runs)).Select(run => run.Outcome),
            Has.Exactly(1).EqualTo(RetentionRunOutcome.Completed)
                .And.Exactly(1).AnyOf(RetentionRunOutcome.Held, RetentionRunOutcome.NotDue));
    }

    [Test]
    public async Task A_process_that_lost_its_lease_stops_after_its_batch()
    {
        await AddSessionsAsync(9);
        var batches = 0;
        var run = await RunAsync(Now with { Tables = ["sessions"] }, batchSize: 2, onBatch: async () =>
        {
            if (++batches == 2)
            {
                await ExecuteAsync("UPDATE upkeep_leases SET claim_key = gen_random_uuid(), holder = 'another'");
            }
        });

        Assert.That((run.Outcome, run.Rows, batches), Is.EqualTo((RetentionRunOutcome.LeaseLost, 4L, 2)));
        Assert.That((run.Results.Single().MoreLeft, run.Results.Single().Failure), Is.EqualTo((true, (Exception?)null)));
        var state = (await Retention.FindStateAsync(Token))!;
        Assert.That((state.IsRunning, state.Holder), Is.EqualTo((true, "another")), "The lease of the other stays.");
    }

    [Test]
    public async Task A_repeated_call_with_the_same_key_has_the_lease()
    {
        var options = Now with { Key = Guid.NewGuid() };
        await RunAsync(options);
        await ExecuteAsync("UPDATE upkeep_leases SET released_at = NULL");

        Assert.That((await RunAsync(Now)).Outcome, Is.EqualTo(RetentionRunOutcome.Held));
        Assert.That((await RunAsync(options)).Outcome, Is.EqualTo(RetentionRunOutcome.Completed));
    }

    [Test]
    public async Task The_lease_is_renewed_while_a_batch_takes_long()
    {
        await AddSessionsAsync(1);
        await using var hold = await Raw.OpenConnectionAsync(Token);
        await using var transaction = await hold.BeginTransactionAsync(Token);
        await using (var table = new NpgsqlCommand("LOCK TABLE sessions", hold))
        {
            await table.ExecuteNonQueryAsync(Token);
        }

        var run = Task.Run(() => RunAsync(Now with { Tables = ["sessions"], Lease = TimeSpan.FromMilliseconds(300) }));
        await UntilSomeoneWaitsAsync();
        while (!(bool)(await ScalarAsync("SELECT renewed_at > acquired_at FROM upkeep_leases"))!)
        {
            await Task.Delay(20, Token);
        }

        await transaction.CommitAsync(Token);
        Assert.That((await run).Outcome, Is.EqualTo(RetentionRunOutcome.Completed));
    }

    [Test]
    public async Task A_cancelled_run_gives_the_lease_back_and_counts_as_no_run()
    {
        await AddSessionsAsync(4);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);

        Assert.That(
            () => Retention.RunExclusiveAsync(
                new RetentionPolicy { BatchSize = 1 }, Now, new Reporter(_ => stop.Cancel()), stop.Token),
            Throws.InstanceOf<OperationCanceledException>());

        var state = (await Retention.FindStateAsync(Token))!;
        Assert.That((state.IsRunning, state.LastFinishedAt), Is.EqualTo((false, (DateTimeOffset?)null)));
        Assert.That(state.ReleasedAt, Is.Not.Null);
        Assert.That((await RunAsync(Now)).Rows, Is.EqualTo(3));
    }

    [Test]
    public async Task A_daily_run_is_made_once_a_day_at_or_after_its_time()
    {
        var daily = Now with { Schedule = UpkeepSchedule.Daily(new TimeOnly(2, 30)) };

        // The first look is before the time: the run is due at it. (The clock of the tests starts at 00:59.)
        var start = Clock.GetUtcNow();
        var at = new DateTimeOffset(start.Date, TimeSpan.Zero).AddHours(2.5);
        at = at > start ? at : at.AddDays(1);
        var outcomes = new List<RetentionRunOutcome>();
        foreach (var time in new[] { at.AddMinutes(-1), at.AddMinutes(1), at.AddMinutes(2), at.AddHours(23), at.AddDays(1).AddSeconds(1) })
        {
            if (time > Clock.GetUtcNow())
            {
                Clock.SetUtcNow(time);
            }

            outcomes.Add((await RunAsync(daily)).Outcome);
        }

        Assert.That(outcomes, Is.EqualTo(new[]
        {
            RetentionRunOutcome.NotDue, RetentionRunOutcome.Completed, RetentionRunOutcome.NotDue, RetentionRunOutcome.NotDue,
            RetentionRunOutcome.Completed,
        }));

        // A missed one is made up for, once.
        Clock.Advance(TimeSpan.FromDays(3));
        Assert.That((await RunAsync(daily)).Outcome, Is.EqualTo(RetentionRunOutcome.Completed));
        Assert.That((await RunAsync(daily)).Outcome, Is.EqualTo(RetentionRunOutcome.NotDue));
    }

    [Test]
    public async Task A_first_daily_run_after_todays_time_waits_for_tomorrows()
    {
        var past = TimeOnly.FromTimeSpan(Clock.GetUtcNow().AddMinutes(-5).TimeOfDay);
        var daily = Now with { Schedule = UpkeepSchedule.Daily(past) };

        Assert.That((await RunAsync(daily)).Outcome, Is.EqualTo(RetentionRunOutcome.NotDue));
        Clock.Advance(TimeSpan.FromDays(1));
        Assert.That((await RunAsync(daily)).Outcome, Is.EqualTo(RetentionRunOutcome.Completed));
    }

    [Test]
    public async Task An_interval_counts_from_the_end_of_the_last_run_of_any_process()
    {
        var hourly = Now with { Schedule = UpkeepSchedule.Every(TimeSpan.FromHours(1)) };
        Assert.That((await RunAsync(hourly)).Outcome, Is.EqualTo(RetentionRunOutcome.Completed), "The first one is due at once.");
        Assert.That((await RunAsync(hourly)).Outcome, Is.EqualTo(RetentionRunOutcome.NotDue));

        // By hand, of some tables: it does not count.
        Clock.Advance(TimeSpan.FromMinutes(50));
        await RunAsync(Now with { Tables = ["sessions"] });
        Clock.Advance(TimeSpan.FromMinutes(11));
        Assert.That((await RunAsync(hourly)).Outcome, Is.EqualTo(RetentionRunOutcome.Completed));

        // By hand, of all tables: it counts.
        Clock.Advance(TimeSpan.FromMinutes(50));
        await RunAsync(Now);
        Clock.Advance(TimeSpan.FromMinutes(11));
        Assert.That((await RunAsync(hourly)).Outcome, Is.EqualTo(RetentionRunOutcome.NotDue));
    }

    [Test]
    public async Task A_run_ends_at_its_limit_of_rows()
    {
        await AddSessionsAsync(9);

        var run = await RunAsync(Now with { MaxRows = 5 }, batchSize: 3);

        Assert.That((run.Outcome, run.Rows), Is.EqualTo((RetentionRunOutcome.Partial, 5L)));
        Assert.That(run.Results.Single(result => result.Table == "users").MoreLeft, Is.True, "It was not reached.");
        Assert.That(await ScalarAsync("SELECT count(*) FROM sessions"), Is.EqualTo(4));
        Assert.That((await Retention.FindStateAsync(Token))!.LastOutcome, Is.EqualTo(UpkeepOutcome.Partial));
    }

    [Test]
    public async Task An_outcome_of_another_version_is_kept()
    {
        await RunAsync(Now);
        await ExecuteAsync("UPDATE upkeep_leases SET last_outcome = 'Postponed'");

        var outcome = (await Retention.FindStateAsync(Token))!.LastOutcome!.Value;

        Assert.That((outcome.Value, outcome.IsKnown), Is.EqualTo(("Postponed", false)));
    }

    [Test]
    public async Task A_failed_table_makes_a_failed_run_that_keeps_the_last_success()
    {
        await AddSessionsAsync(1);
        await RunAsync(Now);
        var success = (await Retention.FindStateAsync(Token))!.LastSucceededAt;
        await AddSessionsAsync(1);
        await ExecuteAsync(
            """
            CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$;
            CREATE TRIGGER refuse BEFORE DELETE ON sessions FOR EACH ROW EXECUTE FUNCTION refuse()
            """);
        try
        {
            var run = await RunAsync(Now);

            Assert.That(run.Outcome, Is.EqualTo(RetentionRunOutcome.Failed));
            Assert.That(run.Results.Where(result => result.Failure is not null).Select(r => r.Table), Is.EqualTo(new[] { "sessions" }));
            var state = (await Retention.FindStateAsync(Token))!;
            Assert.That((state.LastOutcome, state.LastSucceededAt), Is.EqualTo((UpkeepOutcome.Failed, success)));
        }
        finally
        {
            await ExecuteAsync("DROP FUNCTION refuse() CASCADE");
        }
    }

    [Test]
    public async Task Missing_rights_are_named()
    {
        Assert.That(await Retention.FindMissingRightsAsync(new RetentionPolicy(), Token), Is.Empty);
        var role = Unique("reader").Replace('-', '_');
        await ExecuteAsync($"CREATE ROLE {role}; GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}");
        await ExecuteAsync($"GRANT INSERT, UPDATE ON upkeep_leases TO {role}");
        await using (var host = As(role))
        {
            var policy = new RetentionPolicy { DeletedDeployments = null, DeploymentLogs = null, RuntimeLogs = null, HealthChecks = null };

            Assert.That(
                await host.GetRequiredService<IRetentionService>().FindMissingRightsAsync(
                    policy with
                    {
                        PasswordResetTokens = null,
                        EmailVerificationTokens = null,
                        WebhookPayloads = null,
                        ExpiredSignInAttempts = false,
                        ClosedAccounts = false,
                    },
                    Token),
                Is.EqualTo(new[] { "UPDATE on sessions", "DELETE on sessions" }));
        }

        await ExecuteAsync($"DROP OWNED BY {role}; DROP ROLE {role}");
    }

    [Test]
    public async Task Counts_estimate_bytes_once_the_table_is_analyzed()
    {
        await AddSessionsAsync(200);
        await ExecuteAsync("ANALYZE sessions");

        var count = (await Retention.CountAsync(new RetentionPolicy(), Token)).Single(count => count.Table == "sessions");

        var size = (long)(await ScalarAsync("SELECT pg_total_relation_size('sessions')"))!;
        Assert.That(count.Rows, Is.EqualTo(200));
        Assert.That(count.EstimatedBytes, Is.InRange(1, size));
    }

    [Test]
    public void Invalid_options_are_named()
    {
        foreach (var (options, name) in new[]
        {
            (Now with { Lease = TimeSpan.Zero }, "Lease"), (Now with { Holder = " " }, "Holder"), (Now with { MaxRows = 0 }, "MaxRows"),
            (Now with { MaxDuration = TimeSpan.Zero }, "MaxDuration"), (Now with { Tables = [] }, "Tables"),
            (Now with { Tables = ["projects"] }, "Tables has an unknown table"),
            (Now with { Pacing = new() { NiceRatio = double.NaN } }, "NiceRatio"),
            (Now with { Pacing = new() { TargetBatchTime = TimeSpan.Zero } }, "TargetBatchTime"),
            (Now with { Pacing = new() { MaxReplicaLag = TimeSpan.FromHours(2) } }, "MaxReplicaLag"),
            (Now with { Pacing = new() { MaxPause = TimeSpan.FromTicks(-1) } }, "MaxPause"),
        })
        {
            Assert.That(
                () => Retention.RunExclusiveAsync(new RetentionPolicy(), options, null, Token),
                Throws.InstanceOf<ArgumentException>().With.Message.Contains(name));
        }

        Assert.That(() => UpkeepSchedule.Every(TimeSpan.FromSeconds(59)), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(UpkeepSchedule.Daily(new TimeOnly(2, 30)).ToString(), Is.EqualTo("daily at 02:30:00 UTC"));
        Assert.That(UpkeepSchedule.Every(TimeSpan.FromHours(6)).ToString(), Is.EqualTo("every 06:00:00"));
    }

    private Task<RetentionRun> RunAsync(RetentionRunOptions options, int batchSize = 1000, Func<Task>? onBatch = null) =>
        Retention.RunExclusiveAsync(
            new RetentionPolicy { BatchSize = batchSize },
            options,
            new Reporter(_ => onBatch?.Invoke().GetAwaiter().GetResult()),
            Token);

    // The session takes the role at once; no password is needed.
    private ServiceProvider As(string role) => new ServiceCollection()
        .AddSingleton<TimeProvider>(Clock)
        .AddAutoStackData(options =>
        {
            options.ConnectionString = new NpgsqlConnectionStringBuilder(Database.ConnectionString)
            {
                Options = $"-c role={role}",
            }.ConnectionString;
            (options.MinPoolSize, options.MaxPoolSize) = (0, 2);
        })
        .AddAutoStackDataWorkers()
        .BuildServiceProvider();

    private async Task AddSessionsAsync(int expired)
    {
        var user = await AddUserAsync();
        await ExecuteAsync(
            """
            INSERT INTO sessions (id, user_id, token, expires_at, created_at)
            SELECT gen_random_uuid(), $1, 'hash-' || gen_random_uuid(), '2000-01-01', '2000-01-01' FROM generate_series(1, $2) n
            """, user.Id, expired);
    }

    private sealed class Reporter(Action<RetentionResult> report) : IProgress<RetentionResult>
    {
        public void Report(RetentionResult value) => report(value);
    }
}
