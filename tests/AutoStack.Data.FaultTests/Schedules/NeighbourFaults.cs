using AutoStack.Data.Accounts;
using Npgsql;

namespace AutoStack.Data.FaultTests.Schedules;

/// <summary>Other work in the same database, or in the same process, that gets in the way.</summary>
internal static class NeighbourFaults
{
    private const int Holders = 60;

    public static Fault Holder { get; } = new("a foreign transaction holds rows and logs for 2 s", (lab, random, token) =>
        HoldAsync(lab, random, TimeSpan.FromSeconds(2), token));

    public static Fault Deadlocks { get; } = new("deadlocks for 2 s", async (lab, random, token) =>
    {
        var users = new List<Guid>();
        for (var i = 0; i < 2; i++)
        {
            var id = Guid.CreateVersion7();
            await lab.Users.AddAsync(new NewUser { Id = id, Name = "Ada", Email = $"{id:n}@example.com" }, token);
            lab.Expect(id);
            users.Add(id);
        }

        // Two units of work lock two rows in opposite orders; the library runs the one that the server rolls back again.
        var until = lab.Ledger.Now + TimeSpan.FromSeconds(2);
        while (lab.Ledger.Now < until)
        {
            await Task.WhenAll(RenameAsync(users[0], users[1]), RenameAsync(users[1], users[0]));
        }

        Task RenameAsync(Guid first, Guid second) => lab.UnitOfWork.RunAsync(
            async (tx, ct) =>
            {
                await tx.Get<IUserRepository>().UpdateAsync(first, new UserPatch { Name = "Ada" }, null, ct);
                await Task.Delay(random.Next(5), ct);
                await tx.Get<IUserRepository>().UpdateAsync(second, new UserPatch { Name = "Ada" }, null, ct);
            }, token);
    });

    public static Fault PoolExhausted { get; } = new("pool exhausted for 2 s", (lab, _, token) =>
        Task.WhenAll(Enumerable.Range(0, Holders).Select(_ => lab.UnitOfWork.RunAsync(
            async (tx, ct) =>
            {
                await tx.Get<IUserRepository>().FindAsync(Guid.Empty, ct);
                await Task.Delay(TimeSpan.FromMilliseconds(600), ct);
            }, token))));

    public static Fault ColumnTypes { get; } = new("column types changed under traffic", async (lab, random, token) =>
    {
        await using var connection = await lab.Server.OpenAsync(lab.Database, token);
        foreach (var (table, column) in new[]
        {
            ("users", "name"), ("deployments", "author"), ("deployment_stages", "stage_name"), ("deployment_containers", "image"),
            ("webhook_payloads", "provider"),
        })
        {
#pragma warning disable CA2100 // The names are of this class.
            await using var command = new NpgsqlCommand(
                $"SET lock_timeout = '5s'; ALTER TABLE {table} ALTER COLUMN {column} TYPE VARCHAR({random.Next(256, 1000)})", connection);
#pragma warning restore CA2100
            await command.ExecuteNonQueryAsync(token);
        }
    });

    public static IReadOnlyList<Fault> All { get; } = [Holder, Deadlocks, PoolExhausted, ColumnTypes];

    /// <summary>
    /// Holds the rows of some users and deployments, and the locks of some logs, as an operator's forgotten transaction does.
    /// </summary>
    public static async Task HoldAsync(Laboratory lab, Random random, TimeSpan time, CancellationToken cancellationToken)
    {
        await using var connection = await lab.Server.OpenAsync(lab.Database, cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using var command = new NpgsqlCommand("""
            SET LOCAL lock_timeout = 0;
            SET LOCAL statement_timeout = 0;
            SELECT count(*) FROM (SELECT FROM users ORDER BY created_at DESC LIMIT 20 FOR UPDATE SKIP LOCKED) u;
            SELECT count(*) FROM (SELECT FROM deployments ORDER BY created_at OFFSET $1 LIMIT 10 FOR UPDATE SKIP LOCKED) d;
            """.Replace("$1", $"{random.Next(10)}", StringComparison.Ordinal), connection, transaction);
        await command.ExecuteNonQueryAsync(cancellationToken);
        await using var logs = new NpgsqlCommand("""
            SELECT pg_try_advisory_xact_lock(uuid_hash_extended(id, 'deployment_logs'::regclass::oid::bigint))
            FROM (SELECT id FROM deployments ORDER BY created_at DESC LIMIT 10) d
            """, connection, transaction);
        await logs.ExecuteNonQueryAsync(cancellationToken);
        await Task.Delay(time, cancellationToken);
        await transaction.RollbackAsync(cancellationToken);
    }
}
