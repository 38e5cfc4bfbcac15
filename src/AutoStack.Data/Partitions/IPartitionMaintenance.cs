namespace AutoStack.Data.Partitions;

/// <summary>
/// The partitions of logs and health checks, in a database with the feature <c>log-partitions</c>. Without the feature the tables are
/// plain, and there is nothing to do.
/// </summary>
/// <remarks>
/// A partition has the rows of a period. Rows whose key lies in no period are in the default partition: those that are older than the
/// feature, and those whose ids are not UUIDs of version 7. A retention run drops the partitions of past periods.
/// </remarks>
public interface IPartitionMaintenance
{
    /// <summary>Reads the partitions from the server's catalog; reads no row of the tables.</summary>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The state of each table.</returns>
    Task<PartitionStatus> FindStatusAsync(CancellationToken cancellationToken = default);

    /// <summary>
    /// Counts the deployments whose logs cannot go into a partition of their period, among the newest 10,000. An index has them in this
    /// order; the rest of the table is not read.
    /// </summary>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The numbers.</returns>
    Task<DeploymentIds> CountIdsAsync(CancellationToken cancellationToken = default);

    /// <summary>
    /// Creates the partitions of the next periods, as the table <c>log_partition_settings</c> says. The default partition is read as a
    /// whole when there are partitions to create; no reader and no writer waits for that. A call that was interrupted is completed by the
    /// next one.
    /// </summary>
    /// <remarks>
    /// The role needs the right to execute the functions of the feature, which <c>scripts/roles.sql</c> grants to the services. Two
    /// processes may call the method concurrently. The statement that reads the default partition has an hour, whatever
    /// <see cref="AutoStackDataOptions.CommandTimeout"/>, <see cref="AutoStackDataOptions.OperationTimeout"/> and the role's
    /// <c>statement_timeout</c> say.
    /// </remarks>
    /// <param name="cancellationToken">Stops the work; the next call continues it.</param>
    /// <returns>The state afterwards.</returns>
    /// <exception cref="AutoStackDataException">
    /// A table was in use for longer than the attempts to lock it; the next call continues.
    /// </exception>
    Task<PartitionStatus> MaintainAsync(CancellationToken cancellationToken = default);
}
