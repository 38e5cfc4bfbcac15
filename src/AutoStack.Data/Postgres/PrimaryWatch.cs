namespace AutoStack.Data.Postgres;

/// <summary>
/// Finds out whether calls wait for a server that was the primary and hangs, while another host has become the primary. Nothing else tells:
/// the connections to a hung server stay open.
/// </summary>
/// <param name="driver">Opens connections to the primary, whichever host that is.</param>
/// <param name="moved">Follows the discovery that a host is the primary no longer.</param>
internal sealed class PrimaryWatch(DriverPool driver, Action<(string? Host, int Port)> moved)
{
    /// <summary>The time without an answer after which the hosts are asked.</summary>
    public static readonly TimeSpan Silence = TimeSpan.FromSeconds(1);

    // The time of one question, and the pause before the next.
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);

    // Each question begins at the next host.
    private const int Questions = 6;

    private int isAsking;

    /// <summary>Asks the hosts which one is the primary, unless they are being asked already. Returns at once.</summary>
    /// <param name="silent">The hosts that calls wait for.</param>
    public void Ask(IReadOnlyCollection<(string? Host, int Port)> silent)
    {
        if (Interlocked.Exchange(ref isAsking, 1) == 0)
        {
            Background.Forget(Background.Run(() => AskAsync(silent)));
        }
    }

    private async Task AskAsync(IReadOnlyCollection<(string? Host, int Port)> silent)
    {
        try
        {
            var primary = await AnswerAsync().ConfigureAwait(false);
            if (primary is null)
            {
                // The standby may be promoted at any time; an idle connection to a hung host would keep the next question waiting.
                driver.Clear();
                return;
            }

            var left = silent.Where(server => server != primary).ToList();
            if (left.Count == 0)
            {
                return;
            }

            // Two hosts may be two ways to one server: then both answer.
            driver.ForgetStates();
            var answers = await Task.WhenAll(Enumerable.Range(0, Questions).Select(_ => AnswerAsync())).ConfigureAwait(false);
            left.Where(server => !answers.Contains(server)).ToList().ForEach(moved);
        }
        finally
        {
            await Task.Delay(Pause).ConfigureAwait(false);
            Volatile.Write(ref isAsking, 0);
        }
    }

    // The host that answers as the primary; null when none does in time. The driver may be late.
    private async Task<(string? Host, int Port)?> AnswerAsync()
    {
        using var limit = new CancellationTokenSource(Limit);
        var opening = OpenAsync(limit.Token);
        await ((Task)opening).WaitAsync(Limit, CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (opening.IsCompletedSuccessfully)
        {
            return await opening.ConfigureAwait(false);
        }

        Background.Forget(opening);
        return null;
    }

    private async Task<(string? Host, int Port)?> OpenAsync(CancellationToken cancellationToken)
    {
        var connection = await driver.OpenAsync(cancellationToken).ConfigureAwait(false);
        var server = (connection.Host, connection.Port);
        await connection.DisposeAsync().ConfigureAwait(false);
        driver.Returned();
        return server;
    }
}
