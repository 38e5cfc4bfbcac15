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

    /// <summary>
    /// Removes old rows as the only process that does: with the lease <c>retention</c> of the table <c>upkeep_leases</c>, which the process
    /// renews. Between batches the run pauses, as <see cref="RetentionRunOptions.Pacing"/> says.
    /// </summary>
    /// <remarks>
    /// A process that has lost its lease, because it did not answer for as long as the lease lasts, stops after its batch. A run that is
    /// cancelled gives the lease back; the next run continues.
    /// </remarks>
    /// <param name="policy">The ages at which rows are removed.</param>
    /// <param name="options">The conditions of the run.</param>
    /// <param name="progress">Receives the table's result so far after each batch; null for no reports.</param>
    /// <param name="cancellationToken">Stops the run.</param>
    /// <returns>What happened; check <see cref="RetentionRun.Outcome"/>.</returns>
    /// <exception cref="ArgumentException">
    /// An argument is null, or one of its values is out of range; the message names the value.
    /// </exception>
    Task<RetentionRun> RunExclusiveAsync(
        RetentionPolicy policy, RetentionRunOptions options, IProgress<RetentionResult>? progress,
        CancellationToken cancellationToken = default);

    /// <summary>Finds who holds the lease of <see cref="RunExclusiveAsync"/>, and how its last run ended.</summary>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The state; null when no process has asked for the lease yet.</returns>
    Task<UpkeepState?> FindStateAsync(CancellationToken cancellationToken = default);

    /// <summary>Finds the rights that the role lacks for a run, for example <c>DELETE on sessions</c>.</summary>
    /// <param name="policy">The ages at which rows are removed.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The rights; empty when the role has all of them.</returns>
    /// <exception cref="ArgumentException">
    /// The policy is null, or one of its values is out of range; the message names the value.
    /// </exception>
    Task<IReadOnlyList<string>> FindMissingRightsAsync(RetentionPolicy policy, CancellationToken cancellationToken = default);

    /// <summary>
    /// Counts the rows that a run would remove now, and removes nothing. The counts are exact; the queries read the rows that they count.
    /// </summary>
    /// <param name="policy">The ages at which rows are removed.</param>
    /// <param name="cancellationToken">Stops the queries.</param>
    /// <returns>One count per table that the policy purges.</returns>
    /// <exception cref="ArgumentException">
    /// The policy is null, or one of its values is out of range; the message names the value.
    /// </exception>
    Task<IReadOnlyList<RetentionCount>> CountAsync(RetentionPolicy policy, CancellationToken cancellationToken = default);
}
