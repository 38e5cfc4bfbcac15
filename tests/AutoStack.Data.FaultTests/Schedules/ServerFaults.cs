using Npgsql;

namespace AutoStack.Data.FaultTests.Schedules;

/// <summary>A server that answers and refuses.</summary>
internal static class ServerFaults
{
    public static Fault ReadOnly { get; } = new("read-only for 5 s", (lab, _, token) => lab.Server.WithSettingsAsync(
        new Dictionary<string, string> { ["default_transaction_read_only"] = "on" },
        () => Task.Delay(TimeSpan.FromSeconds(5), token),
        token));

    public static Fault ShortTimeouts { get; } = new("lock and statement timeouts of 30 ms for 2 s", (lab, random, token) =>
        lab.Server.WithSettingsAsync(
            new Dictionary<string, string> { ["lock_timeout"] = "30ms", ["statement_timeout"] = "30ms" },
            () => NeighbourFaults.HoldAsync(lab, random, TimeSpan.FromSeconds(2), token),
            token));

    public static Fault NoConnections { get; } = new("max_connections reached for 2 s", async (lab, _, token) =>
    {
        var taken = new List<NpgsqlConnection>();
        try
        {
            // The sessions of the services end, and others take their places.
            while (taken.Count < 1000)
            {
                taken.Add(await lab.Server.OpenAsync("postgres", token));
                if (taken.Count == 10)
                {
                    await lab.Server.TerminateBackendsAsync(lab.Database, token);
                }
            }
        }
        catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.TooManyConnections)
        {
            await Task.Delay(TimeSpan.FromSeconds(2), token);
        }
        finally
        {
            foreach (var connection in taken)
            {
                await connection.DisposeAsync();
            }
        }
    });

    public static Fault ListenerKilled { get; } = new("LISTEN ended", async (lab, _, token) =>
    {
        await using var connection = await lab.Server.OpenAsync(lab.Database, token);
        await using var command = new NpgsqlCommand(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'",
            connection);
        await command.ExecuteNonQueryAsync(token);
    });

    /// <summary>Needs a disk that can be filled: <see cref="Servers.FaultServer.Disk"/>.</summary>
    public static Fault DiskFull { get; } = new("full disk for 2 s", (lab, _, token) => lab.Server.FillDiskAsync(
        async () =>
        {
            await Task.Delay(TimeSpan.FromSeconds(2), token);
            await using var connection = await lab.Server.OpenAsync(lab.Database, token);
            await using var command = new NpgsqlCommand("CREATE TABLE faults_filler AS SELECT generate_series(1, 10000) AS n", connection);
            var full = Assert.ThrowsAsync<PostgresException>(() => command.ExecuteNonQueryAsync(token));
            Assert.That(full!.SqlState, Is.EqualTo(PostgresErrorCodes.DiskFull));
        },
        token));

    public static IReadOnlyList<Fault> All { get; } = [ReadOnly, ShortTimeouts, NoConnections, ListenerKilled, DiskFull];
}
