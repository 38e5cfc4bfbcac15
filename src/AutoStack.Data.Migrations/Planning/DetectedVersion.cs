using AutoStack.Data.Migrations.Internal;

namespace AutoStack.Data.Migrations;

/// <summary>The version of the core whose objects a database has, whatever its journal records.</summary>
/// <param name="Version">
/// The version. Of versions that create the same objects, because a script changes rows only, the first one: an upgrade runs that script
/// again.
/// </param>
/// <param name="Differences">The number of objects that differ from that version; 0 when the database is exactly at the version.</param>
public sealed record DetectedVersion(int Version, int Differences)
{
    /// <summary>True when every object is as the scripts up to the version create it.</summary>
    public bool IsExact => Differences == 0;

    /// <summary>The features with whose objects nothing differs, and their versions; empty when something does, or nothing did.</summary>
    internal IReadOnlyList<SetVersions> Features { get; private init; } = [];

    /// <summary>Finds the version; null when the database has no object of a later version than a given one, or no table.</summary>
    /// <param name="found">The catalog of the database.</param>
    /// <param name="after">The version.</param>
    /// <param name="expected">The objects of a version with those of the enabled features; null for those of the core.</param>
    internal static DetectedVersion? Of(Catalog found, int after = 0, Func<int, Catalog>? expected = null)
    {
        expected ??= Catalog.Expected;
        if (OwnTables.Of(found).Count == 0)
        {
            return null;
        }

        // An index of a later version, or of an earlier one that a script dropped, is a remark.
        var best = (
            from version in Enumerable.Range(1, MigrationScript.Embedded.Count)
            let differences = Catalog.Compare(expected(version), found)
            let remarks = differences.Count(difference => difference.IsRemark)
            orderby differences.Count - remarks, remarks, version descending
            select new DetectedVersion(version, differences.Count - remarks)).First();
        var first = best.Version;
        while (first > 1 && HasSameObjects(expected(first - 1), expected(first)))
        {
            first--;
        }

        return first <= after ? null
            : best with { Version = first, Features = best.IsExact ? [] : FeaturesOf(found, expected(best.Version)) };
    }

    // Each feature at its newest version that brings the database closer.
    private static List<SetVersions> FeaturesOf(Catalog found, Catalog expected)
    {
        var features = new List<SetVersions>();
        var left = Count(expected);
        foreach (var set in ScriptSet.BuiltInFeatures.Where(set => set.ExpectedCatalog is not null))
        {
            var feature = new FeatureCatalog(set.ExpectedCatalog!);
            var (version, differences) = Enumerable.Range(1, set.Scripts.Count)
                .Select(version => (Version: version, Differences: Count(feature.Over(expected, version))))
                .OrderBy(candidate => candidate.Differences).ThenByDescending(candidate => candidate.Version).First();
            if (differences < left)
            {
                (left, expected) = (differences, feature.Over(expected, version));
                features.Add(new SetVersions(set.Name, 0, version));
            }
        }

        return left == 0 ? features : [];

        int Count(Catalog catalog) => Catalog.Compare(catalog, found).Count(difference => !difference.IsRemark);
    }

    /// <summary>What an operator is told, with the command that mends the journal.</summary>
    /// <param name="journaled">The version in the journal; 0 without a journal.</param>
    /// <param name="detects">False when the database has features, with whose objects a stamp finds no version.</param>
    internal string Message(int journaled, bool detects = true)
    {
        var journal = journaled == 0 ? "it has no journal" : $"its journal is at version {journaled}";
        return IsExact
            ? $"This database has the objects of version {Version}, and {journal}. Record the version: autostack-db stamp " +
              $"{(detects ? "--detect" : Version)}. Nothing was changed."
            : $"The objects of this database are closest to version {Version} ({Differences} of them differ), and {journal}. " +
              (Features.Count == 0 ? $"Record the version and see what differs: autostack-db stamp {Version}, then autostack-db check."
                  : $"Nothing differs with the objects of {string.Join(" and ", Features.Select(set => set.Set))}. Record the versions: " +
                    $"autostack-db stamp {Version}{string.Concat(Features.Select(CommandOf))}.") +
              " Nothing was changed.";

        static string CommandOf(SetVersions set) => $", then autostack-db stamp {set.ToVersion} --set {set.Set}";
    }

    private static bool HasSameObjects(Catalog first, Catalog second) =>
        first.Objects.Count == second.Objects.Count && second.Objects.All(o => first.Find(o)?.Definition == o.Definition);
}
