namespace AutoStack.Data.Retention;

/// <summary>
/// Removes old rows, table by table, in batches that are transactions of their own. Several processes may run it concurrently: each row is
/// removed once, and no process blocks another.
/// </summary>
public interface IRetentionService
{
    /// <summary>Removes old rows.</summary>
    /// <remarks>
    /// A run that is stopped has removed whole batches; the next run continues. An error or timeout in one table does not stop the run for
    /// the other tables. Rows whose removal got no answer are not counted.
    /// </remarks>
    /// <param name="policy">The ages at which rows are removed.</param>
    /// <param name="progress">Receives the table's result so far after each batch; null for no reports.</param>
    /// <param name="cancellationToken">Stops the run.</param>
    /// <returns>One result per table that the policy purges; check its <see cref="RetentionResult.Failure"/>.</returns>
    /// <exception cref="ArgumentException">
    /// The policy is null, or one of its values is out of range; the message names the value.
    /// </exception>
    Task<IReadOnlyList<RetentionResult>> RunAsync(
        RetentionPolicy policy, IProgress<RetentionResult>? progress, CancellationToken cancellationToken = default);

    /// <summary>Counts the rows that a run would remove now, and removes nothing. The queries read whole tables.</summary>
    /// <param name="policy">The ages at which rows are removed.</param>
    /// <param name="cancellationToken">Stops the queries.</param>
    /// <returns>One count per table that the policy purges.</returns>
    /// <exception cref="ArgumentException">
    /// The policy is null, or one of its values is out of range; the message names the value.
    /// </exception>
    Task<IReadOnlyList<RetentionCount>> CountAsync(RetentionPolicy policy, CancellationToken cancellationToken = default);
}
