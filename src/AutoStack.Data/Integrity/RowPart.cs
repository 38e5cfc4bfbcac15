using AutoStack.Data.Monitoring;
using AutoStack.Data.Postgres;

namespace AutoStack.Data.Integrity;

/// <summary>Checks the rows of one table by a statement in the frame of <see cref="RangeSql"/>.</summary>
/// <param name="severity">How grave a wrong row is.</param>
/// <param name="table">The table whose pages are read.</param>
/// <param name="statement">The statement for a range.</param>
/// <param name="mend">How to mend a wrong row.</param>
internal sealed class RowPart(Severity severity, string table, Func<Verification, PageRange, Statement> statement, string mend)
    : IntegrityPart(severity, mend)
{
    public override string Subject => table;

    public override async Task<IReadOnlyList<Target>> TargetsAsync(Verification run, CancellationToken cancellationToken) =>
        await run.PagesAsync(table, cancellationToken).ConfigureAwait(false) is { } pages ? [new Target(table, pages)] : [];

    public override Task<RangeResult> ReadAsync(Verification run, Target target, PageRange range, CancellationToken cancellationToken) =>
        run.RangeAsync(statement(run, range), cancellationToken);
}
