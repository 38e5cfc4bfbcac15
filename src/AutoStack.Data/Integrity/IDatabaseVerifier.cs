namespace AutoStack.Data.Integrity;

/// <summary>
/// Verifies that the stored data is what it should be: after a restore, a failover or a major upgrade, and in between.
/// </summary>
/// <remarks>
/// Nothing is changed, and no writer is blocked. Each statement reads a range of a table in one snapshot and one transaction of its own,
/// with a time limit: a concurrent transaction is seen as a whole or not at all, so that a verification beside running services reports
/// nothing that is only under way. A role that may not read a table, or call a function, gets a finding that says so.
/// </remarks>
public interface IDatabaseVerifier
{
    /// <summary>Runs the checks.</summary>
    /// <param name="options">Which checks, and how much of each table; null for all checks of all rows.</param>
    /// <param name="progress">Receives the state of a check after each range of rows; null for no reports.</param>
    /// <param name="cancellationToken">Stops the run.</param>
    /// <returns>One result per check. A check that could not be made, or not to its end, has a finding that says why.</returns>
    /// <exception cref="ArgumentException">An option is out of range, or names no check; the message names the option.</exception>
    /// <exception cref="DatabaseUnavailableException">The database cannot be reached.</exception>
    Task<VerificationResult> VerifyAsync(
        VerificationOptions? options, IProgress<VerificationProgress>? progress, CancellationToken cancellationToken = default);
}
