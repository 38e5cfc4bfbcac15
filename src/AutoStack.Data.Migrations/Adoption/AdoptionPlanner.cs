namespace AutoStack.Data.Migrations.Internal;

/// <summary>Recognises a database of the Python services and plans the steps to the documented schema.</summary>
/// <param name="found">The catalog of the database.</param>
/// <param name="jsonSize">The size of the table that a change of type rewrites, for people.</param>
/// <param name="scripts">All versions.</param>
/// <param name="options">What the adoption leaves out.</param>
internal sealed class AdoptionPlanner(Catalog found, string? jsonSize, IReadOnlyList<MigrationScript> scripts, AdoptionOptions options)
{
    /// <summary>The version that equals the schema's documentation.</summary>
    public const int DocumentedVersion = MigrationPlanner.DocumentedVersion;

    // The services added these columns later: older databases lack them.
    private static readonly string[] AddedLater =
        ["projects.runtime", "projects.jenkins_job_name", "deployments.creator_type", "deployments.is_deleted"];

    private readonly List<AdoptionChange> changes = [];
    private readonly List<RowCheck> checks = [];

    /// <summary>The checks of rows that must pass before a change or script runs.</summary>
    public IReadOnlyList<RowCheck> Checks => checks;

    /// <summary>Creates the plan, without the obstacles, which <see cref="Checks"/> find.</summary>
    /// <param name="alembicRevision">The revision that Alembic recorded; null for none.</param>
    /// <param name="journaled">The version in the journal, below <see cref="DocumentedVersion"/>; 0 without a journal.</param>
    /// <exception cref="MigrationException">
    /// The database is not one of the services (<see cref="MigrationError.NotRecognised"/>).
    /// </exception>
    public AdoptionPlan Make(string? alembicRevision, int journaled)
    {
        var version = RecognisedVersion();
        // The services know a column by its name: one of another name is never the missing one.
        var differences = Catalog.Compare(Catalog.Expected(version), found, Surroundings.None with { IsMeant = static _ => true });
        var missing = differences.Where(d => d.Expected is not null).ToList();
        Refuse(
        [
            .. differences.Where(d => d.Expected is not null && !IsRepaired(d) && !IsJson(d) && !(journaled > 0 && IsLaterTable(d)))
                .Select(d => d.Message),
            .. differences.Where(d => d is { Expected: null, Kind: SchemaObjectKind.Column } && RefusesInserts(d))
                .Select(d => $"{d.Message} Inserts without this column fail: give it a default or allow NULL."),
            .. missing.SelectMany(InTheWay),
        ]);

        Change("adopt_extension", missing.Where(d => d.Kind == SchemaObjectKind.Extension));
        foreach (var table in missing.Where(d => IsQuick(d) && !IsJson(d)).GroupBy(TableOf))
        {
            Change("adopt_" + table.Key, table);
        }

        foreach (var slow in missing.Where(d => d.Kind != SchemaObjectKind.Extension && !IsQuick(d)))
        {
            ChangeOneByOne(slow);
        }

        var json = missing.Where(IsJson).ToList();
        ChangeJson(json);
        List<MigrationScript> following = [.. scripts.Where(s => s.Version > version)];
        checks.AddRange(following.SelectMany(s => RowCheck.Of(s, found)));
        checks.AddRange(options.KeepJson ? following.SelectMany(s => AdoptionChecks.OfKeptJson(s, found)) : []);
        return new AdoptionPlan(
            journaled > 0 ? $"An AutoStack database at version {journaled}, in which a service has created tables of version {version}"
                : alembicRevision is not null ? $"A database of the Python services, created by Alembic (revision {alembicRevision})"
                : differences.Count == 0 ? "The documented schema, without a journal"
                : "A database of the Python services, created by create_all",
            alembicRevision, journaled, version, changes, following,
            [
                .. differences.Where(d => d.Expected is null).Select(d => Visible.Text($"{d.Kind.ToString().ToLowerInvariant()} {d.Name}")),
                .. options.KeepJson ? json.Select(d => $"type of {d.Name} (json)") : [],
            ],
            []);
    }

    // Without any of the three container tables it is version 1: the script of version 2 creates them.
    private int RecognisedVersion()
    {
        var all = Tables(DocumentedVersion);
        if (!OwnTables.Of(found).Any(all.Contains))
        {
            throw new MigrationException(MigrationError.NotRecognised, all.FirstOrDefault(found.HasTable) is { } taken
                ? $"There is nothing to adopt: the database has a table {taken}, but that of another program. To see which names it has " +
                    "taken: autostack-db upgrade --dry-run. Nothing was changed."
                : found.Objects.Any(o => o.Kind == SchemaObjectKind.Table)
                ? "There is nothing to adopt: the database has tables, but not those of AutoStack. To create them, upgrade."
                : "There is nothing to adopt: the database has no tables. To create them, upgrade.");
        }

        return all.Except(Tables(DocumentedVersion - 1)).Any(found.HasTable) ? DocumentedVersion : DocumentedVersion - 1;

        static List<string> Tables(int version) =>
            [.. Catalog.Expected(version).Objects.Where(o => o.Kind == SchemaObjectKind.Table).Select(o => o.Name)];
    }

    // An operator's index is never dropped, and index names are unique in the schema. An invalid index of a failed build is no operator's.
    private IEnumerable<string> InTheWay(SchemaDifference d) => d.Kind == SchemaObjectKind.Index || AdoptionChecks.IsKey(d)
        ? found.Objects
            .Where(o => o.Kind == SchemaObjectKind.Index && o.Name == NameOf(d)
                && !o.Definition.EndsWith(CatalogObject.Invalid, StringComparison.Ordinal)
                && !(IsRenamed(d) && d.Found == o.Definition))
            .Select(o => $"Index {Visible.Text(o.Path)} has a name of the schema, but another definition. To keep it, rename it: " +
                $"ALTER INDEX {SqlCopy.Of(o.Sql)} RENAME TO …;")
        : [];

    private static void Refuse(List<string> unknown)
    {
        if (unknown.Count > 0)
        {
            throw new MigrationException(MigrationError.NotRecognised,
                "This is not a known form of a database of the Python services. Nothing was changed. It differs in\n" +
                string.Join('\n', unknown.Select(what => "  " + what)));
        }
    }

    /// <summary>True for what the services are known to lack, and for what can be added without interpreting rows.</summary>
    private static bool IsRepaired(SchemaDifference d) => d.Kind switch
    {
        SchemaObjectKind.Column when d.Found is null => AddedLater.Contains(d.Name),
        SchemaObjectKind.Column => Parts(d.Expected!) is var wanted && Parts(d.Found!) is var there
            && (there.Type, there.Required || !wanted.Required, there.Generated) == (wanted.Type, true, null)
            && !d.Statements.Any(s => s.Contains("DROP NOT NULL", StringComparison.Ordinal)),
        SchemaObjectKind.Constraint => d.Found is null || IsRenamed(d)
            || d.Statements.All(s => s.Contains(" VALIDATE ", StringComparison.Ordinal)),
        SchemaObjectKind.Index or SchemaObjectKind.Extension => true,
        _ => false,
    };

    // With a journal, a service of another age has created the container tables that it knew. Without a journal, a missing one was lost.
    private static bool IsLaterTable(SchemaDifference d) => d is { Kind: SchemaObjectKind.Table, Found: null, Statements.Count: > 0 }
        && !Catalog.Expected(DocumentedVersion - 1).HasTable(d.Name);

    private static bool IsRenamed(SchemaDifference d) => d is { Found: not null, Statements: [var only] }
        && (only.StartsWith("ALTER INDEX ", StringComparison.Ordinal) || only.Contains(" RENAME CONSTRAINT ", StringComparison.Ordinal)
            || only.Contains(" USING INDEX ", StringComparison.Ordinal));

    private static bool IsJson(SchemaDifference d) => d is { Kind: SchemaObjectKind.Column, Expected: not null, Found: not null }
        && Parts(d.Expected) is { Type: "jsonb" } wanted && Parts(d.Found) == wanted with { Type = "json" };

    private static bool RefusesInserts(SchemaDifference d) => Parts(d.Found!) is { Required: true, Default: null, Generated: null };

    // Changes only the catalog, as soon as the table's lock is acquired.
    private static bool IsQuick(SchemaDifference d) => d.Kind == SchemaObjectKind.Column || IsRenamed(d);

    private void Change(string name, IEnumerable<SchemaDifference> differences)
    {
        var all = differences.ToList();
        if (all.Count > 0)
        {
            Add(name, Describe(all), string.Join(";\n", all.SelectMany(d => d.Statements)));
        }
    }

    private void ChangeOneByOne(SchemaDifference difference)
    {
        var name = "adopt_" + NameOf(difference);
        checks.AddRange(found.HasTable(TableOf(difference)) ? AdoptionChecks.OfConstraint(name + ".sql", difference) : []);
        foreach (var statement in difference.Statements)
        {
            var concurrent = statement.Contains(" INDEX CONCURRENTLY ", StringComparison.Ordinal);
            Add(name, statement.Split('\n')[0], (concurrent ? "-- autostack: no-transaction\n" : "") + statement);
        }
    }

    private void ChangeJson(List<SchemaDifference> differences)
    {
        foreach (var table in differences.GroupBy(TableOf))
        {
            List<string> columns = [.. table.Select(d => d.Name[(table.Key.Length + 1)..])];
            var name = $"adopt_{table.Key}_json";
            if (options.KeepJson)
            {
                Add(name, $"removes escaped U+0000 from {string.Join(", ", columns)}, 1000 rows at a time",
                    JsonColumns.Clean(table.Key, columns));
                continue;
            }

            checks.Add(AdoptionChecks.OfJson(name + ".sql", table.Key, columns));
            Add(name, $"{string.Join(", ", columns)} from json to jsonb: " +
                $"rewrites the table ({jsonSize}) and blocks its readers and writers", JsonColumns.Alter(table.Key, columns));
        }
    }

    private void Add(string name, string description, string sql) =>
        changes.Add(new AdoptionChange(description, new MigrationStep(name + ".sql", sql)));

    private static string Describe(List<SchemaDifference> differences)
    {
        var columns = differences.Where(d => d is { Kind: SchemaObjectKind.Column, Found: null }).Select(d => d.Name.Split('.')[1])
            .ToList();
        var keys = differences.Where(d => d.Kind == SchemaObjectKind.Constraint).Select(d => d.Name.Split('.')[1]).ToList();
        return string.Join("; ", new[]
        {
            differences.Any(d => d.Kind == SchemaObjectKind.Extension)
                ? "extension " + string.Join(", ", differences.Select(d => d.Name)) : "",
            columns.Count > 0 ? "new " + string.Join(", ", columns) : "",
            Count(differences.Count(d => d is { Kind: SchemaObjectKind.Column, Found: not null }), "default"),
            Count(differences.Count(d => d.Kind == SchemaObjectKind.Index), "index name", "index names"),
            keys.Count > 0 ? "key " + string.Join(", ", keys) : "",
        }.Where(part => part.Length > 0));

        static string Count(int number, string one, string? many = null) =>
            number == 0 ? "" : $"{number} {(number == 1 ? one : many ?? one + "s")}";
    }

    private static string TableOf(SchemaDifference d) => d.Name.Split('.')[0];

    private static string NameOf(SchemaDifference d) => d.Name[(d.Name.IndexOf('.', StringComparison.Ordinal) + 1)..];

    private static ColumnParts Parts(string definition) => new CatalogObject(SchemaObjectKind.Column, "", "", definition).Column();
}
