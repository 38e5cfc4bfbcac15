using AutoStack.Data.Benchmarks.Driver;
using AutoStack.Data.Benchmarks.EntityFramework;
using AutoStack.Data.Logs;
using BenchmarkDotNet.Attributes;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using NpgsqlTypes;

namespace AutoStack.Data.Benchmarks.Questions;

/// <summary>Lines added to a log in one transaction, numbered in commit order. Each subject has a deployment of its own.</summary>
public class LogAppend : CallQuestion
{
    private const string Lock = "SELECT 1 FROM pg_advisory_xact_lock(uuid_hash_extended($1, 'deployment_logs'::regclass::oid::bigint))";

    private const string Insert = """
        INSERT INTO deployment_logs (id, deployment_id, timestamp, log_level, message, created_at, seq)
        SELECT n.id, $1, n.timestamp, n.log_level, n.message, $2,
            coalesce(
                (SELECT max(m.seq) FROM deployment_logs m WHERE m.deployment_id = $1),
                (SELECT count(*) FROM deployment_logs m WHERE m.deployment_id = $1)) + row_number() OVER (ORDER BY n.ordinal)
        FROM unnest($3, $4, $5, $6) WITH ORDINALITY AS n (id, timestamp, log_level, message, ordinal)
        WHERE (SELECT t.id FROM deployment_logs t WHERE t.id = n.id AND t.deployment_id = $1) IS NULL
        """;

    private static readonly int[] Cases = [1, 100, 1_000, 10_000];

    private IPlatformDeploymentLogRepository logs = null!;
    private NewDeploymentLog[] lines = [];
    private string[] messages = [];
    private Dictionary<string, Guid> deployments = [];

    [Params(1, 100, 1_000, 10_000)]
    public int Lines { get; set; }

    public override async Task SetUpAsync()
    {
        await base.SetUpAsync();
        logs = Subjects.Get<IPlatformDeploymentLogRepository>();
        lines = [.. Enumerable.Range(1, Lines).Select(n => new NewDeploymentLog
        {
            Level = DeploymentLogLevel.Info,
            Message = Message(n),
        })];
        messages = [.. lines.Select(line => line.Message)];

        string[] subjects = [Subjects.Npgsql, Subjects.NpgsqlTuned, Subjects.Copy, Subjects.Library, Subjects.EfCore];
        // Those of the other cases have logs that are near the maximum size.
        var first = subjects.Length * Array.IndexOf(Cases, Lines);
        deployments = subjects.Zip(Fixtures.Spread[first..]).ToDictionary(pair => pair.First, pair => pair.Second.Id);
    }

    private protected override async Task<int> DriverAsync(NpgsqlDataSource source)
    {
        var id = deployments[source == Subjects.Raw ? Subjects.Npgsql : Subjects.NpgsqlTuned];
        var now = Now();
        var (ids, times, levels, texts) = (new Guid[Lines], new DateTime[Lines], new string?[Lines], new string[Lines]);
        for (var i = 0; i < lines.Length; i++)
        {
            (ids[i], times[i], levels[i], texts[i]) = (NewId(), now, lines[i].Level?.Value, lines[i].Message);
        }

        await using var connection = await source.OpenConnectionAsync();
        await using var batch = new NpgsqlBatch(connection);
        batch.BatchCommands.Add(Raw.Command(Lock, Raw.Uuid(id)));
        batch.BatchCommands.Add(Raw.Command(
            Insert, Raw.Uuid(id), Raw.Timestamp(now), Raw.Array(ids, NpgsqlDbType.Uuid), Raw.Array(times, NpgsqlDbType.Timestamp),
            Raw.Array(levels, NpgsqlDbType.Text), Raw.Array(texts, NpgsqlDbType.Text)));
        await batch.ExecuteNonQueryAsync();
        return Lines;
    }

    /// <summary>Another way to the same rows, from some thousand lines on the quicker one.</summary>
    [Benchmark(Description = Subjects.Copy)]
    public async Task<int> NpgsqlCopy()
    {
        await RawCopy.AppendAsync(Subjects.Raw, [deployments[Subjects.Copy]], messages);
        return Lines;
    }

    [Benchmark(Description = Subjects.Library)]
    public async Task<int> Library()
    {
        await logs.AppendAsync(deployments[Subjects.Library], lines, CancellationToken.None);
        return Lines;
    }

    [Benchmark(Description = Subjects.EfCore)]
    public async Task<int> EfCore()
    {
        var id = deployments[Subjects.EfCore];
        var now = Now();
        await using var context = Subjects.CreateContext();
        await using var transaction = await context.Database.BeginTransactionAsync();
        await context.Database.ExecuteSqlAsync(
            $"SELECT 1 FROM pg_advisory_xact_lock(uuid_hash_extended({id}, 'deployment_logs'::regclass::oid::bigint))");
        var seq = await context.Logs.Where(l => l.DeploymentId == id).MaxAsync(l => (long?)l.Seq) ?? 0;
        context.Logs.AddRange(lines.Select(line => new LogEntity
        {
            Id = NewId(),
            DeploymentId = id,
            Timestamp = now,
            LogLevel = line.Level?.Value,
            Message = line.Message,
            CreatedAt = now,
            Seq = ++seq,
        }));
        await context.SaveChangesAsync();
        await transaction.CommitAsync();
        return Lines;
    }

    internal static string Message(int n) => $"Step {n} of many: compiled module {n * 17} in {n % 90} ms, no warnings";

    private static Guid NewId() => UUIDNext.Uuid.NewDatabaseFriendly(UUIDNext.Database.PostgreSql);

    private static DateTime Now() => DateTime.SpecifyKind(DateTime.UtcNow, DateTimeKind.Unspecified);
}
