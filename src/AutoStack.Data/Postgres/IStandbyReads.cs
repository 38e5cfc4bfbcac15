namespace AutoStack.Data;

/// <summary>Runs reads on a standby: reporting, lists and dashboards that may be some milliseconds late, away from the primary.</summary>
/// <remarks>
/// <code>
/// var page = await standby.Get&lt;IDeploymentRepository&gt;().ListRecentAsync(ownerId, cursor, limit, ct);
/// var mine = await standby.AtLeast(token).Get&lt;IDeploymentRepository&gt;().FindAsync(id, ownerId, ct);
/// </code>
/// <para>
/// The standbys are the other hosts of the connection string. A read goes to the primary when no standby answers, and when a standby cannot
/// finish it: its connection is lost, a conflict with recovery ends it, or the standby lacks a table or column that a migration has just
/// added. With one host every read goes to that host.
/// </para>
/// <para>
/// A method that changes rows throws <see cref="InvalidOperationException"/>, which names the method; nothing is sent.
/// </para>
/// </remarks>
public interface IStandbyReads : IRepositories
{
    /// <summary>
    /// Reads that see what a transaction wrote. A standby that has not applied the transaction is asked again for at most
    /// <see cref="AutoStackDataOptions.StandbyWait"/>; then the primary is read. A token that is invented, too old or of another database
    /// costs at most this wait, and never an exception.
    /// </summary>
    /// <param name="token">
    /// The token of <see cref="IUnitOfWork.RunForTokenAsync(Func{IRepositories, CancellationToken, Task}, CancellationToken)"/>, or a
    /// position of the write-ahead log; replaces an earlier token.
    /// </param>
    /// <returns>The reads.</returns>
    IStandbyReads AtLeast(ReadToken token);
}
