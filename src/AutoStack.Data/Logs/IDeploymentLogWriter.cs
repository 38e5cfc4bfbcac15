namespace AutoStack.Data.Logs;

/// <summary>
/// Writes the lines of any number of builds, many in one transaction, over one connection. Takes a line at once and stores it soon: by
/// number, size and time (<see cref="LogWriterOptions"/>). The lines of one deployment are stored in the order of the calls, each of them
/// once, also when connections are lost meanwhile. Another transaction that holds the log of a deployment keeps back the lines of that
/// deployment only.
/// </summary>
/// <remarks>
/// Its calls are no part of a unit of work: <see cref="IRepositories"/> does not have it. When the services are disposed, what is held is
/// stored first. What a process that dies was still holding is lost: up to <see cref="LogWriterOptions.FlushInterval"/> of output while the
/// database keeps up.
/// </remarks>
public interface IDeploymentLogWriter
{
    /// <summary>Takes a line. Ends at once while there is room, else when there is: no line is dropped for want of it.</summary>
    /// <remarks>
    /// A line that is too long is cut, and one behind the most that is stored of a deployment is not stored, see
    /// <see cref="LogWriterOptions"/>. A line that the database refuses is reported by <see cref="FlushAsync(Guid, CancellationToken)"/>.
    /// </remarks>
    /// <param name="deploymentId">The deployment.</param>
    /// <param name="line">The line; when it has an id, it is stored once however often it is written.</param>
    /// <param name="cancellationToken">Ends the waiting for room; the line is not taken then.</param>
    /// <returns>A task that ends when the line is held.</returns>
    /// <exception cref="ArgumentException">The line is null, has no message, or a level that is not known.</exception>
    /// <exception cref="ObjectDisposedException">The services are being disposed.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled while there was no room.</exception>
    /// <exception cref="ConflictException">
    /// There is no room, since another transaction has held the log for <see cref="LogWriterOptions.FailAfter"/>.
    /// </exception>
    /// <exception cref="Npgsql.NpgsqlException">
    /// There is no room, since the database has been away for <see cref="LogWriterOptions.FailAfter"/>.
    /// </exception>
    Task WriteAsync(Guid deploymentId, NewDeploymentLog line, CancellationToken cancellationToken = default);

    /// <summary>Stores what was written before, of all deployments, without waiting any longer.</summary>
    /// <param name="cancellationToken">Ends the waiting, not the storing.</param>
    /// <returns>A task that ends when all of it is committed.</returns>
    /// <exception cref="LogLinesRefusedException">
    /// Lines were refused since the last time that this was reported here; everything else is stored.
    /// </exception>
    /// <exception cref="ConflictException"> Another transaction has held the log of a deployment for
    /// <see cref="LogWriterOptions.FailAfter"/>; its lines stay buffered.
    /// </exception>
    /// <exception cref="Npgsql.NpgsqlException">
    /// The database has been away for <see cref="LogWriterOptions.FailAfter"/>; what is held stays held.
    /// </exception>
    Task FlushAsync(CancellationToken cancellationToken = default);

    /// <summary>
    /// Stores what was written before of one deployment, without waiting any longer. Call it before the deployment's end is reported, so
    /// that whoever sees the end finds the last line.
    /// </summary>
    /// <param name="deploymentId">The deployment.</param>
    /// <param name="cancellationToken">Ends the waiting, not the storing.</param>
    /// <returns>A task that ends when all of it is committed.</returns>
    /// <exception cref="LogLinesRefusedException">
    /// Lines of it were refused since the last time that this was reported here: there is no such deployment (any more).
    /// </exception>
    /// <exception cref="ConflictException"> Another transaction has held the log of a deployment for
    /// <see cref="LogWriterOptions.FailAfter"/>; its lines stay buffered.
    /// </exception>
    /// <exception cref="Npgsql.NpgsqlException">
    /// The database has been away for <see cref="LogWriterOptions.FailAfter"/>; what is held stays held.
    /// </exception>
    Task FlushAsync(Guid deploymentId, CancellationToken cancellationToken = default);
}
