using AutoStack.Data.Cli.Backups;
using AutoStack.Data.Cli.Bench;
using AutoStack.Data.Cli.Dumping;
using AutoStack.Data.Migrations.Internal;
using AutoStack.Data.Migrations.Tests.Support;
using Npgsql;

namespace AutoStack.Data.Migrations.Tests.Verbs;

/// <summary>Settings of the role that end idle sessions and long transactions end no session of the console.</summary>
public sealed class SessionLimitTests : MigrationTests
{
    private const string Names = "idle_in_transaction_session_timeout', 'idle_session_timeout', 'transaction_timeout";

    // Far longer than a test, so that only a look shows whether they are lifted.
    private string Limited => ConnectionString
        + ";Options=-c idle_session_timeout=7777s -c idle_in_transaction_session_timeout=7777s";

    [Test]
    public async Task The_sessions_of_bench_may_be_idle()
    {
        var connection = ConnectionString + ";Options=-c idle_session_timeout=150ms";
        await using var database = await BenchDatabase.ConnectAsync(
            new MigrationServer(connection), connection, TimeSpan.Zero, new Recorder(), Token);
        await using var pool = database.OpenPool(1);
        await using (await pool.OpenConnectionAsync(Token))
        {
        }

        // Both sessions are idle for longer than the setting allows: they live, or they are gone.
        await UntilAsync($"""
            SELECT NOT EXISTS (
                SELECT
                FROM pg_stat_activity a
                WHERE a.datname = current_database() AND a.application_name <> 'raw'
                  AND clock_timestamp() < a.state_change + interval '600ms')
            """);

        Assert.That(await ListAsync("SELECT a.application_name FROM pg_stat_activity a WHERE a.datname = current_database() AND " +
            "a.application_name <> 'raw' ORDER BY 1"), Is.EqualTo(new[] { $"autostack-db {database.Schema}", MigratorName }));
    }

    [Test]
    public async Task The_session_of_backup_mark_may_be_idle_and_count_for_long()
    {
        await using var connection = new NpgsqlConnection(Limited);
        await connection.OpenAsync(Token);

        await RowMark.CountAsync(connection, TimeSpan.FromSeconds(10), _ => { }, Token);

        Assert.That(await LimitsAsync(connection), Is.All.EqualTo("0"));
    }

    [Test]
    public async Task The_transaction_of_dump_may_last_and_leaves_the_session_as_it_was()
    {
        await using var connection = new NpgsqlConnection(Limited);
        await connection.OpenAsync(Token);
        await using var transaction = await connection.BeginTransactionAsync(Token);
        await using (var prepare = new NpgsqlCommand(SchemaDump.Prepare, connection))
        {
            await prepare.ExecuteNonQueryAsync(Token);
        }

        var during = await LimitsAsync(connection);
        await transaction.RollbackAsync(Token);

        Assert.That(during, Is.All.EqualTo("0"));
        Assert.That(await LimitsAsync(connection), Has.Some.EqualTo("7777s"));
    }

    private async Task<List<string>> LimitsAsync(NpgsqlConnection connection)
    {
        await using var command = new NpgsqlCommand(
            $"SELECT current_setting(s.name) FROM pg_settings s WHERE s.name IN ('{Names}')", connection);
        var limits = await command.ListAsync(row => row.GetString(0), Token);
        Assert.That(limits, Has.Count.GreaterThanOrEqualTo(2));
        return limits;
    }
}
