using Spectre.Console;

namespace AutoStack.Data.Cli.Commands;

/// <summary>Asks whether to go on, after what will happen was said.</summary>
internal static class Question
{
    public static async Task<bool> AskAsync(Session session, CancellationToken cancellationToken)
    {
        session.Error.Write("Go on? [y/N] ", Style.Plain);

        string? answer = null;
        try
        {
            // Reading the console blocks whatever its name says, and Ctrl-C must not wait for an answer.
            answer = await Task.Run(session.Host.Input.ReadLine, cancellationToken).WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            if (answer is null)
            {
                session.Error.WriteLine();
            }
        }

        return answer?.Trim().ToUpperInvariant() is "Y" or "YES";
    }
}
