namespace AutoStack.Data.FaultTests.Ledgers;

/// <summary>A row that a caller asked for, under an id of its own.</summary>
/// <param name="Kind">The kind of row.</param>
/// <param name="Id">The id that the caller chose.</param>
/// <param name="Mark">A text of the row that no other row has.</param>
internal sealed record Effect(RowKind Kind, Guid Id, string Mark)
{
    /// <summary>The verdicts of the attempts, in their order.</summary>
    public List<Verdict> Attempts { get; } = [];

    public Verdict Verdict =>
        Attempts.Contains(Verdict.Acknowledged) ? Verdict.Acknowledged
        : Attempts.Contains(Verdict.Unknown) || Attempts.Count == 0 ? Verdict.Unknown
        : Verdict.Refused;

    /// <summary>Whether the server refused a repetition of a call that it may have carried out.</summary>
    public bool IsRepetitionRefused => Attempts.Count > 1 && Attempts[^1] == Verdict.Refused && Attempts.Contains(Verdict.Unknown);
}

/// <summary>The kinds of rows that callers insert under ids of their own.</summary>
internal enum RowKind
{
    User,
    Project,
    Deployment,
    HealthCheck,
    Webhook,
    Container,
}
