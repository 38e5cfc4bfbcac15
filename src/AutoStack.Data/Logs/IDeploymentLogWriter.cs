using Npgsql;

namespace AutoStack.Data.Logs;

/// <summary>
/// Writes the lines of any number of builds over one connection, many lines per transaction. The writer buffers lines and stores them soon:
/// by number, size and time (<see cref="LogWriterOptions"/>). The lines of one deployment are stored in the order of the calls, each line
/// once, even when connections are lost meanwhile. A transaction that holds the log of a deployment delays the lines of that deployment
/// only. Lines that reach the command timeout are tried again in smaller parts, and delay the lines of other deployments by one timeout
/// at a time.
/// </summary>
/// <remarks>
/// The writer is not part of a unit of work: <see cref="IRepositories"/> does not return it. Disposing the services stores the buffered
/// lines first. A process that crashes loses its buffered lines: at most <see cref="LogWriterOptions.FlushInterval"/> of output while the
/// database keeps up.
/// </remarks>
public interface IDeploymentLogWriter
{
    /// <summary>
    /// Queues a line. Completes immediately while the buffer has room, otherwise as soon as it has; lines are never dropped.
    /// </summary>
    /// <remarks>
    /// A line that is too long is cut. A line beyond the maximum size of a deployment's log is not stored; see
    /// <see cref="LogWriterOptions"/>. <see cref="FlushAsync(Guid, CancellationToken)"/> reports lines that the database refuses.
    /// </remarks>
    /// <param name="deploymentId">The deployment.</param>
    /// <param name="line">The line; a line with an id is stored once however often it is written.</param>
    /// <param name="cancellationToken">Stops waiting for room; the line is not queued then.</param>
    /// <returns>A task that completes when the line is buffered.</returns>
    /// <exception cref="ArgumentException">The line is null, has no message, an unknown level, or the empty id.</exception>
    /// <exception cref="ObjectDisposedException">The services are being disposed.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled while the buffer was full.</exception>
    /// <exception cref="ConflictException">
    /// The buffer is full because another transaction has held the log for <see cref="LogWriterOptions.FailAfter"/>.
    /// </exception>
    /// <exception cref="DatabaseUnavailableException">
    /// The buffer is full because the database has been unreachable for <see cref="LogWriterOptions.FailAfter"/>.
    /// </exception>
    /// <exception cref="StatementTimeoutException">
    /// The buffer is full because lines have reached the command timeout for <see cref="LogWriterOptions.FailAfter"/>.
    /// </exception>
    /// <exception cref="NpgsqlException">
    /// The buffer is full because lines have failed for another reason, such as a missing right, for
    /// <see cref="LogWriterOptions.FailAfter"/>.
    /// </exception>
    Task WriteAsync(Guid deploymentId, NewDeploymentLog line, CancellationToken cancellationToken = default);

    /// <summary>Stores the lines of all deployments that were queued before this call, without further delay.</summary>
    /// <param name="cancellationToken">Stops waiting; the lines are still stored.</param>
    /// <returns>A task that completes when all these lines are committed.</returns>
    /// <exception cref="LogLinesRefusedException">
    /// The database refused lines since the last report by this method; all other lines are stored.
    /// </exception>
    /// <exception cref="ConflictException">
    /// Another transaction has held the log of a deployment for <see cref="LogWriterOptions.FailAfter"/>; its lines stay buffered.
    /// </exception>
    /// <exception cref="DatabaseUnavailableException">
    /// The database has been unreachable for <see cref="LogWriterOptions.FailAfter"/>; the lines stay buffered.
    /// </exception>
    /// <exception cref="StatementTimeoutException">
    /// Lines have reached the command timeout for <see cref="LogWriterOptions.FailAfter"/>; they stay buffered.
    /// </exception>
    /// <exception cref="NpgsqlException">
    /// Lines have failed for another reason, such as a missing right, for <see cref="LogWriterOptions.FailAfter"/>; they stay buffered.
    /// </exception>
    Task FlushAsync(CancellationToken cancellationToken = default);

    /// <summary>
    /// Stores the lines of one deployment that were queued before this call, without further delay. Call it before reporting the
    /// deployment's end, so that a reader who sees the end also finds the last line.
    /// </summary>
    /// <param name="deploymentId">The deployment.</param>
    /// <param name="cancellationToken">Stops waiting; the lines are still stored.</param>
    /// <returns>A task that completes when all these lines are committed.</returns>
    /// <exception cref="LogLinesRefusedException">
    /// The database refused lines of this deployment since the last report by this method: the deployment does not exist.
    /// </exception>
    /// <exception cref="ConflictException">
    /// Another transaction has held the log of the deployment for <see cref="LogWriterOptions.FailAfter"/>; its lines stay buffered.
    /// </exception>
    /// <exception cref="DatabaseUnavailableException">
    /// The database has been unreachable for <see cref="LogWriterOptions.FailAfter"/>; the lines stay buffered.
    /// </exception>
    /// <exception cref="StatementTimeoutException">
    /// Lines have reached the command timeout for <see cref="LogWriterOptions.FailAfter"/>; they stay buffered.
    /// </exception>
    /// <exception cref="NpgsqlException">
    /// Lines have failed for another reason, such as a missing right, for <see cref="LogWriterOptions.FailAfter"/>; they stay buffered.
    /// </exception>
    Task FlushAsync(Guid deploymentId, CancellationToken cancellationToken = default);
}
