namespace AutoStack.Data.Audit;

/// <summary>The upkeep of the audit log, in a database with the feature <c>audit</c>. Without the feature there is nothing to do.</summary>
public interface IAuditMaintenance
{
    /// <summary>Reads the partitions from the server's catalog, and the last seal.</summary>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The state.</returns>
    Task<AuditStatus> FindStatusAsync(CancellationToken cancellationToken = default);

    /// <summary>
    /// Finds the hash of a seal, to compare it with one that was kept elsewhere: whoever may change both entries and seals can make a chain
    /// anew, with other hashes.
    /// </summary>
    /// <param name="number">The number of the seal.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The hash in lower-case hexadecimal digits; null when there is no such seal.</returns>
    /// <exception cref="AuditUnavailableException">
    /// The database does not have the feature <c>audit</c>, or the role may not read the log.
    /// </exception>
    Task<string?> FindSealAsync(long number, CancellationToken cancellationToken = default);

    /// <summary>
    /// Seals the entries, as far as no open transaction may still add one before them, creates the partitions of the next months, and
    /// drops the partitions that are older than the table <c>autostack_audit.audit_settings</c> says. A call that was interrupted is
    /// completed by the next one.
    /// </summary>
    /// <remarks>
    /// The role needs the right to execute the functions of the feature, which <c>scripts/roles.sql</c> grants to the services. How long
    /// entries are kept is not an argument, so that a service cannot shorten it. Two processes may call the method concurrently. A
    /// statement has an hour, whatever <see cref="AutoStackDataOptions.CommandTimeout"/> and the role's <c>statement_timeout</c> say.
    /// </remarks>
    /// <param name="cancellationToken">Stops the work; the next call continues it.</param>
    /// <returns>The state afterwards.</returns>
    /// <exception cref="AutoStackDataException">
    /// A table was in use for longer than the attempts to lock it; the next call continues.
    /// </exception>
    Task<AuditStatus> MaintainAsync(CancellationToken cancellationToken = default);
}
