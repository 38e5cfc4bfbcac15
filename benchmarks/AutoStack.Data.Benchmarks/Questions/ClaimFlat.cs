using System.Diagnostics;
using System.Globalization;
using AutoStack.Data.Benchmarks.Data;
using AutoStack.Data.Benchmarks.Driver;
using AutoStack.Data.Benchmarks.Queues;
using AutoStack.Data.Benchmarks.Running;
using AutoStack.Data.Deployments;
using Npgsql;

namespace AutoStack.Data.Benchmarks.Questions;

/// <summary>
/// The time of a claim while nothing else waits, while many deployments wait, and while an old snapshot keeps the index entries of the
/// deployments that were claimed since. The compared figure is the p99, so that it does not run under BenchmarkDotNet.
/// </summary>
internal static class ClaimFlat
{
    private const int Running = 8;
    private static readonly TimeSpan Lease = TimeSpan.FromMinutes(30);

    // Each claim is of one of these kinds, in turn. The limits are those of eight running deployments, so that their projects and users
    // are skipped.
    private static readonly (string Limit, ClaimOptions Options)[] Kinds =
    [
        ("without limit", new ClaimOptions { Lease = Lease }),
        ("limit per project", new ClaimOptions { Lease = Lease, MaxPerProject = 1 }),
        ("limit per user", new ClaimOptions { Lease = Lease, MaxPerUser = 1 }),
        ("both limits", new ClaimOptions { Lease = Lease, MaxPerProject = 1, MaxPerUser = 1 }),
    ];

    /// <summary>Measures every kind of claim in every state of the queue.</summary>
    /// <returns>The results of the first state, in which nothing else waits, then those of the others.</returns>
    public static async Task<IReadOnlyList<ClaimTime>> MeasureAsync(ClaimPlan plan, Action<string> progress)
    {
        var connectionString = new NpgsqlConnectionStringBuilder(BenchmarkDatabase.Current.ConnectionString) { ConnectionLifetime = 3600 }
            .ConnectionString;
        await using var subjects = new Subjects(connectionString);
        var lifecycle = subjects.Get<IDeploymentLifecycle>();
        var deployments = subjects.Get<IDeploymentRepository>();
        var projects = await LibraryQueue.ListProjectsAsync(subjects.Raw);
        if (projects.Length <= Running)
        {
            throw new InvalidOperationException($"The scale has {projects.Length} users, but {Running} of them are at their limits.");
        }

        // A vacuum takes a core of a small machine for seconds, and makes all connections plan anew. With an old snapshot it comes again
        // each minute, and removes nothing.
        foreach (var table in new[] { "deployments", "deployment_stages", "deployment_leases" })
        {
            await Raw.ListAsync(subjects.Raw, $"ALTER TABLE {table} SET (autovacuum_enabled = FALSE)", _ => 0);
        }

        for (var i = 0; i < Running; i++)
        {
            await EnqueueAsync(projects[i]);
            await ClaimAsync(Kinds[0].Options);
        }

        var results = new List<ClaimTime>();
        await VacuumAsync();
        results.AddRange(await StateAsync("nothing else waits"));

        await FillAsync();
        await VacuumAsync();
        results.AddRange(await StateAsync(Number($"{plan.Waiting:N0} wait")));

        await using var connection = await subjects.Raw.OpenConnectionAsync();
        await using var snapshot = await connection.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead);
        await using (var command = new NpgsqlCommand("SELECT count(*) FROM users", connection, snapshot))
        {
            await command.ExecuteScalarAsync();
        }

        await ClaimManyAsync();
        results.AddRange(await StateAsync(Number(
            $"{plan.Waiting - plan.Claimed:N0} wait, {plan.Claimed:N0} claimed since the snapshot of an open transaction")));
        return results;

        async Task EnqueueAsync(Owned project) =>
            _ = await deployments.EnqueueAsync(new NewDeployment { ProjectId = project.Id, UserId = project.OwnerId });

        async Task<ClaimedDeployment> ClaimAsync(ClaimOptions options) => await lifecycle.ClaimNextAsync(options)
            ?? throw new NotComparableException($"claim flat: nothing was claimed with {options}.");

        // Keeps the number of waiting deployments: one is queued, one is claimed, and the claimed one ends. The claims of all kinds take
        // turns. Those before the measured ones compile code, and let each connection of the pool plan the statements of each kind.
        async Task<IReadOnlyList<ClaimTime>> StateAsync(string state)
        {
            var times = Kinds.Select(_ => new List<double>()).ToArray();
            for (var i = -plan.Samples / 6 * Kinds.Length; i < plan.Samples * Kinds.Length; i++)
            {
                var (sample, kind) = Math.DivRem(i + plan.Samples * Kinds.Length, Kinds.Length);
                await EnqueueAsync(projects[Running + sample % (projects.Length - Running)]);
                var started = Stopwatch.GetTimestamp();
                var claimed = await ClaimAsync(Kinds[kind].Options);
                if (i >= 0)
                {
                    times[kind].Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
                }

                await lifecycle.FailAsync(claimed.Claim, "The claim was measured.");
            }

            ClaimTime[] measured = [.. Kinds.Select((kind, k) => new ClaimTime(state, kind.Limit, [.. times[k].Order()]))];
            foreach (var result in measured)
            {
                progress($"claim flat, {result}");
            }

            return measured;
        }

        // Of all users, also of those at their limits.
        Task FillAsync() => Raw.ListAsync(
            subjects.Raw,
            """
            INSERT INTO deployments (id, project_id, user_id, status, branch, creator_type, created_at)
            SELECT gen_random_uuid(), p.id, p.user_id, 'queued', 'main', 'manual', clock_timestamp() AT TIME ZONE 'UTC'
            FROM (
                SELECT p.id, p.user_id, row_number() OVER (ORDER BY p.id) - 1 AS n
                FROM projects p
            ) p
            JOIN generate_series(0, $1 - 1) AS g ON p.n = g % (SELECT count(*) FROM projects)
            ORDER BY g
            """,
            _ => 0, Raw.Bigint(plan.Waiting));

        Task VacuumAsync() => Raw.ListAsync(subjects.Raw, "VACUUM (ANALYZE) deployments, deployment_stages, deployment_leases", _ => 0);

        async Task ClaimManyAsync()
        {
            var left = plan.Claimed;
            await Task.WhenAll(Enumerable.Range(0, Running).Select(_ => Task.Run(async () =>
            {
                while (Interlocked.Decrement(ref left) >= 0)
                {
                    var claimed = await ClaimAsync(Kinds[0].Options);
                    await lifecycle.FailAsync(claimed.Claim, "The claim made a dead row.");
                }
            })));
        }
    }

    private static string Number(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
