namespace AutoStack.Data.Audit;

/// <summary>
/// The entries of the audit log, in a database with the feature <c>audit</c>. Triggers write them, and nobody changes them. The role needs
/// the right to read the log, which <c>scripts/roles.sql</c> gives to the read-only role and not to the services.
/// </summary>
public interface IAuditLog
{
    /// <summary>The maximum number of entries per page.</summary>
    const int MaxListSize = 1000;

    /// <summary>
    /// Lists the entries that match a filter, newest first. An entry is visible when its transaction has committed: a page that was read
    /// meanwhile may lack an entry with a lower number.
    /// </summary>
    /// <param name="filter">The filter; <see cref="AuditFilter.All"/> for all entries.</param>
    /// <param name="cursor">The place: <see cref="Cursor.Start"/>, or <see cref="Page{T}.Next"/> to continue.</param>
    /// <param name="limit">The maximum number of entries, 1 to <see cref="MaxListSize"/>.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The entries.</returns>
    /// <exception cref="ArgumentException">
    /// <paramref name="filter"/> is null, or <paramref name="cursor"/> belongs to another kind of list.
    /// </exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="limit"/> is out of range.</exception>
    /// <exception cref="AuditUnavailableException">
    /// The database does not have the feature <c>audit</c>, or the role may not read the log.
    /// </exception>
    Task<Page<AuditEntry>> ListAsync(AuditFilter filter, Cursor cursor, int limit, CancellationToken cancellationToken = default);
}
