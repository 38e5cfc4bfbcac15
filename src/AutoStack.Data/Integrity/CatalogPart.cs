using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Xml.Linq;
using AutoStack.Data.Monitoring;
using AutoStack.Data.Postgres;
using Npgsql;

namespace AutoStack.Data.Integrity;

/// <summary>
/// Checks rows by conditions that the server composes from its own catalog, with its own quoting: constraints, unique keys, columns. No
/// value of a caller becomes part of a condition.
/// </summary>
/// <param name="severity">How grave a wrong row is.</param>
/// <param name="problem">What is wrong with a row that meets the condition.</param>
/// <param name="targets">Selects the targets, in the order of <see cref="Target.Read"/>.</param>
/// <param name="parameters">The parameters of <paramref name="targets"/>.</param>
/// <param name="mend">How to mend a wrong row.</param>
internal sealed class CatalogPart(
    Severity severity, string problem, [ConstantExpected] string targets, Func<NpgsqlParameter[]> parameters, string mend)
    : IntegrityPart(severity, mend)
{
    public override async Task<IReadOnlyList<Target>> TargetsAsync(Verification run, CancellationToken cancellationToken)
    {
#pragma warning disable CA1857 // A constant: the constructor requires it.
        var found = await run.ListAsync(Target.Read, new Statement(targets, parameters()), cancellationToken).ConfigureAwait(false);
#pragma warning restore CA1857
        return [.. found.OrderBy(target => target.Subject, StringComparer.Ordinal)];
    }

    public override async Task<RangeResult> ReadAsync(
        Verification run, Target target, PageRange range, CancellationToken cancellationToken)
    {
        var found = await run.ListAsync(row => XElement.Parse(row.Text()), new Statement("""
            SELECT pg_catalog.query_to_xml(pg_catalog.format(
                'WITH seen AS MATERIALIZED (
                    SELECT %1$s AS id, (%2$s) AS is_wrong
                    FROM ONLY %3$s t
                    WHERE t.ctid OPERATOR(pg_catalog.>=) %4$L::pg_catalog.tid AND t.ctid OPERATOR(pg_catalog.<) %5$L::pg_catalog.tid
                )
                SELECT pg_catalog.count(*) AS seen, pg_catalog.count(*) FILTER (WHERE s.is_wrong) AS wrong,
                    pg_catalog.array_to_string(
                        (pg_catalog.array_agg(s.id ORDER BY s.id) FILTER (WHERE s.is_wrong))[1:100], pg_catalog.chr(10)) AS ids
                FROM seen s',
                @name::text, @condition::text, @table::text, @start::text, @stop::text), FALSE, FALSE, '')::text
            """,
            P.Text(target.RowName, name: "name"),
            P.Text(target.Condition, name: "condition"),
            P.Text(target.Table, name: "table"),
            range.Start,
            range.Stop), cancellationToken).ConfigureAwait(false);
        return ResultOf(found[0], problem);
    }

    /// <summary>Reads a result that the server wrote as XML: the elements <c>seen</c>, <c>wrong</c> and <c>ids</c> of one row.</summary>
    internal static RangeResult ResultOf(XElement table, string problem)
    {
        var row = table.Element("row");
        var (seen, wrong) = (Number("seen"), Number("wrong"));
        return new RangeResult(seen, wrong == 0 ? [] :
        [
            new RangeProblem(problem, wrong, (row?.Element("ids")?.Value ?? "").Split('\n', StringSplitOptions.RemoveEmptyEntries)),
        ]);

        long Number(string name) => row?.Element(name) is { } element ? long.Parse(element.Value, CultureInfo.InvariantCulture) : 0;
    }
}
