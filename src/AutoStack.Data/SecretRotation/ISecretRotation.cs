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
    /// <param name="batchSize">
    /// The number of rows to read at once, 1 to <see cref="MaxBatchSize"/>; fewer when their values have more than 4 MiB.
    /// </param>
    /// <param name="progress">Receives how far the run is after each batch; null for no reports.</param>
    /// <param name="cancellationToken">Cancels the run between two values.</param>
    /// <returns>One result per column.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="batchSize"/> is out of its range.</exception>
    /// <exception cref="InvalidOperationException">No key is configured.</exception>
    Task<IReadOnlyList<SecretRotationResult>> RunAsync(
        int batchSize, IProgress<SecretProgress>? progress, CancellationToken cancellationToken = default);

    /// <summary>
    /// Counts the stored secrets by column, form and key. The keys need not be configured, and no secret leaves the server. The queries
    /// read whole tables, in batches.
    /// </summary>
    /// <param name="batchSize">
    /// The number of rows to read at once, 1 to <see cref="MaxBatchSize"/>; fewer when their values have more than 4 MiB.
    /// </param>
    /// <param name="progress">Receives how far the count is after each batch; null for no reports.</param>
    /// <param name="cancellationToken">Cancels the count.</param>
    /// <returns>One count per column, form and key that is stored, column by column.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="batchSize"/> is out of its range.</exception>
    Task<IReadOnlyList<SecretCount>> CountAsync(
        int batchSize, IProgress<SecretProgress>? progress, CancellationToken cancellationToken = default);

    /// <summary>
    /// Opens every stored secret with the configured keys, and returns those that do not open. The queries read whole tables, in batches.
    /// </summary>
    /// <param name="batchSize">
    /// The number of rows to read at once, 1 to <see cref="MaxBatchSize"/>; fewer when their values have more than 4 MiB.
    /// </param>
    /// <param name="progress">Receives how far the search is after each batch; null for no reports.</param>
    /// <param name="cancellationToken">Cancels the search.</param>
    /// <returns>The values that do not open, column by column, in the order of the ids of their rows.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="batchSize"/> is out of its range.</exception>
    IAsyncEnumerable<UnreadableSecret> FindUnreadableAsync(
        int batchSize, IProgress<SecretProgress>? progress, CancellationToken cancellationToken = default);
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
