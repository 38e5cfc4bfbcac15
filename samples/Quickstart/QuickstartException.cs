namespace Quickstart;

/// <summary>Ends the run with one sentence for people.</summary>
internal sealed class QuickstartException(string message) : Exception(message)
{
    public int ExitCode { get; init; } = 1;
}
