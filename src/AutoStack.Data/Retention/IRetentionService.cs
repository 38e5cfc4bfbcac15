namespace AutoStack.Data.Retention;

/// <summary>
/// Removes what is too old, table by table, in batches that are transactions of their own. Several processes may run it at once: each row
/// is removed once, and none waits for another.
/// </summary>
public interface IRetentionService
{
    /// <summary>Removes what is too old. Not for a unit of work, whose batches would be one transaction.</summary>
    /// <remarks>
    /// A run that is stopped has removed whole batches; the next one goes on. What the database refuses in one table, or does not do in
    /// time, does not keep the run from the others.
    /// </remarks>
    /// <param name="policy">How long rows are kept.</param>
    /// <param name="progress">Is told after each batch how far its table is; null for nobody.</param>
    /// <param name="cancellationToken">Stops the run.</param>
    /// <returns>A result for each table of which the policy lets something go; look at <see cref="RetentionResult.Failure"/>.</returns>
    /// <exception cref="ArgumentException">The policy is null, or one of its values is out of its range; the message names it.</exception>
    /// <exception cref="InvalidOperationException">The service is one of a unit of work.</exception>
    Task<IReadOnlyList<RetentionResult>> RunAsync(RetentionPolicy policy, IProgress<RetentionResult>? progress, CancellationToken cancellationToken = default);

    /// <summary>Counts what a run would remove now, and removes nothing. It reads whole tables.</summary>
    /// <param name="policy">How long rows are kept.</param>
    /// <param name="cancellationToken">Stops the queries.</param>
    /// <returns>A count for each table of which the policy lets something go.</returns>
    /// <exception cref="ArgumentException">The policy is null, or one of its values is out of its range; the message names it.</exception>
    Task<IReadOnlyList<RetentionCount>> CountAsync(RetentionPolicy policy, CancellationToken cancellationToken = default);
}
