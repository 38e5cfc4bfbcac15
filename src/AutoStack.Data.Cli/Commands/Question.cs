using Spectre.Console;

namespace AutoStack.Data.Cli.Commands;

/// <summary>Asks for confirmation of what was announced.</summary>
internal static class Question
{
    public static async Task<bool> AskAsync(Session session, CancellationToken cancellationToken) =>
        (await ReadAsync(session, "Continue? [y/N] ", cancellationToken).ConfigureAwait(false))?.Trim().ToUpperInvariant() is "Y" or "YES";

    /// <summary>The answer to a question; null when the input has ended.</summary>
    public static async Task<string?> ReadAsync(Session session, string question, CancellationToken cancellationToken)
    {
        session.Error.Write(question, Style.Plain);

        string? answer = null;
        try
        {
            // Reading the console blocks, its asynchronous form too, and Ctrl-C must not wait for the answer.
            answer = await Task.Run(session.Host.Input.ReadLine, cancellationToken).WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            if (answer is null)
            {
                session.Error.WriteLine();
            }
        }

        return answer;
    }
}
