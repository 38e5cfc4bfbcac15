using AutoStack.Data.Values;
using Npgsql;

namespace AutoStack.Data.Postgres;

/// <summary>
/// The time that decides: expiry, order of the queue, what is stalled. It is the database's, since the clocks of two hosts differ. A host's
/// fake clock still moves it, so that tests can.
/// </summary>
internal static class ServerTime
{
    /// <summary>
    /// The present as the <c>timestamp</c> columns hold it, the same throughout a statement. Needs <c>@now</c> from <see cref="Now"/>.
    /// Statement time, since an index serves a comparison with it, and none with <c>clock_timestamp()</c>.
    /// </summary>
    internal const string Present = "coalesce(@now, pg_catalog.timezone('UTC', pg_catalog.statement_timestamp()))";

    // A clock that only wraps the machine's is not a fake one.
    private static readonly TimeSpan Noise = TimeSpan.FromSeconds(1);

    /// <summary>
    /// The parameter <c>@now</c>: NULL for the server's own time, which every clock gives that shows the machine's time; a fake clock's
    /// time otherwise.
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
