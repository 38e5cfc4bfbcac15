using Npgsql;

namespace AutoStack.Data.Postgres;

/// <summary>
/// Finds out whether calls wait for a server that was the primary and hangs, while another host has become the primary. Nothing else tells:
/// the connections to a hung server stay open.
/// </summary>
/// <param name="pool">Opens connections to the primary, whichever host that is.</param>
/// <param name="moved">Follows the discovery that a host is the primary no longer.</param>
internal sealed class PrimaryWatch(DriverPool pool, Action<string?, int> moved)
{
    /// <summary>The time without an answer after which the hosts are asked.</summary>
    public static readonly TimeSpan Silence = TimeSpan.FromSeconds(1);

    // The time of one question, and the pause before the next.
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);

    private int isAsking;

    /// <summary>Asks the hosts which one is the primary, unless they are being asked already. Returns at once.</summary>
    /// <param name="host">The host that a call waits for.</param>
    /// <param name="port">Its port.</param>
    public void Ask(string? host, int port)
    {
        if (Interlocked.Exchange(ref isAsking, 1) == 0)
        {
            Background.Forget(Background.Run(() => AskAsync(host, port)));
        }
    }

    private async Task AskAsync(string? host, int port)
    {
        try
        {
            using var limit = new CancellationTokenSource(Limit);
            var connection = await pool.OpenAsync(limit.Token).ConfigureAwait(false);
            var isSame = connection.Host == host && connection.Port == port;
            await connection.DisposeAsync().ConfigureAwait(false);
            pool.Returned();
            if (!isSame)
            {
                moved(host, port);
            }
        }
        catch (Exception exception) when (exception is NpgsqlException or OperationCanceledException)
        {
            // The standby may be promoted at any time.
            pool.ForgetStates();
        }
        finally
        {
            await Task.Delay(Pause).ConfigureAwait(false);
            Volatile.Write(ref isAsking, 0);
        }
    }
}
