namespace AutoStack.Data.SecretRotation;

/// <summary>
/// Encrypts stored secrets anew with the first of <see cref="AutoStackDataOptions.SecretKeys"/>, also those that were stored in clear, and
/// hashes session
/// tokens that the Python services stored in clear: their holders stay signed in.
/// </summary>
public interface ISecretRotation
{
    /// <summary>The most rows that are read at once.</summary>
    const int MaxBatchSize = 1000;

    /// <summary>
    /// Goes through every table that holds secrets. It may run while services work, and more than once: each value is replaced on its own,
    /// unless it changed meanwhile. When every service has the new key in front, and a run has rotated, skipped and found unreadable
    /// nothing, the older keys are of no use any more.
    /// </summary>
    /// <remarks>
    /// In this order: the new key behind the old one, in every service, so that all can read what the first of them will write; then in
    /// front, in every service; then runs, until one has nothing to do; then the old key is removed.
    /// </remarks>
    /// <param name="batchSize">The number of rows that are read at once, 1 to <see cref="MaxBatchSize"/>.</param>
    /// <param name="cancellationToken">Stops between two values.</param>
    /// <returns>One result per column.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="batchSize"/> is out of its range.</exception>
    /// <exception cref="InvalidOperationException">No key is configured.</exception>
    Task<IReadOnlyList<SecretRotationResult>> RunAsync(int batchSize, CancellationToken cancellationToken = default);
}

/// <summary>What a rotation did to one column.</summary>
/// <param name="Column">The column, for example <c>projects.env_vars</c>.</param>
/// <param name="Rotated">The number of values that were encrypted anew; of <c>sessions.token</c>, that were hashed.</param>
/// <param name="Skipped">
/// The number of values that somebody changed, or removed, at the same moment: perhaps with an older key, so that another run is due.
/// </param>
/// <param name="Unreadable"> The number of values that no configured key opens, or that are in clear without
/// <see cref="AutoStackDataOptions.AcceptClearSecrets"/>; they stay as they are.
/// </param>
public sealed record SecretRotationResult(string Column, int Rotated, int Skipped, int Unreadable);
