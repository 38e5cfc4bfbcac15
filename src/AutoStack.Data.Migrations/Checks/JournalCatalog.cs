namespace AutoStack.Data.Migrations.Internal;

/// <summary>The shape of the journal's table, which no script creates.</summary>
internal static class JournalCatalog
{
    private const string Shape = """
        1- table schema_versions
        1- column schema_versions.version: integer
        1- column schema_versions.name: text NOT NULL
        1- column schema_versions.checksum: text NOT NULL
        1- column schema_versions.applied_at: timestamp with time zone NOT NULL
        1- column schema_versions.duration_ms: bigint NOT NULL
        1- column schema_versions.applied_by: text NOT NULL
        1- column schema_versions.tool_version: text NOT NULL
        1- column schema_versions.script_set: text NOT NULL DEFAULT 'core'::text
        1- constraint schema_versions.schema_versions_pkey: PRIMARY KEY (script_set, name)
        1- constraint schema_versions.schema_versions_version_key: UNIQUE (script_set, version)
        """;

    // An upgrade gives the journal of an older tool the column and the keys.
    private const string OlderShape = """
        1- table schema_versions
        1- column schema_versions.version: integer NOT NULL
        1- column schema_versions.name: text NOT NULL
        1- column schema_versions.checksum: text NOT NULL
        1- column schema_versions.applied_at: timestamp with time zone NOT NULL
        1- column schema_versions.duration_ms: bigint NOT NULL
        1- column schema_versions.applied_by: text NOT NULL
        1- column schema_versions.tool_version: text NOT NULL
        1- constraint schema_versions.schema_versions_pkey: PRIMARY KEY (version)
        1- constraint schema_versions.schema_versions_name_key: UNIQUE (name)
        """;

    private static readonly List<Catalog.VersionedObject> Newer = Catalog.Parse(Shape);
    private static readonly List<Catalog.VersionedObject> Older = Catalog.Parse(OlderShape);

    /// <summary>What the journal of a database should be; empty when it has none.</summary>
    public static IEnumerable<CatalogObject> Expected(Catalog found) => !found.HasTable(Catalog.Journal) ? []
        : (found.Find(Newer.Single(o => o.Object.Name == "script_set").Object) is null ? Older : Newer).Select(o => o.Object);
}
