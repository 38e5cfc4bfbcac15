using AutoStack.Data.Postgres;
using Npgsql;

namespace AutoStack.Data.HealthChecks;

/// <summary>Whether the database sums checks up by the hour, as the feature <c>timescale</c> does.</summary>
/// <param name="clock">The clock of the process.</param>
internal sealed class HealthCheckHours(TimeProvider clock)
{
    private readonly RecentAnswer answer = new(clock);

    /// <summary>Reads from the sums of the hours if the database has them, and from the checks otherwise.</summary>
    /// <param name="db">The executor of the caller.</param>
    /// <param name="fromHours">Reads the sums.</param>
    /// <param name="fromChecks">Reads the checks.</param>
    /// <param name="cancellationToken">Stops the query that looks for the sums.</param>
    public async Task<T> ReadAsync<T>(Db db, Func<Task<T>> fromHours, Func<Task<T>> fromChecks, CancellationToken cancellationToken)
    {
        if (!await AreThereAsync(db, cancellationToken).ConfigureAwait(false))
        {
            return await fromChecks().ConfigureAwait(false);
        }

        try
        {
            return await fromHours().ConfigureAwait(false);
        }
        catch (PostgresException exception)
            when (exception.SqlState is PostgresErrorCodes.UndefinedTable or PostgresErrorCodes.UndefinedFunction)
        {
            // The feature was disabled since the last look.
            answer.Keep(false);
            return await fromChecks().ConfigureAwait(false);
        }
    }

    /// <summary>True when the database has the sums.</summary>
    public async Task<bool> AreThereAsync(Db db, CancellationToken cancellationToken)
    {
        if (answer.Value is { } known)
        {
            return known;
        }

        var found = await db.FindValueAsync(
            row => row.Flag(), "SELECT pg_catalog.to_regclass('public.deployment_health_hours') IS NOT NULL", [], cancellationToken)
            .ConfigureAwait(false) == true;
        answer.Keep(found);
        return found;
    }
}
