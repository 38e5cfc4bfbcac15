using AutoStack.Data.Postgres;

namespace AutoStack.Data.Monitoring;

internal sealed class DatabaseDoctor(Db db, IDatabaseMonitor monitor) : IDatabaseDoctor
{
    private const StatsParts Needed =
        StatsParts.Totals | StatsParts.Tables | StatsParts.Indexes | StatsParts.Sessions | StatsParts.Replication;

    // No rule reads them.
    private static readonly string[] NotNeeded = [TableQuery.Bloat, IndexQuery.Bloat, ReplicationQuery.Waiting];

    public Task<IReadOnlyList<Finding>> ListFindingsAsync(DoctorOptions? options, CancellationToken cancellationToken)
    {
        options ??= new DoctorOptions();
        DoctorOptions.Check(options);
        return ListAsync(options, cancellationToken);
    }

    private async Task<IReadOnlyList<Finding>> ListAsync(DoctorOptions options, CancellationToken cancellationToken)
    {
        var stats = await monitor.MeasureAsync(Needed, cancellationToken).ConfigureAwait(false);
        var look = new Look(db);
        var facts = await DoctorQuery.ReadAsync(look, stats, options, cancellationToken).ConfigureAwait(false);

        var missing = stats.NotVisible.Concat(look.NotVisible).Where(m => !NotNeeded.Contains(m.What));
        return DoctorRules.Apply(facts with { NotVisible = [.. missing] });
    }
}
