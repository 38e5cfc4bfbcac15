namespace AutoStack.Data.SecretRotation;

/// <summary>
/// Re-encrypts stored secrets with the first of <see cref="AutoStackDataOptions.SecretKeys"/>, and encrypts those that the Python services
/// stored in clear. Session tokens in clear are replaced by their hash; their holders stay signed in.
/// </summary>
public interface ISecretRotation
{
    /// <summary>The largest <c>batchSize</c> of a run.</summary>
    const int MaxBatchSize = 1000;

    /// <summary>
    /// Goes through every table that stores secrets. A run may happen while services work, and may be repeated: each value is replaced
    /// separately, unless it changed meanwhile. A repeated run finds the values that are left.
    /// </summary>
    /// <remarks>
    /// To replace a key:
    /// <list type="number">
    /// <item>Append the new key to the list in every service, so that every service can decrypt with it.</item>
    /// <item>Move the new key to the front of the list in every service.</item>
    /// <item>Run until a run returns zero for every <see cref="SecretRotationResult"/>.</item>
    /// <item>Remove the old key.</item>
    /// </list>
    /// </remarks>
    /// <param name="batchSize">The number of rows to read at once, 1 to <see cref="MaxBatchSize"/>.</param>
    /// <param name="cancellationToken">Cancels the run between two values.</param>
    /// <returns>One result per column.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="batchSize"/> is out of its range.</exception>
    /// <exception cref="InvalidOperationException">No key is configured.</exception>
    Task<IReadOnlyList<SecretRotationResult>> RunAsync(int batchSize, CancellationToken cancellationToken = default);
}

/// <summary>The result of a rotation for one column.</summary>
/// <param name="Column">The column, for example <c>projects.env_vars</c>.</param>
/// <param name="Rotated">The number of values that were re-encrypted; for <c>sessions.token</c>, that were hashed.</param>
/// <param name="Skipped">
/// The number of values that another writer changed or removed concurrently, perhaps with an older key: run again.
/// </param>
/// <param name="Unreadable">
/// The number of values that no configured key decrypts, or that are in clear without
/// <see cref="AutoStackDataOptions.AcceptClearSecrets"/>. They stay unchanged.
/// </param>
public sealed record SecretRotationResult(string Column, int Rotated, int Skipped, int Unreadable);
