using System.Text.RegularExpressions;
using Npgsql;

namespace AutoStack.Data.Migrations.Tests.Checks;

/// <summary>
/// Each kind of drift, on a database with rows: the statements that lose nothing are run as a person would, and the database is checked
/// again. What they do not mend, the report explains; what protects rows is never less afterwards; each statement takes the locks that it
/// states.
/// </summary>
public sealed partial class MendingTests : SeededTests
{
    private static readonly string[] Modes =
    [
        "AccessShareLock", "RowShareLock", "RowExclusiveLock", "ShareUpdateExclusiveLock", "ShareLock", "ShareRowExclusiveLock",
        "ExclusiveLock", "AccessExclusiveLock",
    ];

    private static IEnumerable<TestCaseData> Cases => DriftCases.All.Select(drift => new TestCaseData(drift).SetArgDisplayNames(drift.Sql));

    [Test]
    public void There_are_many_kinds_of_drift() => Assert.That(DriftCases.All.Count(), Is.GreaterThanOrEqualTo(100));

    [TestCaseSource(nameof(Cases))]
    public async Task Drift_is_mended_without_harm_or_explained(Drift drift)
    {
        RequireServer(drift.Version);
        await StartSeededAsync();
        await ExecuteAsync(drift.Sql);
        Raw.Clear();
        await using var connection = await Raw.OpenConnectionAsync(Token);
        await RunAsync(connection, "SET search_path = public; SET timezone = 'UTC'; SET default_transaction_read_only = off");
        var before = await Inventory.ReadAsync(connection, Token);

        var first = await Migrator().CheckAsync(Token);
        AssertReport(drift, first);
        await MendAsync(connection, first);
        var second = await Migrator().CheckAsync(Token);

        var after = await Inventory.ReadAsync(connection, Token);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(before.Where(n => n.Key != "columns without values" && n.Value > after.GetValueOrDefault(n.Key))
                .Select(n => $"{n.Key}: {n.Value} → {after.GetValueOrDefault(n.Key)}"), Is.Empty);
            var left = second.Differences.Where(d => !d.IsRemark && !d.Protects && d.Obstacles.Count == 0).ToList();
            Assert.That(left.Where(d => d.IsSafe).Select(d => d.Message), Is.Empty,
                "every difference that is left has an explanation");
            Assert.That(left.Select(d => d.Name).Except(first.Differences.Select(d => d.Name)), Is.Empty);
            if (drift.Expected == Expectation.Mended)
            {
                Assert.That(second.Differences.Where(d => !d.IsRemark && !d.Protects).Select(d => d.Message), Is.Empty);
            }
        }
    }

    private static void AssertReport(Drift drift, SchemaCheckResult check)
    {
        var messages = check.Differences.Select(d => d.Message).ToList();
        var matching = check.Differences.Where(d =>
            d.Message.Contains(drift.Words, StringComparison.Ordinal)
            || d.Obstacles.Any(o => o.What.Contains(drift.Words, StringComparison.Ordinal))).ToList();
        Assert.That(matching, drift.Words.Length > 0 ? Is.Not.Empty : Is.Empty,
            string.Join('\n', check.Differences.SelectMany(d => d.Obstacles.Select(o => o.What).Prepend(d.Message))));
        switch (drift.Expected)
        {
            case Expectation.Mended:
                Assert.That(check.Differences.SelectMany(d => d.Obstacles), Is.Empty);
                Assert.That(matching, Has.Some.Matches<SchemaDifference>(d => d.Protects || (d.Repairs.Count > 0 && d.IsSafe)),
                    string.Join('\n', messages));
                break;
            case Expectation.Obstacle:
                Assert.That(matching, Has.Some.Matches<SchemaDifference>(d => d.Obstacles.Count > 0 && d.Repairs.Count == 0));
                break;
            case Expectation.Protects:
                Assert.That(matching, Has.Some.Matches<SchemaDifference>(d => d.Protects && d.Repairs.Count == 0));
                break;
            case Expectation.Loses:
                Assert.That(check.Differences, Has.Some.Matches<SchemaDifference>(d => d.LosesData || d.LosesSecurity));
                break;
            case Expectation.LosesData:
                Assert.That(matching, Has.Some.Matches<SchemaDifference>(d => d.Repairs.Count > 0 && d.LosesData && !d.LosesSecurity));
                break;
            case Expectation.LosesSecurity:
                Assert.That(matching, Has.Some.Matches<SchemaDifference>(d => d.Repairs.Count > 0 && d.LosesSecurity && !d.LosesData));
                break;
            case Expectation.Remark:
                Assert.That(check.HasDrifted, Is.False, string.Join('\n', messages));
                break;
        }
    }

    // As the manual says: statement by statement, those that lose nothing.
    private async Task MendAsync(NpgsqlConnection connection, SchemaCheckResult check)
    {
        foreach (var difference in check.Differences.Where(d => d.IsSafe))
        {
            foreach (var repair in difference.Repairs)
            {
                await RunAsync(connection, $"SET lock_timeout = '{repair.LockTimeout}'");
                if (!repair.Transactional)
                {
                    await RunAsync(connection, repair.Sql);
                    continue;
                }

                var names = await ReadNamesAsync(connection);
                await using var transaction = await connection.BeginTransactionAsync(Token);
                await RunAsync(connection, repair.Sql);
                var locks = await ReadLocksAsync(connection, names);
                await transaction.CommitAsync(Token);
                var stated = repair.Locks.Select(l => l.ToString()).ToList();
                Assert.That(locks.Where(l => stated.Contains(l) || !l.Contains(" on index ", StringComparison.Ordinal)),
                    Is.EquivalentTo(stated), repair.Sql);
            }
        }
    }

    // Tables and indexes by their names before the statement, which may rename them.
    private async Task<Dictionary<uint, string>> ReadNamesAsync(NpgsqlConnection connection)
    {
        await using var command = new NpgsqlCommand("""
            SELECT c.oid, CASE WHEN c.relkind = 'i' THEN 'index ' ELSE '' END || c.relname
            FROM pg_class c
            JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname !~ '^pg_' AND c.relkind IN ('r', 'p', 'i')
            """, connection);
        await using var reader = await command.ExecuteReaderAsync(Token);
        var names = new Dictionary<uint, string>();
        while (await reader.ReadAsync(Token))
        {
            names.Add(reader.GetFieldValue<uint>(0), reader.GetString(1));
        }

        return names;
    }

    // The strongest lock on each table, without those that hinder neither readers, writers nor other changes of the schema.
    private async Task<IReadOnlyList<string>> ReadLocksAsync(NpgsqlConnection connection, Dictionary<uint, string> names)
    {
        await using var command = new NpgsqlCommand(
            "SELECT relation, mode FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'relation'", connection);
        await using var reader = await command.ExecuteReaderAsync(Token);
        var locks = new List<(string Name, int Strength)>();
        while (await reader.ReadAsync(Token))
        {
            if (names.TryGetValue(reader.GetFieldValue<uint>(0), out var name))
            {
                locks.Add((name, Array.IndexOf(Modes, reader.GetString(1))));
            }
        }

        return
        [
            .. locks.GroupBy(l => l.Name).Select(l => (Name: l.Key, Strength: l.Max(one => one.Strength)))
                .Where(l => l.Strength >= Array.IndexOf(Modes, "ShareUpdateExclusiveLock"))
                .Select(l => $"{Words().Replace(Modes[l.Strength][..^4], " ").ToUpperInvariant()} on {l.Name}"),
        ];
    }

    private async Task RunAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(Token);
    }

    private static void RequireServer(int version)
    {
        if (TestServer.Current.ServerVersion.Major < version)
        {
            Assert.Ignore($"PostgreSQL {version} and later.");
        }
    }

    [GeneratedRegex("(?<=[a-z])(?=[A-Z])")]
    private static partial Regex Words();
}
