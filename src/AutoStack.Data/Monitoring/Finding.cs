namespace AutoStack.Data.Monitoring;

/// <summary>One thing in a database or its operation that should be otherwise.</summary>
/// <param name="Rule">
/// The rule that found it, in kebab case, for example <c>long-transaction</c>; stable, for alerts and for ignoring.
/// </param>
/// <param name="Severity">How grave it is.</param>
/// <param name="Subject">The object that it is about, for example a table, a role, a setting or a session.</param>
/// <param name="Problem">What is wrong, in one sentence with its numbers. Never contains a secret value.</param>
public sealed record Finding(string Rule, Severity Severity, string Subject, string Problem)
{
    /// <summary>What it costs until it is mended, in one sentence; null when the problem says it.</summary>
    public string? Cost { get; init; }

    /// <summary>How to mend it, in one sentence; null when nothing is to be done.</summary>
    public string? Mend { get; init; }

    /// <summary>
    /// The statement, setting or command that mends it, ready to be copied, without a trailing semicolon; null when there is none.
    /// </summary>
    public string? Statement { get; init; }
}
