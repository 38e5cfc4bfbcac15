using System.Runtime.CompilerServices;
using AutoStack.Data.Values;
using Npgsql;

namespace AutoStack.Data.Postgres;

/// <summary>
/// The time that decides about expiry, the order of the queue, and stalled work. It is the database's, because the clocks of two hosts
/// differ. A fake clock of the host replaces it, for tests.
/// </summary>
internal static class ServerTime
{
    /// <summary>
    /// The present time in the form of the <c>timestamp</c> columns, constant during a statement. Requires the parameter <c>@now</c> from
    /// <see cref="Now"/>. It is <c>statement_timestamp()</c>, because an index cannot serve a comparison with <c>clock_timestamp()</c>.
    /// </summary>
    internal const string Present = "coalesce(@now, pg_catalog.timezone('UTC', pg_catalog.statement_timestamp()))";

    /// <summary>
    /// The host's time, from which a statement reads first and nothing is decided or stored: with a wrong clock it reads once more.
    /// </summary>
    public static DateTimeOffset About(TimeProvider clock) => clock.GetUtcNow();

    // A clock that wraps the machine's clock is not a fake one.
    private static readonly TimeSpan Noise = TimeSpan.FromSeconds(1);

    /// <summary>The present time, from which several statements reckon.</summary>
    public static async Task<DateTimeOffset> ReadAsync(
        Db db, TimeProvider clock, CancellationToken cancellationToken, [CallerMemberName] string operation = "") =>
        (await db.FindValueAsync(row => row.Time(), $"SELECT {Present}", [Now(clock)], cancellationToken, operation)
            .ConfigureAwait(false))!.Value;

    /// <summary>
    /// The parameter <c>@now</c>: NULL, for the server's time, when the clock shows the machine's time; the time of a fake clock otherwise.
    /// </summary>
    public static NpgsqlParameter Now(TimeProvider clock)
    {
        DateTimeOffset? now = null;
        if (!ReferenceEquals(clock, TimeProvider.System))
        {
            var told = clock.GetUtcNow();
            now = (told - TimeProvider.System.GetUtcNow()).Duration() < Noise ? null : Time.Truncate(told);
        }

        return P.Of(now);
    }
}
