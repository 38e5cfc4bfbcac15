using System.Text.RegularExpressions;
using AutoStack.Data.Migrations.Internal;
using AutoStack.Data.Migrations.Tests.Support;

namespace AutoStack.Data.Migrations.Tests.Adoption;

/// <summary>A fixture whose databases are those of the Python services.</summary>
public abstract partial class AdoptionTestsBase : MigrationTests
{
    /// <summary>Both revisions of Alembic, then a start of the service.</summary>
    protected const string Alembic = "Alembic and a start";

    /// <summary>Only a start of the service, as in most databases.</summary>
    protected const string CreateAll = "create_all";

    /// <summary>The documented statements, run by hand.</summary>
    protected const string Documented = "the document";

    /// <summary>Alembic's first revision, without the container tables.</summary>
    protected const string FirstRevision = "the first revision";

    /// <summary>Every known shape.</summary>
    protected static readonly string[] Shapes =
        [Alembic, "Alembic without a start", CreateAll, "the first revision and a later start", "create_all of older models",
            FirstRevision, Documented];

    /// <summary>The columns that are nullable in the document and NOT NULL in a database of the services.</summary>
    private static readonly Lazy<HashSet<string>> Filled = new(() =>
        [.. Catalog.Newest.RequiredColumns.Where(c => c.Column != "seq").Select(c => $"{c.Table}.{c.Column}")]);

    protected async Task MakeAsync(string shape, bool rows = true, bool rowsInTheWay = false)
    {
        string[] files = shape switch
        {
            Alembic => ["alembic_7922132ebbdd", "alembic_a1b2c3d4e5f6", "app_start"],
            "Alembic without a start" => ["alembic_7922132ebbdd", "alembic_a1b2c3d4e5f6"],
            CreateAll => ["app_start"],
            "the first revision and a later start" => ["alembic_7922132ebbdd", "app_start"],
            "create_all of older models" => ["older_models", "app_start"],
            FirstRevision => ["alembic_7922132ebbdd"],
            Documented => [],
            _ => throw new ArgumentOutOfRangeException(nameof(shape), shape, "is no shape"),
        };
        if (shape == Documented)
        {
            await StartDocumentedAsync();
            await ExecuteAsync("DROP TABLE schema_versions");
        }

        if (rows)
        {
            files = [.. files, "rows", .. shape == FirstRevision ? [] : (string[])["runtime_rows"],
                .. shape == Documented ? [] : (string[])["json_rows"]];
        }

        foreach (var file in rowsInTheWay ? [.. files, "rows_in_the_way"] : files)
        {
            await ExecuteAsync(Resource.Text(file + ".sql"));
        }
    }

    protected virtual Task StartDocumentedAsync() => StartAtAsync(AdoptionPlanner.DocumentedVersion);

    /// <summary>The catalog without the order of columns, the stricter NOT NULLs and Alembic's table.</summary>
    protected async Task<IReadOnlyList<string>> ShapeAsync() =>
    [
        .. (await CatalogAsync())
            .Where(line => !line.Contains("alembic_version", StringComparison.Ordinal))
            .Select(line => Place().Replace(line, ""))
            .Select(line => Column().Match(line) is { Success: true } column && Filled.Value.Contains(column.Groups[1].Value)
                ? line.Replace(" not null", "", StringComparison.Ordinal)
                : line)
            .Order(StringComparer.Ordinal),
    ];

    /// <summary>The columns that are NOT NULL.</summary>
    protected Task<IReadOnlyList<string>> RequiredAsync() => ListAsync("""
        SELECT attrelid::regclass || '.' || attname
        FROM pg_attribute
        WHERE attrelid IN (SELECT oid FROM pg_class
            WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> 'schema_versions')
          AND attnum > 0 AND NOT attisdropped AND attnotnull
        """);

    /// <summary>
    /// Queries that read the current columns of each table, to run them again later; without JSON, which an adoption cleans.
    /// </summary>
    protected async Task<IReadOnlyList<string>> ReadersAsync() => await ListAsync("""
        SELECT format('SELECT %L || (ARRAY[%s])::text FROM %s t ORDER BY 1', c.relname || ' ', string_agg(format('t.%I::text', a.attname),
            ', ' ORDER BY a.attname), c.oid::regclass)
        FROM pg_class c
        JOIN pg_attribute a ON a.attrelid = c.oid
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
          AND c.relname <> 'schema_versions' AND a.attname NOT IN ('payload_json', 'headers')
        GROUP BY c.oid, c.relname
        ORDER BY c.relname
        """);

    protected async Task<IReadOnlyList<string>> RowsAsync(IReadOnlyList<string> readers)
    {
        var rows = new List<string>();
        foreach (var reader in readers)
        {
            rows.AddRange(await ListAsync(reader));
        }

        return rows;
    }

    /// <summary>Runs a statement in a transaction that stays open, directly before a step.</summary>
    private protected (Recorder Recorder, Task<OpenTransaction> Holding) HoldAt(string step, string sql)
    {
        var holding = new TaskCompletionSource<OpenTransaction>(TaskCreationOptions.RunContinuationsAsynchronously);
        var recorder = new Recorder(reported =>
        {
            if (reported is StepStarted started && started.FileName == step)
            {
                holding.TrySetResult(HoldAsync(sql).GetAwaiter().GetResult());
            }
        });
        return (recorder, holding.Task.WaitAsync(Token));
    }

    [GeneratedRegex(@" at \d+(?= )")]
    private static partial Regex Place();

    [GeneratedRegex(@"^column (\S+) ")]
    private static partial Regex Column();
}
