using AutoStack.Data.Archives;
using AutoStack.Data.Migrations;
using AutoStack.Data.Partitions;
using AutoStack.Data.Retention;
using AutoStack.Data.Tests.Hosts;
using AutoStack.Data.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace AutoStack.Data.Tests.Archives;

/// <summary>
/// The primary is lost during a run of the retention with an archive, and the standby is promoted: no line is lost, and the next run
/// completes.
/// </summary>
[CancelAfter(300_000)]
public sealed class ArchiveFailoverTests : ReplicationTests
{
    private const string Partition = "autostack_partitions.deployment_logs_p20260401";
    private const int Lines = 2_000;

    private static readonly RetentionPolicy Logs = new()
    {
        DeletedDeployments = null,
        DeploymentLogs = TimeSpan.FromDays(30),
        RuntimeLogs = null,
        HealthChecks = null,
        PasswordResetTokens = null,
        EmailVerificationTokens = null,
        WebhookPayloads = null,
        ExpiredSessions = false,
        ExpiredSignInAttempts = false,
        ClosedAccounts = false,
    };

    private readonly FakeTimeProvider clock = new();

    private FolderArchiveStore folder = null!;
    private string path = "";

    [SetUp]
    public void PrepareFolder()
    {
        path = Path.Combine(Path.GetTempPath(), $"archives-{Guid.NewGuid():N}");
        folder = new FolderArchiveStore(path);
    }

    [TearDown]
    public void RemoveFolder()
    {
        if (Directory.Exists(path))
        {
            Directory.Delete(path, recursive: true);
        }
    }

    // Before the rows, while they are stored, before the archive is verified, before its manifest, and before the drop.
    [Test]
    public async Task A_primary_that_is_lost_during_an_archive_loses_no_line(
        [Values("rows", "within rows", "verify", "manifest", "drop")] string place, [Values] bool isSynchronous)
    {
        await using var servers = await StartAsync(isSynchronous: isSynchronous);
        var failover = new Lazy<Task>(async () =>
        {
            await servers.KillPrimaryAsync(Token);
            await servers.PromoteAsync(Token);
        });
        var store = new ChangedStore(folder)
        {
            BeforeWrite = name => place == (IsManifest(name) ? "manifest" : "rows") ? failover.Value : Task.CompletedTask,
            BeforeOpen = name => place == "verify" && !IsManifest(name) ? failover.Value : Task.CompletedTask,
            AfterWrite = name => place == "drop" && IsManifest(name) ? failover.Value : Task.CompletedTask,
        };
        if (place == "within rows")
        {
            (store.Full, store.AtFull) = ((".csv.gz", 10), () => failover.Value.GetAwaiter().GetResult());
        }

        await using var host = HostOf(servers, store);
        await FillAsync(servers, host);
        await host.GetRequiredService<IRetentionService>().RunAsync(Logs, null, Token);
        Assert.That(failover.IsValueCreated, Is.True);
        Assert.That(await OnStandbyAsync(servers, "SELECT pg_is_in_recovery()"), Is.False);
        await AssertNothingIsLostAsync(servers, host);

        var next = await host.GetRequiredService<IRetentionService>().RunAsync(Logs, null, Token);

        Assert.That(next.Select(result => result.Failure), Is.All.Null);
        Assert.That(await OnStandbyAsync(servers, $"SELECT to_regclass('{Partition}') IS NULL"), Is.True);
        Assert.That(await RestoredAsync(servers, host), Is.EqualTo(Enumerable.Range(1, Lines)));
    }

    [Test]
    public async Task A_drop_and_lines_that_the_promoted_standby_never_got_are_in_an_archive()
    {
        await using var servers = await StartAsync();
        await using var host = HostOf(servers, folder);
        await FillAsync(servers, host);
        await servers.CutOffStandbyAsync(Token);
        await OnPrimaryAsync(servers, InsertLines(Lines + 1, Lines + 10));

        var first = await host.GetRequiredService<IRetentionService>().RunAsync(Logs, null, Token);
        Assert.That(await OnPrimaryAsync(servers, $"SELECT to_regclass('{Partition}') IS NULL"), Is.True);
        await servers.KillPrimaryAsync(Token);
        await servers.PromoteAsync(Token);
        Assert.That(await OnStandbyAsync(servers, $"SELECT count(*) FROM {Partition}"), Is.EqualTo(Lines));
        var second = await host.GetRequiredService<IRetentionService>().RunAsync(Logs, null, Token);

        Assert.That(first.Concat(second).Select(result => result.Failure), Is.All.Null);
        Assert.That(await OnStandbyAsync(servers, $"SELECT to_regclass('{Partition}') IS NULL"), Is.True);
        Assert.That(
            (await host.GetRequiredService<ILogArchive>().ListAsync(folder, Token)).Select(entry => entry.Manifest!.Rows),
            Is.EquivalentTo(new[] { Lines, Lines + 10 }));
        Assert.That(await RestoredAsync(servers, host), Is.EqualTo(Enumerable.Range(1, Lines + 10)));
    }

    private static bool IsManifest(string name) => name.EndsWith(".json", StringComparison.Ordinal);

    private static string InsertLines(int first, int last) => $"""
        INSERT INTO deployment_logs (deployment_id, message, timestamp, created_at, seq)
        SELECT d.id, 'line ' || n, '2026-04-10', '2026-04-10', n FROM deployments d, generate_series({first}, {last}) n
        """;

    private ServiceProvider HostOf(ReplicatedServers servers, IArchiveStore store) => new ServiceCollection()
        .AddSingleton<TimeProvider>(clock)
        .AddAutoStackData(options =>
        {
            options.ConnectionString = servers.ConnectionString;
            options.MinPoolSize = 0;
            options.ArchiveStore = store;
        })
        .AddAutoStackDataWorkers()
        .BuildServiceProvider();

    // A deployment of April with its lines, in the middle of June; the standby has them.
    private async Task FillAsync(ReplicatedServers servers, ServiceProvider host)
    {
        await new SchemaMigrator(servers.Primary).UpgradeAsync(MigrationTarget.Head.In("log-partitions"), cancellationToken: Token);
        await OnPrimaryAsync(servers, """
            DO $$
            DECLARE
                name text;
            BEGIN
                FOR name IN SELECT b.partition::text FROM log_partition_settings s, log_partition_bounds(s.table_name) b LOOP
                    EXECUTE 'DROP TABLE ' || name;
                END LOOP;
                UPDATE log_partition_settings SET period = 'month', ahead = 2;
            END
            $$
            """);
        clock.AdjustTime(new DateTimeOffset(2026, 3, 29, 0, 0, 0, TimeSpan.Zero));
        await host.GetRequiredService<IPartitionMaintenance>().MaintainAsync(Token);
        await OnPrimaryAsync(servers, $"""
            WITH owner AS (
                INSERT INTO users (name, email) VALUES ('Ada', 'ada@example.com') RETURNING id
            ), project AS (
                INSERT INTO projects (user_id, name, repository) SELECT id, 'site', 'ada/site' FROM owner RETURNING id, user_id
            )
            INSERT INTO deployments (id, project_id, user_id, status)
            SELECT '{Guid.CreateVersion7(new DateTimeOffset(2026, 4, 10, 0, 0, 0, TimeSpan.Zero))}', id, user_id, 'success' FROM project
            """);
        await OnPrimaryAsync(servers, InsertLines(1, Lines));
        clock.AdjustTime(new DateTimeOffset(2026, 6, 20, 0, 0, 0, TimeSpan.Zero));
        await servers.UntilAppliedAsync(Token);
    }

    // The partition is there with all lines, or a sound archive has them.
    private async Task AssertNothingIsLostAsync(ReplicatedServers servers, ServiceProvider host)
    {
        if (await OnStandbyAsync(servers, $"SELECT to_regclass('{Partition}') IS NULL") is true)
        {
            Assert.That(await RestoredAsync(servers, host), Is.EqualTo(Enumerable.Range(1, Lines)));
            return;
        }

        Assert.That(await OnStandbyAsync(servers, $"SELECT count(*) FROM {Partition}"), Is.EqualTo((long)Lines));
    }

    // The numbers of the lines in all archives.
    private async Task<List<int>> RestoredAsync(ReplicatedServers servers, ServiceProvider host)
    {
        var lines = new SortedSet<int>();
        foreach (var entry in await host.GetRequiredService<ILogArchive>().ListAsync(folder, Token))
        {
            if (entry.State != ArchiveState.Complete)
            {
                continue;
            }

            await host.GetRequiredService<ILogRestore>().RestoreAsync(
                entry.Name, RestoreTarget.Table("public", "restored"), folder, null, Token);
            var text = (string)(await OnStandbyAsync(servers, "SELECT string_agg(seq::text, ',') FROM restored"))!;
            lines.UnionWith(text.Split(',').Select(number => int.Parse(number, null)));
            await OnStandbyAsync(servers, "DROP TABLE restored");
        }

        return [.. lines];
    }
}
