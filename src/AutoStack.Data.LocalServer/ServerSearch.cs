using Npgsql;

namespace AutoStack.Data.LocalServer;

/// <summary>Tries candidates in their order.</summary>
internal static class ServerSearch
{
    /// <summary>Starts the first candidate that works.</summary>
    /// <exception cref="UnusableException">No candidate works; the message names each with its reason.</exception>
    public static async Task<RunningServer> StartFirstAsync(
        IEnumerable<Candidate> candidates, int minimumMajor, CancellationToken cancellationToken)
    {
        var reasons = new List<string>();
        Exception? last = null;
        foreach (var candidate in candidates)
        {
            try
            {
                var server = await candidate.StartAsync(cancellationToken).ConfigureAwait(false);
                return await server.CheckAsync(minimumMajor, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception exception) when (exception is UnusableException or NpgsqlException)
            {
                last = exception is UnusableException ? last : exception;
                reasons.Add($"{candidate.Name}: {Reason(exception)}");
            }
        }

        throw new UnusableException(string.Join("; ", reasons), last);
    }

    public static string Reason(Exception exception) => exception switch
    {
        PostgresException postgres => $"{postgres.MessageText} ({postgres.SqlState})",
        { InnerException: { } inner } => $"{exception.Message}: {inner.Message}",
        _ => exception.Message,
    };
}
