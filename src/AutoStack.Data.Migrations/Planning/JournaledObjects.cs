using Npgsql;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>
/// The objects of the versions that the journal of the package's scripts records. A journal that records more than the database has would
/// keep scripts from ever running.
/// </summary>
internal static class JournaledObjects
{
    private const int MaxNamed = 3;

    /// <summary>
    /// Reads the catalog for a run that changes no table of the core: it does not wait for a session that has locked one. Null when there
    /// is such a session.
    /// </summary>
    public static async Task<Catalog?> ReadUnlockedAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var transaction = await connection.BeginTransactionAsync(cancellationToken).ConfigureAwait(false);
        await using var ending = transaction.ConfigureAwait(false);
        using var limit = new NpgsqlCommand("SELECT pg_catalog.set_config('lock_timeout', '500ms', true)", connection, transaction);
        await limit.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return await Catalog.ReadAsync(connection, cancellationToken).ConfigureAwait(false);
        }
        catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.LockNotAvailable)
        {
            return null;
        }
    }

    /// <summary>
    /// Says why the journal is wrong; null when the database has the journaled versions, whatever an operator has changed in them.
    /// </summary>
    /// <param name="found">The catalog of the database.</param>
    /// <param name="history">The journal, with a version of the core.</param>
    /// <param name="sets">The sets of the journal; the core of this package first.</param>
    /// <param name="options">
    /// Objects that are ignored, and ignored obstacles, are no reason to refuse a database that has no other version.
    /// </param>
    public static string? WhyMissing(
        Catalog found, SchemaHistory history, IReadOnlyList<ScriptSet> sets, SchemaMigratorOptions options)
    {
        var features = sets.Where(set => set.ExpectedCatalog is not null)
            .Select(set => (Objects: new FeatureCatalog(set.ExpectedCatalog!), Version: history.Find(set.Name)?.CurrentVersion ?? 0))
            .Where(feature => feature.Version > 0).ToList();
        var current = history.CurrentVersion;
        var expected = Expected(current);
        if (expected.Objects.All(o => found.Find(o)?.Definition == o.Definition))
        {
            return null;
        }

        if (OwnTables.Of(found).Count == 0)
        {
            return $"This database has none of AutoStack's tables, and its journal is at version {current}. " +
                "Record that: autostack-db stamp base. Nothing was changed.";
        }

        var differences = Catalog.Compare(expected, found).Where(d => d is { IsRemark: false, Expected: not null }).ToList();
        if (differences.Count == 0)
        {
            return null;
        }

        if (DetectedVersion.Of(found, expected: Expected) is { IsExact: true } detected && detected.Version < current)
        {
            return detected.Message(current, detects: features.Count == 0);
        }

        // A renamed object has a difference with the definition that was found.
        var renamed = differences.Where(d => d.Found is not null).Select(d => (d.Kind, d.Name)).ToHashSet();
        var missing = options.IgnoreObstacles ? [] : sets[0].Scripts.Take(current).Where(script =>
            Created(script.Version) is { Count: > 0 } created && created.All(IsMissing)).ToList();
        return missing.Count == 0 ? null : Message(missing, Created(missing[0].Version));

        Catalog Expected(int version) =>
            features.Aggregate(Catalog.Expected(version), (below, feature) => feature.Objects.Over(below, feature.Version));

        // Without what a feature or a later version drops: an upgrade that was interrupted has dropped it perhaps.
        List<CatalogObject> Created(int version)
        {
            var before = Catalog.Expected(version - 1);
            return
            [
                .. Catalog.Expected(version).Objects
                    .Where(o => before.Find(o) is null && expected.Find(o) is not null && Catalog.Newest.Find(o) is not null),
            ];
        }

        bool IsMissing(CatalogObject o) =>
            found.Find(o) is null && !renamed.Contains((o.Kind, o.Path)) && !options.Ignored.Names(o.Kind, o.Path);
    }

    private static string Message(List<MigrationScript> scripts, List<CatalogObject> created) =>
        $"The journal has {string.Join(", ", scripts.Take(MaxNamed).Select(script => script.Name))}" +
        $"{(scripts.Count > MaxNamed ? ", …" : "")}, but nothing of what {(scripts.Count == 1 ? "it" : scripts[0].Name)} creates exists " +
        $"({string.Join(", ", created.Take(MaxNamed).Select(o => o.Path))}{(created.Count > MaxNamed ? ", …" : "")}). " +
        "See what is missing: autostack-db check; create it: autostack-db check --fix. To run without it: --ignore-obstacles. " +
        "Nothing was changed.";
}
