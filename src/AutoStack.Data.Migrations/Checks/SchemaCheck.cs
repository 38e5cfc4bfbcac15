using System.Data;
using Npgsql;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>Compares a database with what the scripts create up to its version.</summary>
internal sealed class SchemaCheck(MigratorContext context)
{
    /// <inheritdoc cref="SchemaMigrator.CheckAsync"/>
    public async Task<SchemaCheckResult> RunAsync(CancellationToken cancellationToken)
    {
        var connection = await context.ConnectAsync(progress: null, cancellationToken).ConfigureAwait(false);
        await using var closing = connection.ConfigureAwait(false);
        var transaction = await BeginAsync(connection, cancellationToken).ConfigureAwait(false);
        await using var ending = transaction.ConfigureAwait(false);
        var history = await VersionJournal.ReadHistoryAsync(connection, context.Sets, cancellationToken).ConfigureAwait(false);
        var foreign = await ForeignObjectSearch.FindAsync(connection, cancellationToken).ConfigureAwait(false);
        var (ignored, lines) = (context.Options.Ignored, context.Options.Ignored.Lines);
        var result = new SchemaCheckResult(history, [])
        {
            ForeignObjects = foreign.Objects,
            OpenSchemas = foreign.OpenSchemas,
            AllowsForeignObjects = context.Options.AllowForeignObjects,
        };
        if (history.Sets.Any(set => set.Kind != ScriptSetKind.Service && set.Versions.Any(v => v.State == VersionState.Unknown)))
        {
            return result;
        }

        var all = await CompareAsync(connection, transaction, history, cancellationToken).ConfigureAwait(false);
        var known = all.Differences.ToLookup(d => ignored.Names(d.Kind, d.Name));
        return result with
        {
            Differences = [.. known[false]],
            Ignored = [.. known[true]],
            UnusedIgnores = [.. lines.Where(line => !all.Differences.Any(d => line.Matches(d.Kind, d.Name)))],
            Detected = all.Detected,
        };
    }

    private async Task<(IReadOnlyList<SchemaDifference> Differences, DetectedVersion? Detected)> CompareAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, SchemaHistory history, CancellationToken cancellationToken)
    {
        var found = await ReadAsync(connection, [], cancellationToken).ConfigureAwait(false);
        var expected = new Catalog([.. Expected(history).Objects, .. JournalCatalog.Expected(found)]);
        var around = await UnlockedAsync(SurroundingsReader.ReadAsync(
            connection, expected, found, o => context.Options.Ignored.Names(o.Kind, o.Path), cancellationToken)).ConfigureAwait(false);
        if (around.Moved.Count > 0)
        {
            found = await ReadAsync(connection, [.. around.Moved], cancellationToken).ConfigureAwait(false);
        }

        var differences = Catalog.Compare(expected, found, around);
        var detected = Detect(history, found, differences);
        var obstacles = new ObstacleSearch(connection, transaction, expected, found);
        return (
        [
            .. await obstacles.RunAsync(differences, cancellationToken).ConfigureAwait(false),
            .. OwnerComparison.Run(expected, found),
            .. await DatabaseSettings.FindAsync(connection, cancellationToken).ConfigureAwait(false),
        ], detected);
    }

    /// <inheritdoc cref="SchemaMigrator.DetectVersionAsync"/>
    public async Task<DetectedVersion?> DetectAsync(CancellationToken cancellationToken)
    {
        var connection = await context.ConnectAsync(progress: null, cancellationToken).ConfigureAwait(false);
        await using var closing = connection.ConfigureAwait(false);
        var transaction = await BeginAsync(connection, cancellationToken).ConfigureAwait(false);
        await using var ending = transaction.ConfigureAwait(false);
        return DetectedVersion.Of(WithoutJournal(await ReadAsync(connection, [], cancellationToken).ConfigureAwait(false)));
    }

    // One snapshot of journal and catalog, whoever migrates meanwhile. The server opens a table to print an expression on it: hence the
    // timeout.
    private async Task<NpgsqlTransaction> BeginAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var transaction = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken).ConfigureAwait(false);
        using var prepare = new NpgsqlCommand(
            $"SET TRANSACTION READ ONLY; {SearchPath.OwnInTransaction}; {SessionLimits.LiftInTransaction}; " +
            "SELECT set_config('lock_timeout', @milliseconds::text, true)",
            connection,
            transaction);
        prepare.Parameters.AddWithValue("milliseconds", context.Options.TableWaitMilliseconds);
        await prepare.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
        return transaction;
    }

    private static Catalog WithoutJournal(Catalog catalog) => new([.. catalog.Objects.Where(o => o.Table != Catalog.Journal)]);

    private Task<Catalog> ReadAsync(NpgsqlConnection connection, IReadOnlyList<uint> moved, CancellationToken cancellationToken) =>
        UnlockedAsync(Catalog.ReadWithJournalAsync(connection, moved, cancellationToken));

    private async Task<T> UnlockedAsync<T>(Task<T> reading)
    {
        try
        {
            return await reading.ConfigureAwait(false);
        }
        catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.LockNotAvailable)
        {
            throw new MigrationException(MigrationError.Locked,
                "Another session has locked a table; the check could not read it in time." +
                await LockedTables.SentenceAsync(context.Server, writes: false, CancellationToken.None).ConfigureAwait(false), exception);
        }
    }

    // Only where another version is the better explanation: without features, whose objects would count as differences of the core.
    private static DetectedVersion? Detect(SchemaHistory history, Catalog found, IReadOnlyList<SchemaDifference> differences) =>
        differences.Count(d => !d.IsRemark) is > 0 and var count
        && history.Sets.All(set => set.Kind != ScriptSetKind.Feature)
        && WithoutJournal(found) is var own
        && (history.CurrentVersion == 0 ? MigrationPlanner.FindLostJournal(own) : DetectedVersion.Of(own)) is { } detected
        && (detected.Version > MigrationPlanner.DocumentedVersion || detected.Version < history.CurrentVersion)
        && detected.Version != history.CurrentVersion && detected.Differences < count ? detected : null;

    // The core, and over it the enabled features: they add objects, and replace or remove those of the core.
    private Catalog Expected(SchemaHistory history) => context.Sets
        .Where(set => set.ExpectedCatalog is not null)
        .Aggregate(
            Catalog.Expected(history.CurrentVersion),
            (below, set) => new FeatureCatalog(set.ExpectedCatalog!).Over(below, history.Find(set.Name)?.CurrentVersion ?? 0));
}
