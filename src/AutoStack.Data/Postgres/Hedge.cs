using Npgsql;

namespace AutoStack.Data.Postgres;

/// <summary>
/// Opens a connection to one of several hosts. The driver tries the hosts one after the other, and a host that hangs holds each attempt for
/// the whole timeout: a further attempt, which begins at another host, does not wait for it. The first connection wins.
/// </summary>
internal static class Hedge
{
    private const int MaxAttempts = 8;
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(250);

    /// <summary>Opens a connection.</summary>
    /// <param name="dataSource">The data source of several hosts.</param>
    /// <param name="returned">Follows the return of a connection that came too late.</param>
    /// <param name="cancellationToken">Cancels the opening.</param>
    public static ValueTask<NpgsqlConnection> OpenHedgedAsync(
        this NpgsqlDataSource dataSource, Action returned, CancellationToken cancellationToken)
    {
        var first = dataSource.OpenOutsideAsync(cancellationToken);
        return first.IsCompleted ? first : new(FirstAsync(dataSource, first.AsTask(), returned, cancellationToken));
    }

    private static async Task<NpgsqlConnection> FirstAsync(
        NpgsqlDataSource dataSource, Task<NpgsqlConnection> first, Action returned, CancellationToken cancellationToken)
    {
        var open = new List<Task<NpgsqlConnection>> { first };
        for (var attempts = 1; ; attempts++)
        {
            var isLast = attempts >= MaxAttempts;
            using var pause = new CancellationTokenSource();
            var next = isLast ? null : Task.Delay(Every, pause.Token);
            while (true)
            {
                var ended = await Task.WhenAny(next is null ? open : [.. open, next]).ConfigureAwait(false);
                if (ended == next)
                {
                    open.Add(dataSource.OpenOutsideAsync(cancellationToken).AsTask());
                    break;
                }

                var attempt = (Task<NpgsqlConnection>)ended;
                open.Remove(attempt);
                if (attempt.IsCompletedSuccessfully || open.Count == 0)
                {
                    await pause.CancelAsync().ConfigureAwait(false);
                    open.ForEach(other => Background.Forget(CloseAsync(other, returned)));
                    return await attempt.ConfigureAwait(false);
                }

                Background.Forget(attempt);
            }
        }
    }

    private static async Task CloseAsync(Task<NpgsqlConnection> late, Action returned)
    {
        var connection = await late.ConfigureAwait(false);
        await connection.DisposeAsync().ConfigureAwait(false);
        returned();
    }
}
