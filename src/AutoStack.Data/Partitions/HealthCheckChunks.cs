using AutoStack.Data.Postgres;

namespace AutoStack.Data.Partitions;

/// <summary>The chunks of health checks, in a database with the feature <c>timescale</c>.</summary>
internal static class HealthCheckChunks
{
    /// <summary>The table.</summary>
    internal const string Table = "deployment_health_checks";

    /// <summary>
    /// Drops the chunks whose checks are all older than a moment, with the sums of their hours. No check is purged alone.
    /// </summary>
    /// <param name="patient">Runs what waits for locks.</param>
    /// <param name="before">The moment.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    internal static async Task<PartitionMaintenance.Release> ReleaseAsync(
        Db patient, DateTimeOffset before, CancellationToken cancellationToken)
    {
        var dropped = await patient.WriteBatchAsync(
            async sets =>
            {
                await sets.SkipAsync().ConfigureAwait(false);
                return (await sets.FindAsync(row => new Count(row.Int())).ConfigureAwait(false))!;
            },
            [PartitionMaintenance.LiftLimits(), new Statement("SELECT public.drop_health_check_chunks(@before)", P.Of(before))],
            cancellationToken).ConfigureAwait(false);
        return new(Before: null, dropped.Chunks);
    }

    /// <summary>The start of the first chunk that ends after a moment, at the latest that moment: such a chunk stays whole.</summary>
    internal static async Task<DateTimeOffset> FindFirstWholeAsync(
        Db db, DateTimeOffset before, CancellationToken cancellationToken) =>
        await db.FindValueAsync(
            row => row.Time(), "SELECT public.health_check_chunk_start(@before)", [P.Of(before)], cancellationToken)
            .ConfigureAwait(false) ?? before;

    /// <summary>The jobs of TimescaleDB that work on the checks.</summary>
    internal static Task<IReadOnlyList<ChunkJob>> ListJobsAsync(Db db, CancellationToken cancellationToken) => db.ListAsync(
        row => new ChunkJob(row.Text(), row.TimeOrNull()), "SELECT j.job, j.succeeded_at FROM public.health_check_jobs() j", [],
        cancellationToken);

    private sealed record Count(int Chunks);
}
