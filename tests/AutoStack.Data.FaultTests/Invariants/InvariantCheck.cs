using AutoStack.Data.FaultTests.Ledgers;
using Npgsql;

namespace AutoStack.Data.FaultTests.Invariants;

/// <summary>Compares every row of the database with the ledger.</summary>
internal static class InvariantCheck
{
    /// <summary>Returns what does not hold; empty when everything does.</summary>
    /// <param name="ledger">The ledger, which no caller changes any more.</param>
    /// <param name="connection">A connection that passes no proxy.</param>
    /// <param name="cancellationToken">Cancels the check.</param>
    public static async Task<IReadOnlyList<Finding>> RunAsync(
        Ledger ledger, NpgsqlConnection connection, CancellationToken cancellationToken) =>
    [
        .. ledger.Contradictions.Select(text => new Finding(FindingKind.Contradiction, text)),
        .. await PresenceCheck.RunAsync(ledger, connection, cancellationToken),
        .. await BuildCheck.RunAsync(ledger, connection, cancellationToken),
        .. await LogCheck.RunAsync(ledger, connection, cancellationToken),
        .. await AccountCheck.RunAsync(ledger, connection, cancellationToken),
        .. await PortCheck.RunAsync(ledger, connection, cancellationToken),
    ];
}
