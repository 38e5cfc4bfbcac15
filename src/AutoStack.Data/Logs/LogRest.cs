namespace AutoStack.Data.Logs;

/// <summary>The lines of a batch that are neither stored nor refused: of each deployment the last ones.</summary>
internal sealed class LogRest
{
    private readonly Dictionary<Guid, LogLeft> left = [];

    /// <summary>True when an attempt at the batch may still run, or may have stored lines: the rest keeps its ids.</summary>
    public bool MayBeStored { get; set; }

    public bool IsEmpty => left.Count == 0;

    public bool Contains(Guid deploymentId) => left.ContainsKey(deploymentId);

    public LogLeft Of(Guid deploymentId) => left.GetValueOrDefault(deploymentId);

    /// <summary>Adds lines; the first cause stays.</summary>
    public void Add(Guid deploymentId, int lines, LogTimeout? timeout = null)
    {
        var before = Of(deploymentId);
        left[deploymentId] = new(before.Lines + lines, before.Timeout ?? timeout);
    }
}

/// <summary>The lines of a deployment that are left.</summary>
/// <param name="Lines">The number of lines.</param>
/// <param name="Timeout">The timeout of their statement; null when another transaction holds the log.</param>
internal readonly record struct LogLeft(int Lines, LogTimeout? Timeout);

/// <summary>A statement with lines of one deployment that reached the command timeout.</summary>
/// <param name="Lines">The number of lines.</param>
/// <param name="Duration">How long the statement ran.</param>
/// <param name="Cause">The exception.</param>
internal sealed record LogTimeout(int Lines, TimeSpan Duration, Exception Cause);
