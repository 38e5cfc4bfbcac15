using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using AutoStack.Data.Migrations;
using Npgsql;

namespace AutoStack.Data.Testing.Internal;

/// <summary>
/// The database that test databases are copied from. The migrator creates it once per server; its name has the hash of the scripts. It
/// refuses connections, because PostgreSQL does not copy a database that has any.
/// </summary>
internal sealed class TemplateDatabase(Administration administration) : IDisposable
{
    private const long LockKey = 0x6175746F74706C31; // "autotpl1"
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LockWait = TimeSpan.FromMinutes(5);

    private readonly SemaphoreSlim gate = new(1, 1);
    private bool ready;

    public static string Name { get; } = "autostack_template_" + HashOfScripts();

    /// <summary>Creates the template unless it exists.</summary>
    /// <returns>The name of the template.</returns>
    public async Task<string> EnsureAsync(CancellationToken cancellationToken)
    {
        await gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (!ready)
            {
                await BuildOnceAsync(cancellationToken).ConfigureAwait(false);
                ready = true;
            }

            return Name;
        }
        finally
        {
            gate.Release();
        }
    }

    public void Dispose() => gate.Dispose();

    private async Task BuildOnceAsync(CancellationToken cancellationToken)
    {
        if (await FindStateAsync(cancellationToken).ConfigureAwait(false) == State.Sealed)
        {
            return;
        }

        var connection = new NpgsqlConnection(
            new NpgsqlConnectionStringBuilder(administration.ConnectionString) { Pooling = false }.ConnectionString);
        await using var releasing = connection.ConfigureAwait(false);
        await connection.OpenAsync(cancellationToken).ConfigureAwait(false);
        await LockAsync(connection, cancellationToken).ConfigureAwait(false);

        var state = await FindStateAsync(cancellationToken).ConfigureAwait(false);
        if (state == State.Sealed)
        {
            return;
        }

        if (state == State.Missing)
        {
            await MigrateAsync(cancellationToken).ConfigureAwait(false);
        }

        await administration.ExecuteAsync($"ALTER DATABASE {Name} WITH IS_TEMPLATE true ALLOW_CONNECTIONS false", cancellationToken)
            .ConfigureAwait(false);
    }

    // The final name is given last: an incomplete template still has the other name.
    private async Task MigrateAsync(CancellationToken cancellationToken)
    {
        const string Suffix = "_building";
        await administration.ExecuteAsync($"DROP DATABASE IF EXISTS {Name}{Suffix} WITH (FORCE)", cancellationToken).ConfigureAwait(false);
        await administration.ExecuteAsync($"CREATE DATABASE {Name}{Suffix} TEMPLATE template0", cancellationToken).ConfigureAwait(false);
        await new SchemaMigrator(administration.ConnectionStringTo(Name + Suffix)).UpgradeAsync(cancellationToken: cancellationToken)
            .ConfigureAwait(false);
        await administration.ExecuteAsync($"ALTER DATABASE {Name}{Suffix} RENAME TO {Name}", cancellationToken).ConfigureAwait(false);
    }

    private async Task<State> FindStateAsync(CancellationToken cancellationToken)
    {
        var rows = await administration.ListAsync(
            $"SELECT datname::text, (datistemplate AND NOT datallowconn)::text FROM pg_database WHERE datname = '{Name}'",
            cancellationToken).ConfigureAwait(false);
        return rows switch
        {
            [] => State.Missing,
            [(_, "true")] => State.Sealed,
            _ => State.Unsealed,
        };
    }

    // The lock is polled: a session that waits inside pg_advisory_lock holds a snapshot, for which a migration may have to wait.
    private static async Task LockAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        using var command = new NpgsqlCommand($"SELECT pg_try_advisory_lock({LockKey})", connection);
        var watch = Stopwatch.StartNew();
        while (await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false) is not true)
        {
            if (watch.Elapsed > LockWait)
            {
                throw new TimeoutException($"Another process has been creating {Name} for more than {LockWait.TotalMinutes:0} minutes.");
            }

            await Task.Delay(PollInterval, cancellationToken).ConfigureAwait(false);
        }
    }

    // The shape of the journal is not part of the scripts.
    private static string HashOfScripts()
    {
        var text = "journal with script sets\n" +
            string.Join('\n', SchemaMigrator.Scripts.Select(script => $"{script.Name} {script.Checksum} {script.Down.Sql}"));
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..12];
    }

    private enum State
    {
        Missing,
        Unsealed,
        Sealed,
    }
}
