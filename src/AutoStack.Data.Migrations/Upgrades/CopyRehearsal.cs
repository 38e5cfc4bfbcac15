using System.Diagnostics;
using System.Runtime.ExceptionServices;
using System.Security.Cryptography;
using Npgsql;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>Runs up or down scripts on a copy of a database, with commits and CONCURRENTLY, and stops nobody.</summary>
internal sealed class CopyRehearsal(MigratorContext context)
{
    private const string Prefix = "autostack_rehearsal_";

    /// <inheritdoc cref="SchemaMigrator.RehearseUpgradeOnCopyAsync"/>
    public async Task<CopyRehearsalResult> RunAsync(
        bool up, MigrationTarget target, string? copy, IProgress<MigrationEvent>? progress, CancellationToken cancellationToken)
    {
        // The rights on the copy may be others than those on the database: its creator owns it.
        string database;
        MigrationPlan plan;
        var connection = await context.ConnectReadOnlyAsync(cancellationToken).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            database = connection.Database;
            plan = await PlanForecast.RunnableAsync(connection, context, up, target, cancellationToken).ConfigureAwait(false);
        }

        if (plan.Scripts.Count == 0)
        {
            return new CopyRehearsalResult(
                null, TimeSpan.Zero, new MigrationResult(plan.FromVersion, plan.ToVersion, []) { Sets = plan.Sets });
        }

        return copy is null
            ? await OnTemplateAsync(database, up, target, progress, cancellationToken).ConfigureAwait(false)
            : await OnGivenAsync(copy, up, target, progress, cancellationToken).ConfigureAwait(false);
    }

    private async Task<CopyRehearsalResult> OnTemplateAsync(
        string database, bool up, MigrationTarget target, IProgress<MigrationEvent>? progress, CancellationToken cancellationToken)
    {
        var name = Prefix + RandomNumberGenerator.GetHexString(12, lowercase: true);
        var beside = context.Server.To(database == "postgres" ? "template1" : "postgres");
        var watch = Stopwatch.StartNew();
        await OnAsync(beside, connection => CreateAsync(connection, name, database, cancellationToken), cancellationToken)
            .ConfigureAwait(false);
        var took = watch.Elapsed;
        MigrationResult result;
        try
        {
            progress?.Report(new CopyCreated(name, took));
            result = await new Upgrade(context with { Server = context.Server.To(name) })
                .RunAsync(up, target, progress, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            var left = await DropAsync(beside, name).ConfigureAwait(false);
            throw exception switch
            {
                MigrationException failed => OnCopy(failed, name, left ?? "which was removed"),
                _ when left is null => Rethrown(exception),
                _ => new MigrationException(
                    MigrationError.ScriptFailed, $"{exception.Message} This was the copy {name}, {left}.", exception),
            };
        }

        return await DropAsync(beside, name).ConfigureAwait(false) is not { } kept ? new CopyRehearsalResult(name, took, result)
            : throw new MigrationException(MigrationError.ScriptFailed, $"The rehearsal succeeded. It ran on the copy {name}, {kept}.")
            {
                Result = result,
            };
    }

    private static Exception Rethrown(Exception exception)
    {
        ExceptionDispatchInfo.Throw(exception);
        return exception;
    }

    // A session of its own: one that was opened before the scripts may have been idle for longer than a server or firewall allows. Null
    // when the copy is gone, otherwise the end of a sentence about it.
    private static async Task<string?> DropAsync(MigrationServer beside, string name)
    {
        // Only ever a name that CREATE DATABASE has just accepted.
        var drop = $"DROP DATABASE {name} WITH (FORCE)";
        try
        {
            await OnAsync(beside, connection => ExecuteAsync(connection, drop, CancellationToken.None), CancellationToken.None)
                .ConfigureAwait(false);
            return null;
        }
        catch (Exception exception) when (exception is NpgsqlException or MigrationException)
        {
            return $"which could not be removed ({exception.Message.TrimEnd('.')}) and takes its disk space until {drop}";
        }
    }

    private static async Task OnAsync(MigrationServer server, Func<NpgsqlConnection, Task> work, CancellationToken cancellationToken)
    {
        var connection = await server.ConnectAsync(TimeSpan.Zero, progress: null, cancellationToken).ConfigureAwait(false);
        await using var closing = connection.ConfigureAwait(false);
        await work(connection).ConfigureAwait(false);
    }

    private async Task<CopyRehearsalResult> OnGivenAsync(
        string copy, bool up, MigrationTarget target, IProgress<MigrationEvent>? progress, CancellationToken cancellationToken)
    {
        var server = copy.Contains("://", StringComparison.Ordinal) || copy.Contains('=', StringComparison.Ordinal)
            ? new MigrationServer(copy, context.Options.ShowValues, context.Options.AskPassword) : context.Server.To(copy);
        var name = await RefuseSameAsync(server, cancellationToken).ConfigureAwait(false);
        progress?.Report(new CopyCreated(name, TimeSpan.Zero));
        try
        {
            return new CopyRehearsalResult(
                name, TimeSpan.Zero, await new Upgrade(context with { Server = server }).RunAsync(up, target, progress, cancellationToken)
                    .ConfigureAwait(false));
        }
        catch (MigrationException exception)
        {
            throw OnCopy(exception, name, "which keeps what was done");
        }
    }

    private static MigrationException OnCopy(MigrationException exception, string name, string afterwards) =>
        new(exception.Error, $"{exception.Message} This was the copy {name}, {afterwards}; the database itself was not changed.",
            exception.InnerException)
        {
            Result = exception.Result,
        };

    private static async Task CreateAsync(NpgsqlConnection beside, string name, string database, CancellationToken cancellationToken)
    {
        try
        {
            await ExecuteAsync(beside, $"CREATE DATABASE {name} TEMPLATE {Names.Sql(database)}", cancellationToken).ConfigureAwait(false);
        }
        catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.ObjectInUse)
        {
            using var command = new NpgsqlCommand("""
                SELECT count(*), pg_catalog.string_agg(DISTINCT nullif(a.application_name, ''), ', ')
                FROM pg_catalog.pg_stat_activity a
                WHERE a.datname::text = @database
                """, beside);
            command.Parameters.AddWithValue("database", database);
            var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            await using var closing = reader.ConfigureAwait(false);
            await reader.ReadAsync(cancellationToken).ConfigureAwait(false);
            throw new MigrationException(MigrationError.Locked,
                $"The database has other sessions: {reader.GetInt64(0)}" +
                $"{(reader.IsDBNull(1) ? "" : $" ({reader.GetString(1)})")}. The server copies only a database without sessions. " +
                "Stop them, or restore a backup into another database and name it: " +
                "--copy DATABASE --disposable. Nothing was changed.", exception);
        }
        catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            throw new MigrationException(MigrationError.Obstacles,
                $"This role may not copy the database: {exception.MessageText}. It needs CREATEDB and to own the database " +
                "(ALTER ROLE … CREATEDB). Nothing was changed.", exception);
        }
    }

    // A server has one start time; a database on it has one number. A physical copy of the server has the same numbers and another time.
    private async Task<string> RefuseSameAsync(MigrationServer server, CancellationToken cancellationToken)
    {
        var (here, _) = await IdentityAsync(context.Server, cancellationToken).ConfigureAwait(false);
        var (there, name) = await IdentityAsync(server, cancellationToken).ConfigureAwait(false);
        return here != there ? name : throw new MigrationException(
            MigrationError.TargetInvalid, $"{name} is the database itself, and not a copy of it. Nothing was changed.");
    }

    private async Task<(string Identity, string Name)> IdentityAsync(MigrationServer server, CancellationToken cancellationToken)
    {
        var connection = await server.ConnectAsync(context.Options.ServerWait, progress: null, cancellationToken).ConfigureAwait(false);
        await using var closing = connection.ConfigureAwait(false);
        using var command = new NpgsqlCommand("""
            SELECT pg_catalog.concat_ws(' ', pg_catalog.date_part('epoch', pg_catalog.pg_postmaster_start_time()), d.oid)
            FROM pg_catalog.pg_database d
            WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()
            """, connection);
        return ((string)(await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false))!, Visible.Text(connection.Database));
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
    }
}
