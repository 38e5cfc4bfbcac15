using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using AutoStack.Data.Retention;
using AutoStack.Data.Testing;
using AutoStack.Data.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace AutoStack.Data.Tests.Hosting;

/// <summary>The hosted retention on a real server, which decides about the time; each test has a database of its own.</summary>
[CancelAfter(120_000)]
public sealed class RetentionWorkerTests
{
    private static readonly UpkeepSchedule Daily = UpkeepSchedule.Every(TimeSpan.FromDays(1));

    private TestDatabase database = null!;
    private NpgsqlDataSource raw = null!;

    private static CancellationToken Token => TestContext.CurrentContext.CancellationToken;

    [SetUp]
    public async Task CreateAsync()
    {
        database = await TestServer.Current.CreateDatabaseAsync();
        raw = NpgsqlDataSource.Create(database.ConnectionString);
    }

    [TearDown]
    public async Task DropAsync()
    {
        await raw.DisposeAsync();
        await database.DisposeAsync();
    }

    [Test]
    public async Task Of_two_instances_one_runs_once_and_says_so()
    {
        await AddSessionsAsync(7);
        var log = new RecordedLog();
        var rows = new ConcurrentQueue<(long Rows, string? Table)>();
        var runs = new ConcurrentQueue<string?>();
        var looks = 0;
        using var meter = ListenToMeter(rows, runs);
        using var source = ListenToCalls(() => Interlocked.Increment(ref looks));
        using var first = Start(log);
        using var second = Start(log);
        await Task.WhenAll(first.StartAsync(Token), second.StartAsync(Token));

        await UntilAsync("SELECT count(*) = 1 FROM upkeep_leases WHERE last_finished_at IS NOT NULL");
        await UntilAsync("SELECT count(*) = 0 FROM sessions");

        // Both look again and again, also after a restart, and find nothing due.
        using var third = Start(log);
        await third.StartAsync(Token);
        for (var seen = Volatile.Read(ref looks); Volatile.Read(ref looks) < seen + 12;)
        {
            await Task.Delay(10, Token);
        }

        await Task.WhenAll(first.StopAsync(Token), second.StopAsync(Token), third.StopAsync(Token));

        Assert.That(
            log.Lines.Where(line => line.Contains("AutoStack.Data Retention")).ToList(),
            Has.Count.EqualTo(1).And.All.StartsWith("Information AutoStack.Data Retention removed 7 rows in "));
        Assert.That(rows, Does.Contain((7L, "sessions")));
        Assert.That(runs, Does.Contain("completed"));
    }

    [Test]
    public async Task A_failure_is_logged_by_table_and_the_worker_goes_on()
    {
        await AddSessionsAsync(1);
        await ExecuteAsync(
            """
            CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$;
            CREATE TRIGGER refuse BEFORE DELETE ON sessions FOR EACH ROW EXECUTE FUNCTION refuse()
            """);
        var log = new RecordedLog();
        using var host = Start(log);
        await host.StartAsync(Token);
        await UntilAsync("SELECT count(*) = 1 FROM upkeep_leases WHERE last_outcome = 'failed' AND last_succeeded_at IS NULL");

        // The next day.
        await ExecuteAsync("DROP TRIGGER refuse ON sessions; UPDATE upkeep_leases SET last_finished_at = '2000-01-01'");
        await UntilAsync("SELECT count(*) = 1 FROM upkeep_leases WHERE last_outcome = 'completed' AND last_succeeded_at IS NOT NULL");
        await host.StopAsync(Token);

        Assert.That(
            log.Lines.Where(line => line.StartsWith("Error")),
            Is.EqualTo(["Error AutoStack.Data Retention failed for the table sessions, after 0 rows; the next run continues."]));
    }

    [Test]
    public async Task A_stopping_host_gives_the_lease_back_and_another_continues()
    {
        await AddSessionsAsync(3);
        await using var hold = await raw.OpenConnectionAsync(Token);
        await using var transaction = await hold.BeginTransactionAsync(Token);
        await using (var table = new NpgsqlCommand("LOCK TABLE sessions", hold))
        {
            await table.ExecuteNonQueryAsync(Token);
        }

        using var first = Start(new RecordedLog());
        await first.StartAsync(Token);
        await UntilAsync(
            "SELECT count(*) = 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'");
        await first.StopAsync(Token);
        await UntilAsync("SELECT count(*) = 1 FROM upkeep_leases WHERE released_at IS NOT NULL AND last_finished_at IS NULL");
        await transaction.CommitAsync(Token);

        using var second = Start(new RecordedLog());
        await second.StartAsync(Token);
        await UntilAsync("SELECT count(*) = 1 FROM upkeep_leases WHERE last_rows = 3");
        await second.StopAsync(Token);
    }

    [Test]
    public async Task The_rows_of_a_closed_account_do_not_wait_for_the_schedule()
    {
        var log = new RecordedLog();
        using var host = Start(log);
        await host.StartAsync(Token);
        await UntilAsync("SELECT count(*) = 1 FROM upkeep_leases WHERE last_outcome = 'completed'");
        await AddSessionsAsync(2);
        await ExecuteAsync("INSERT INTO projects (user_id, name, repository) SELECT u.id, 'site', 'ada/site' FROM users u");

        await ExecuteAsync("UPDATE users SET closed_at = now()");
        await UntilAsync("SELECT count(*) = 0 FROM users");

        // Two sessions, the project and the account.
        while (!log.Lines.Any(line => line.StartsWith("Information AutoStack.Data Retention removed 4 rows in ")))
        {
            await Task.Delay(10, Token);
        }

        await host.StopAsync(Token);
        await UntilAsync("SELECT last_rows = 0 FROM upkeep_leases");
    }

    [Test]
    public void Wrong_settings_are_refused_at_the_registration()
    {
        var services = new ServiceCollection().AddAutoStackData("Host=localhost");

        Assert.That(() => services.AddRetention(null!, Daily), Throws.ArgumentNullException);
        Assert.That(() => services.AddRetention(new RetentionPolicy(), null!), Throws.ArgumentNullException);
        Assert.That(
            () => services.AddRetention(new RetentionPolicy { RuntimeLogs = TimeSpan.Zero }, Daily),
            Throws.InstanceOf<ArgumentException>().With.Message.Contains("RuntimeLogs"));
        Assert.That(
            () => services.AddRetention(new RetentionPolicy(), Daily, new RetentionPacing { NiceRatio = -1 }),
            Throws.InstanceOf<ArgumentException>().With.Message.Contains("NiceRatio"));
        Assert.That(
            () => new ServiceCollection().AddRetention(new RetentionPolicy(), Daily),
            Throws.InvalidOperationException.With.Message.Contains("AddAutoStackData"));
        Assert.That(
            () => services.AddKeyedRetention("eu", new RetentionPolicy(), Daily),
            Throws.InvalidOperationException.With.Message.Contains("eu"));
    }

    private IHost Start(RecordedLog log)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Logging.AddProvider(log);
        builder.Services
            .AddAutoStackData(options => (options.ConnectionString, options.MinPoolSize) = (database.ConnectionString, 0))
            .AddAutoStackDataWorkers()
            .Add(key: null, new RetentionPolicy(), Daily, new RetentionPacing { NiceRatio = 0 }, TimeSpan.FromMilliseconds(50));
        return builder.Build();
    }

    // A look of any host at this database.
    private ActivityListener ListenToCalls(Action look)
    {
        var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "AutoStack.Data",
            Sample = (ref _) => ActivitySamplingResult.AllData,
            ActivityStopped = call =>
            {
                if (call.OperationName.Contains("RunExclusive") && Equals(call.GetTagItem("db.namespace"), database.Name))
                {
                    look();
                }
            },
        };
        ActivitySource.AddActivityListener(listener);
        return listener;
    }

    // Other fixtures of the process measure, too.
    private static MeterListener ListenToMeter(ConcurrentQueue<(long, string?)> rows, ConcurrentQueue<string?> runs)
    {
        var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Name is "autostack.retention.rows" or "autostack.retention.runs")
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
        {
            var tag = (string?)tags[0].Value;
            if (instrument.Name == "autostack.retention.rows")
            {
                rows.Enqueue((value, tag));
            }
            else
            {
                runs.Enqueue(tag);
            }
        });
        listener.Start();
        return listener;
    }

    private async Task AddSessionsAsync(int expired)
    {
        await ExecuteAsync(
            $"""
            INSERT INTO users (id, name, email, created_at, updated_at) VALUES (gen_random_uuid(), 'Ada', 'ada@example.com', now(), now());
            INSERT INTO sessions (id, user_id, token, expires_at, created_at)
            SELECT gen_random_uuid(), u.id, 'hash-' || gen_random_uuid(), '2000-01-01', '2000-01-01'
            FROM users u, generate_series(1, {expired})
            """);
    }

    private async Task ExecuteAsync(string sql)
    {
        await using var command = raw.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(Token);
    }

    private async Task UntilAsync(string sql)
    {
        while (true)
        {
            await using var command = raw.CreateCommand(sql);
            if ((bool)(await command.ExecuteScalarAsync(Token))!)
            {
                return;
            }

            await Task.Delay(10, Token);
        }
    }
}
