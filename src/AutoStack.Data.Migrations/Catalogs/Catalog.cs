using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Npgsql;
using NpgsqlTypes;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>The objects of a schema: found in a database, or expected at a version.</summary>
internal sealed partial class Catalog(IReadOnlyList<CatalogObject> objects)
{
    private static readonly Lazy<IReadOnlyList<VersionedObject>> AllVersions = new(LoadExpected);
    private static readonly Lazy<Catalog> NewestVersion = new(() => Expected(MigrationScript.Embedded.Count));

    private readonly Dictionary<(SchemaObjectKind, string, string), CatalogObject> byKey = objects.ToDictionary(o => o.Key);

    public IReadOnlyList<CatalogObject> Objects => objects;

    /// <summary>The nullable columns in which a check requires a value.</summary>
    public IEnumerable<(string Table, string Column)> RequiredColumns => objects
        .Where(o => o.Name.EndsWith("_required_check", StringComparison.Ordinal))
        .SelectMany(o => o.ColumnsNotNull().Select(column => (o.Table, column)));

    /// <summary>An object and the versions that have it with this definition; <c>Until</c> is null up to the newest version.</summary>
    internal sealed record VersionedObject(int From, int? Until, CatalogObject Object);

    public CatalogObject? Find(CatalogObject like) => byKey.GetValueOrDefault(like.Key);

    public bool HasTable(string name) => byKey.ContainsKey((SchemaObjectKind.Table, name, name));

    /// <summary>The objects that all scripts of this package create.</summary>
    public static Catalog Newest => NewestVersion.Value;

    /// <summary>The objects that the scripts of this package create up to a version; empty for 0.</summary>
    public static Catalog Expected(int version) =>
        new([.. AllVersions.Value.Where(o => o.From <= version && version <= (o.Until ?? int.MaxValue)).Select(o => o.Object)]);

    /// <summary>The name of the journal's table.</summary>
    public const string Journal = "schema_versions";

    /// <summary>
    /// Reads the objects of a database without the journal, in the connection's transaction if there is one. Leaves the session's settings
    /// unchanged.
    /// </summary>
    public static async Task<Catalog> ReadAsync(NpgsqlConnection connection, CancellationToken cancellationToken) =>
        new([.. (await ReadWithJournalAsync(connection, [], cancellationToken).ConfigureAwait(false)).Objects
            .Where(o => o.Table != Journal)]);

    /// <summary>Reads the objects of a database.</summary>
    /// <param name="connection">The session; its settings are unchanged afterwards.</param>
    /// <param name="moved">The ids of tables and functions of other schemas, which are read as if they were in <c>public</c>.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    public static async Task<Catalog> ReadWithJournalAsync(
        NpgsqlConnection connection, IReadOnlyList<uint> moved, CancellationToken cancellationToken)
    {
        var query = new NpgsqlBatchCommand(CatalogQuery.Text);
        query.Parameters.Add(new NpgsqlParameter("moved", NpgsqlDbType.Array | NpgsqlDbType.Oid) { Value = moved.ToArray() });

        // Without an open transaction the batch is one: the path is empty for the query alone.
        var batch = new NpgsqlBatch(connection)
        {
            BatchCommands =
            {
                new("SELECT set_config('autostack.search_path', current_setting('search_path'), true), " +
                    "set_config('search_path', '', true)"),
                query,
                new("SELECT set_config('search_path', current_setting('autostack.search_path'), true)"),
            },
        };
        await using var disposing = batch.ConfigureAwait(false);
        var found = new List<CatalogObject>();
        var reader = await batch.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        await using var closing = reader.ConfigureAwait(false);
        await reader.NextResultAsync(cancellationToken).ConfigureAwait(false);
        while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
        {
            found.Add(new CatalogObject(
                Enum.Parse<SchemaObjectKind>(reader.GetString(0)), reader.GetString(1), reader.GetString(2), reader.GetString(4))
            {
                Sql = reader.GetString(3),
                Owner = reader.IsDBNull(5) ? null : reader.GetString(5),
                Place = reader.GetInt32(6),
            });
        }

        return new Catalog(found);
    }

    /// <summary>Lists the differences, ordered so that their statements can run in that order.</summary>
    /// <param name="expected">The catalog that the scripts create, from <see cref="Expected"/>.</param>
    /// <param name="found">The catalog of the database.</param>
    /// <param name="surroundings">What else is known of the database; null for nothing.</param>
    public static IReadOnlyList<SchemaDifference> Compare(Catalog expected, Catalog found, Surroundings? surroundings = null) =>
        new CatalogComparison(expected, found, surroundings ?? Surroundings.None).Run();

    /// <summary>Renders the catalogs of the versions 1, 2, … as the text of <c>Expected.txt</c>.</summary>
    internal static string Format(IReadOnlyList<Catalog> versions)
    {
        // The old and new definitions of one object stand together, at its place in the newest catalog.
        var places = versions.Reverse().SelectMany(c => c.Objects).Select(o => o.Key).Distinct().ToList();
        var lines = new List<(string Table, int Kind, int Place, string Line)>();
        foreach (var (place, key) in places.Index())
        {
            var from = 1;
            for (var version = 1; version <= versions.Count; version++)
            {
                var now = versions[version - 1].byKey.GetValueOrDefault(key);
                var next = version < versions.Count ? versions[version].byKey.GetValueOrDefault(key) : null;
                if (now is not null && (next?.Definition != now.Definition || version == versions.Count))
                {
                    lines.Add((key.Table, (int)key.Kind, place, Line(from, version < versions.Count ? version : null, now)));
                }

                if (next?.Definition != now?.Definition)
                {
                    from = version + 1;
                }
            }
        }

        return string.Concat(lines
            .OrderBy(l => l.Table, StringComparer.Ordinal).ThenBy(l => l.Kind).ThenBy(l => l.Place)
            .Select(l => l.Line + "\n"));

        static string Line(int from, int? until, CatalogObject o) =>
            string.Create(CultureInfo.InvariantCulture, $"{$"{from}-{until}",-6}{o.Kind.ToString().ToLowerInvariant()} {o.Path}")
            + (o.Definition.Length == 0 ? "" : ": " + o.Definition.Replace("\n", "\n      ", StringComparison.Ordinal));
    }

    private static List<VersionedObject> LoadExpected()
    {
        using var stream = typeof(Catalog).Assembly.GetManifestResourceStream("Expected.txt")!;
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return Parse(reader.ReadToEnd());
    }

    /// <summary>Reads the text that <see cref="Format"/> renders.</summary>
    internal static List<VersionedObject> Parse(string text) =>
        [.. Entry().Matches(text.Replace("\r\n", "\n", StringComparison.Ordinal)).Select(match =>
        {
            var kind = Enum.Parse<SchemaObjectKind>(match.Groups["kind"].Value, ignoreCase: true);
            var name = match.Groups["name"].Value;
            var table = kind == SchemaObjectKind.Table ? name : match.Groups["table"].Value;
            return new VersionedObject(
                int.Parse(match.Groups["from"].ValueSpan, CultureInfo.InvariantCulture),
                match.Groups["until"].Length == 0 ? null : int.Parse(match.Groups["until"].ValueSpan, CultureInfo.InvariantCulture),
                new CatalogObject(kind, table, name, match.Groups["definition"].Value.Replace("\n      ", "\n", StringComparison.Ordinal)));
        })];

    [GeneratedRegex(@"^(?<from>\d+)-(?<until>\d*) +(?<kind>[a-z]+) ((?<table>\w+)\.)?(?<name>[^:\n]+?)(: (?<definition>.*(\n      .*)*))?$",
        RegexOptions.Multiline | RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant)]
    private static partial Regex Entry();
}
