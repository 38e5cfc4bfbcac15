using AutoStack.Data.Migrations;
using AutoStack.Data.Monitoring;

namespace AutoStack.Data.Cli.Commands;

/// <summary>What the migrator knows and the library does not: the journal and the schema against the scripts.</summary>
internal static class SchemaFindings
{
    private const string Pending = "schema-pending";
    private const string Drifted = "schema-drift";
    private const string Foreign = "foreign-objects";
    private const string NotChecked = "schema-not-checked";

    /// <summary>The rules that only the console has.</summary>
    public static IReadOnlyList<string> Rules { get; } = [Pending, Drifted, Foreign, NotChecked];

    public static async Task<IReadOnlyList<Finding>> FindAsync(SchemaMigrator migrator, CancellationToken cancellationToken)
    {
        try
        {
            return Of(await migrator.CheckAsync(cancellationToken).ConfigureAwait(false));
        }
        catch (MigrationException exception) when (exception.Error is not MigrationError.NoConnection)
        {
            return
            [
                new Finding(NotChecked, Severity.Warning, "schema", $"The schema could not be checked. {exception.Message}")
                {
                    Mend = "Run 'autostack-db check' with a role that may read the journal and the catalog.",
                },
            ];
        }
    }

    private static List<Finding> Of(SchemaCheckResult check)
    {
        var findings = new List<Finding>();
        if (check.Pending.Count() is > 0 and var pending)
        {
            findings.Add(new Finding(Pending, Severity.Warning, "schema",
                $"{pending} version{(pending == 1 ? " is" : "s are")} pending, the first {check.Pending.First().Name}.")
            {
                Cost = "A service that needs them does not start, or fails at its first statement.",
                Mend = "Run 'autostack-db upgrade --dry-run', then 'autostack-db upgrade'.",
            });
        }

        // The settings of the database and its roles are rules of the doctor itself.
        var different = check.Differences.Where(d => !d.IsRemark && d.Kind != SchemaObjectKind.Setting).ToList();
        var changed = check.History.Sets.SelectMany(set => set.Versions)
            .Count(version => version.State is VersionState.Changed or VersionState.Unknown);
        if (different.Count + changed > 0 || check.History.Sets.Any(set => set.HasGap))
        {
            var objects = different.Count == 1 ? "One object differs" : $"{different.Count} objects differ";
            findings.Add(new Finding(Drifted, Severity.Error, "schema", different.Count > 0
                ? $"{objects} from the scripts: {different[0].Message}" : "The journal does not agree with the scripts.")
            {
                Cost = "Statements of the library may fail, be slow, or miss a protection that the scripts give.",
                Mend = "Run 'autostack-db check'; 'autostack-db check --fix' mends what loses nothing.",
            });
        }

        if (check.ForeignObjects.Count > 0 && !check.AllowsForeignObjects)
        {
            findings.Add(new Finding(Foreign, Severity.Error, check.ForeignObjects[0].Name,
                $"{check.ForeignObjects.Count} objects of other roles have names of PostgreSQL's own: {check.ForeignObjects[0].Name}.")
            {
                Cost = "A statement of another program may call them with its own rights; upgrade refuses to run.",
                Mend = "Drop them, unless their owner is trusted.",
                Statement = check.ForeignObjects[0].Statement,
            });
        }

        return findings;
    }
}
