namespace AutoStack.Data.FaultTests.Ledgers;

/// <summary>What a caller knows of an effect.</summary>
internal enum Verdict
{
    /// <summary>The call returned: the effect is stored.</summary>
    Acknowledged,

    /// <summary>The call failed with an exception after which nothing is stored.</summary>
    Refused,

    /// <summary>The call failed after it may have been carried out.</summary>
    Unknown,

    /// <summary>The call failed while the database was away, and nothing is stored: the same call may succeed later.</summary>
    NotStored,
}

/// <summary>One attempt of a caller.</summary>
/// <param name="Caller">The caller's name.</param>
/// <param name="Operation">The method.</param>
/// <param name="Ended">When the attempt ended, since the start of the ledger.</param>
/// <param name="Duration">The time from the call to its end.</param>
/// <param name="Verdict">What the caller knows.</param>
/// <param name="Failure">The type of the exception, with its SQLSTATE if it has one; null for an acknowledged call.</param>
internal sealed record Call(string Caller, string Operation, TimeSpan Ended, TimeSpan Duration, Verdict Verdict, string? Failure)
{
    public TimeSpan Began => Ended - Duration;
}
