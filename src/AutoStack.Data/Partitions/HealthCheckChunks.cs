using AutoStack.Data.Postgres;

namespace AutoStack.Data.Partitions;

/// <summary>The chunks of health checks, in a database with the feature <c>timescale</c>.</summary>
internal static class HealthCheckChunks
{
    /// <summary>The table.</summary>
    internal const string Table = "deployment_health_checks";

    /// <summary>Drops the chunks whose checks are all older than a moment, with the sums of their hours.</summary>
    internal static async Task<PartitionMaintenance.Release> ReleaseAsync(
        Db db, DateTimeOffset before, CancellationToken cancellationToken)
    {
        var dropped = await db.WriteBatchAsync(
            async sets => (await sets.FindAsync(row => new Count(row.Int())).ConfigureAwait(false))!,
            [new Statement("SELECT public.drop_health_check_chunks(@before)", P.Of(before))],
            cancellationToken).ConfigureAwait(false);
        return new(await FindFirstWholeAsync(db, before, cancellationToken).ConfigureAwait(false), dropped.Chunks);
    }

    /// <summary>The start of the first chunk that ends after a moment, at the latest that moment: such a chunk stays whole.</summary>
    internal static async Task<DateTimeOffset> FindFirstWholeAsync(
        Db db, DateTimeOffset before, CancellationToken cancellationToken) =>
        await db.FindValueAsync(
            row => row.Time(), "SELECT public.health_check_chunk_start(@before)", [P.Of(before)], cancellationToken)
            .ConfigureAwait(false) ?? before;

    private sealed record Count(int Chunks);
}
