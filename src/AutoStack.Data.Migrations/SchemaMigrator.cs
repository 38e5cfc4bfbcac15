using AutoStack.Data.Migrations.Internal;
using AutoStack.Data.Migrations.Internal.Adoption;
using AutoStack.Data.Migrations.Internal.Catalogs;
using Npgsql;

namespace AutoStack.Data.Migrations;

/// <summary>
/// Applies the schema scripts of this package to a database and takes them back. Safe to run from several processes at once: one works,
/// the others wait and then find nothing left to do.
/// </summary>
/// <remarks>
/// Needs a direct connection to the server: the lock is held by the session, which a pooler in transaction mode shares among strangers.
/// The role needs the right to create tables in the schema <c>public</c> and the extension <c>uuid-ossp</c>.
/// </remarks>
public sealed partial class SchemaMigrator
{
    private readonly MigrationServer server;
    private readonly SchemaMigratorOptions options;
    private readonly IReadOnlyList<MigrationScript> scripts;

    /// <summary>A migrator for one database, with the scripts of this package.</summary>
    /// <param name="connectionString">
    /// An Npgsql connection string (<c>Host=…;Database=…;Username=…</c>), or a URI as libpq (<c>postgresql://user@host/database</c>) or SQLAlchemy
    /// (<c>postgresql+asyncpg://…</c>) take it.
    /// </param>
    /// <param name="options">How long to wait; null for the defaults.</param>
    /// <exception cref="MigrationException">The connection string is none (<see cref="MigrationError.NoConnection"/>).</exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    public SchemaMigrator(string connectionString, SchemaMigratorOptions? options = null)
        : this(connectionString, options, Scripts)
    {
    }

    internal SchemaMigrator(string connectionString, SchemaMigratorOptions? options, IReadOnlyList<MigrationScript> scripts)
    {
        ArgumentNullException.ThrowIfNull(connectionString);
        this.options = options ?? new SchemaMigratorOptions();
        this.options.Validate();
        this.scripts = scripts;
        server = new MigrationServer(connectionString, this.options.ShowValues, this.options.AskPassword);
    }

    /// <summary>The scripts of this package, version 1 first.</summary>
    public static IReadOnlyList<MigrationScript> Scripts { get; } = MigrationScript.LoadEmbedded();

    /// <summary>Applies what is missing, up to a version.</summary>
    /// <param name="target">The version to reach; <see cref="MigrationTarget.Head"/> is the default value.</param>
    /// <param name="progress">Told of each step as it happens; null for nobody.</param>
    /// <param name="cancellationToken">Stops between two scripts, or within one by cancelling its statement; nothing is half-applied.</param>
    /// <returns>The scripts that ran; none when the database is there already.</returns>
    /// <exception cref="MigrationException">See <see cref="MigrationError"/>; scripts committed before the failure stay applied.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public Task<MigrationReport> UpgradeAsync(
        MigrationTarget target = default, IProgress<MigrationEvent>? progress = null, CancellationToken cancellationToken = default) =>
        MigrateAsync(up: true, target, progress, cancellationToken);

    /// <summary>Takes versions back, newest first. <b>Data in dropped tables and columns is lost.</b></summary>
    /// <param name="target">The version to go back to; <see cref="MigrationTarget.Base"/> takes everything back.</param>
    /// <param name="progress">Told of each step as it happens; null for nobody.</param>
    /// <param name="cancellationToken">Stops between two scripts, or within one by cancelling its statement; nothing is half-applied.</param>
    /// <returns>The scripts that ran; none when the database is there already.</returns>
    /// <exception cref="MigrationException">See <see cref="MigrationError"/>; scripts committed before the failure stay taken back.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public Task<MigrationReport> DowngradeAsync(
        MigrationTarget target, IProgress<MigrationEvent>? progress = null, CancellationToken cancellationToken = default) =>
        MigrateAsync(up: false, target, progress, cancellationToken);

    /// <summary>Reads which versions a database has. Writes nothing and takes no lock.</summary>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>Every version, applied or not.</returns>
    /// <exception cref="MigrationException">No connection (<see cref="MigrationError.NoConnection"/>).</exception>
    public async Task<SchemaHistory> GetHistoryAsync(CancellationToken cancellationToken = default)
    {
        var connection = await OpenAsync(progress: null, cancellationToken).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            return Compare(await ReadJournalAsync(connection, make: false, cancellationToken).ConfigureAwait(false));
        }
    }

    private Task<MigrationReport> MigrateAsync(
        bool up, MigrationTarget target, IProgress<MigrationEvent>? progress, CancellationToken cancellationToken) =>
        WithLockAsync(progress, async (runner, connection) =>
        {
            // A refusal leaves no journal behind.
            var (history, plan) = await PlanAsync(connection, up, target, cancellationToken).ConfigureAwait(false);
            await ReadJournalAsync(connection, make: true, cancellationToken).ConfigureAwait(false);
            var from = history.CurrentVersion;
            var to = plan.Count == 0 ? from : up ? plan[^1].Version : plan[^1].Version - 1;
            progress?.Report(new MigrationPlanned(from, to, plan.Count));

            var run = new ScriptRun(runner, from, up);
            foreach (var script in plan)
            {
                await run.ApplyAsync(script, cancellationToken).ConfigureAwait(false);
            }

            return run.Report;
        }, cancellationToken);

    /// <summary>Works on one connection while another one holds the lock.</summary>
    private async Task<T> WithLockAsync<T>(
        IProgress<MigrationEvent>? progress, Func<ScriptRunner, NpgsqlConnection, Task<T>> work, CancellationToken cancellationToken)
    {
        var lockConnection = await OpenAsync(progress, cancellationToken).ConfigureAwait(false);
        var held = await MigrationLock.AcquireAsync(lockConnection, options.LockWait, progress, cancellationToken).ConfigureAwait(false);
        await using var releasing = held.ConfigureAwait(false);
        var connection = await OpenBesideAsync(lockConnection, cancellationToken).ConfigureAwait(false);
        await using var closing = connection.ConfigureAwait(false);

        var runner = new ScriptRunner(connection, held, options.Attempts, options.ShowValues, progress);
        await runner.PrepareSessionAsync(cancellationToken).ConfigureAwait(false);
        await ForeignObjects.RefuseAsync(connection, options.AllowForeignObjects, progress, cancellationToken).ConfigureAwait(false);
        return await work(runner, connection).ConfigureAwait(false);
    }

    private async Task<(SchemaHistory History, IReadOnlyList<MigrationScript> Scripts)> PlanAsync(
        NpgsqlConnection connection, bool up, MigrationTarget target, CancellationToken cancellationToken)
    {
        var history = Compare(await ReadJournalAsync(connection, make: false, cancellationToken).ConfigureAwait(false));
        var plan = Plan(history, up, target);
        if (history.CurrentVersion > 0 && up && plan.Count > 0 && ReferenceEquals(scripts, Scripts)
            && LaterObjects.Find(await Catalog.ReadAsync(connection, cancellationToken).ConfigureAwait(false), history.CurrentVersion) is { Count: > 0 } later)
        {
            throw new MigrationException(MigrationError.NotAdopted, LaterObjects.Message(history.CurrentVersion, later));
        }

        return history.CurrentVersion == 0 && up && plan.Count > 0
            && await UnjournaledTables.FindAsync(connection, cancellationToken).ConfigureAwait(false) is { } tables
            ? throw new MigrationException(MigrationError.NotAdopted, tables.Message)
            : (history, plan);
    }

    private List<MigrationScript> Plan(SchemaHistory history, bool up, MigrationTarget target)
    {
        RefuseForeign(history);
        if (history.Versions.FirstOrDefault(v => v.State == VersionState.Pending && v.Version < history.CurrentVersion) is { } missing)
        {
            throw new MigrationException(MigrationError.SchemaNewer,
                $"The journal has version {history.CurrentVersion} but not {missing.Name}. Versions are applied in order; the journal was edited by hand.");
        }

        var version = Resolve(target, history);
        if (up ? version < history.CurrentVersion : version > history.CurrentVersion)
        {
            throw new MigrationException(MigrationError.TargetInvalid,
                $"The database is at version {history.CurrentVersion}; {(up ? $"to go back to {version}, downgrade" : $"to go on to {version}, upgrade")}.");
        }

        return up
            ? [.. scripts.Where(s => s.Version > history.CurrentVersion && s.Version <= version)]
            : [.. scripts.Where(s => s.Version <= history.CurrentVersion && s.Version > version).Reverse()];
    }

    // A newer package's journal, or one of other scripts, is not ours to go on from.
    private static void RefuseForeign(SchemaHistory history)
    {
        if (history.Versions.FirstOrDefault(v => v.State == VersionState.Unknown) is { } unknown)
        {
            throw new MigrationException(MigrationError.SchemaNewer,
                $"The database is at version {history.CurrentVersion} ({unknown.Name} is unknown here), this package knows {history.HeadVersion} versions. Use a newer package.");
        }

        if (history.Versions.FirstOrDefault(v => v.State == VersionState.Changed) is { } changed)
        {
            throw new MigrationException(MigrationError.ScriptChanged,
                $"{changed.Name}.sql was changed after it had been applied on {changed.AppliedAt:yyyy-MM-dd HH:mm} UTC. Restore the released text; a correction is a new script.");
        }
    }

    private static int Resolve(MigrationTarget target, SchemaHistory history)
    {
        var version = target.Resolve(history.CurrentVersion, history.HeadVersion);
        if (version < 0 || version > history.HeadVersion)
        {
            throw new MigrationException(MigrationError.TargetInvalid,
                $"There is no version {target}: the database is at {history.CurrentVersion}, versions go from 0 (base) to {history.HeadVersion} (head).");
        }

        return version;
    }

    private SchemaHistory Compare(IReadOnlyList<VersionJournal.Entry> applied)
    {
        var entries = applied.ToDictionary(e => e.Version);
        var versions = scripts
            .Select(script => entries.Remove(script.Version, out var entry)
                ? Status(entry, entry.Checksum == script.Checksum ? VersionState.Applied : VersionState.Changed)
                : new VersionStatus(script.Version, script.Name, VersionState.Pending, script.Checksum, null, null, null, null))
            .Concat(entries.Values.OrderBy(e => e.Version).Select(entry => Status(entry, VersionState.Unknown)))
            .ToList();
        return new SchemaHistory(applied.Count == 0 ? 0 : applied[^1].Version, scripts.Count, versions);

        static VersionStatus Status(VersionJournal.Entry e, VersionState state) =>
            new(e.Version, e.Name, state, e.Checksum, e.AppliedAt, e.Duration, e.AppliedBy, e.ToolVersion);
    }

    private Task<NpgsqlConnection> OpenAsync(IProgress<MigrationEvent>? progress, CancellationToken cancellationToken) =>
        server.ConnectAsync(options.ServerWait, progress ?? options.Progress, cancellationToken);

    // Of several servers the scripts must run on the one that is locked.
    private Task<NpgsqlConnection> OpenBesideAsync(NpgsqlConnection lockConnection, CancellationToken cancellationToken) =>
        server.Of(lockConnection).ConnectAsync(TimeSpan.Zero, progress: null, cancellationToken);

    private static async Task<IReadOnlyList<VersionJournal.Entry>> ReadJournalAsync(
        NpgsqlConnection connection, bool make, CancellationToken cancellationToken)
    {
        try
        {
            if (make)
            {
                await VersionJournal.EnsureTableAsync(connection, cancellationToken).ConfigureAwait(false);
            }

            return await VersionJournal.ReadAsync(connection, cancellationToken).ConfigureAwait(false);
        }
        catch (PostgresException exception)
        {
            throw new MigrationException(
                MigrationError.ScriptFailed,
                $"The journal public.schema_versions cannot be {(make ? "made or " : "")}read: {ServerError.Describe(exception, showValues: false)}",
                exception);
        }
    }
}
