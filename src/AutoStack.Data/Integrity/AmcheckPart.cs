using System.Diagnostics.CodeAnalysis;
using System.Xml.Linq;
using AutoStack.Data.Monitoring;
using AutoStack.Data.Postgres;
using Npgsql;

namespace AutoStack.Data.Integrity;

/// <summary>Checks indexes or tables with a function of PostgreSQL's extension <c>amcheck</c>, where it is installed.</summary>
/// <param name="function">The function with the types of its arguments.</param>
/// <param name="targets">Selects subject, pages and name of the indexes or tables.</param>
/// <param name="statement">
/// Calls the function for a range of pages; the result is XML with <c>seen</c>, <c>wrong</c> and <c>ids</c>.
/// </param>
/// <param name="mend">How to mend the damage.</param>
internal sealed class AmcheckPart(
    string function, [ConstantExpected] string targets, Func<Verification, Target, PageRange, Statement> statement, string mend)
    : IntegrityPart(Severity.Error, mend)
{
    private const string Extension = "amcheck";

    public override string Subject => Extension;

    public override async Task<IReadOnlyList<Target>> TargetsAsync(Verification run, CancellationToken cancellationToken)
    {
        var installed = await run.ListAsync(row => (Schema: row.Text(), MayRun: row.Flag()), new Statement("""
            SELECT pg_catalog.quote_ident(n.nspname::text), coalesce(pg_catalog.has_function_privilege(
                pg_catalog.to_regprocedure(pg_catalog.format('%I.%s', n.nspname, @function::text))::oid, 'EXECUTE'), FALSE)
            FROM pg_catalog.pg_extension e
            JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
            WHERE e.extname = 'amcheck'
            """, P.Text(function)), cancellationToken).ConfigureAwait(false);
        if (installed.Count == 0)
        {
            return [Missing(Severity.Information, "the extension is not installed.", "CREATE EXTENSION amcheck, as a superuser.")];
        }

        if (!installed[0].MayRun)
        {
            return [Missing(Severity.Warning, $"the role may not call {function}.", "Run verify as a superuser, or grant EXECUTE.")];
        }

#pragma warning disable CA1857 // A constant: the constructor requires it.
        var found = await run.ListAsync(
            row => new Target(row.Text(), row.Long()) { Table = row.Text(), Condition = installed[0].Schema },
            new Statement(targets), cancellationToken).ConfigureAwait(false);
#pragma warning restore CA1857
        return [.. found.OrderBy(target => target.Subject, StringComparer.Ordinal)];
    }

    public override async Task<RangeResult> ReadAsync(
        Verification run, Target target, PageRange range, CancellationToken cancellationToken)
    {
        var found = await run.ListAsync(row => XElement.Parse(row.Text()), statement(run, target, range), cancellationToken)
            .ConfigureAwait(false);
        return found.Count == 0 ? new RangeResult(0, []) : CatalogPart.ResultOf(found[0], "a row is damaged");
    }

    public override string? ProblemOf(PostgresException error) =>
        base.ProblemOf(error) is null ? null : $"is damaged ({error.SqlState}: {error.MessageText})";

    private static Target Missing(Severity severity, string why, string mend) =>
        new(Extension, 0) { Missing = new Obstacle(severity, why, mend) };
}
