using AutoStack.Data.Monitoring;
using AutoStack.Data.Postgres;

namespace AutoStack.Data.Integrity;

/// <summary>Checks facts that one statement in the frame of <see cref="RangeSql"/> reads, without reading a table.</summary>
/// <param name="severity">How grave a wrong fact is.</param>
/// <param name="subject">What the facts are about.</param>
/// <param name="statement">The statement.</param>
/// <param name="mend">How to mend it.</param>
internal sealed class FactPart(Severity severity, string subject, Func<Verification, Statement> statement, string mend)
    : IntegrityPart(severity, mend)
{
    public override Task<IReadOnlyList<Target>> TargetsAsync(Verification run, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<Target>>([new Target(subject, 0)]);

    public override Task<RangeResult> ReadAsync(Verification run, Target target, PageRange range, CancellationToken cancellationToken) =>
        run.RangeAsync(statement(run), cancellationToken);
}
