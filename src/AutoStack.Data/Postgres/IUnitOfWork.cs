namespace AutoStack.Data;

/// <summary>Runs several operations as one transaction.</summary>
/// <remarks>
/// <code>
/// await unitOfWork.RunAsync(async (tx, ct) =>
/// {
///     var user = await tx.Get&lt;IUserRepository&gt;().AddAsync(newUser, ct);
///     await tx.Get&lt;IProjectRepository&gt;().AddAsync(newProject with { UserId = user.Id }, ct);
/// }, cancellationToken);
/// </code>
/// Returning commits, throwing rolls back. A deadlock or serialization failure runs the whole delegate again, up to five times, and a
/// session that the server had closed for being idle or that is read-only, once: it must have no effect outside the database. Keep calls to
/// other systems out of it, since the transaction holds a connection and its locks. Each statement and the commit have
/// <see cref="AutoStackDataOptions.OperationTimeout"/>; the delegate's own time is not limited.
/// </remarks>
public interface IUnitOfWork
{
    /// <summary>Runs the work in a transaction and commits.</summary>
    /// <param name="work">What to do; gets the repositories of the transaction. Runs one statement at a time.</param>
    /// <param name="cancellationToken">Stops the work and rolls back. A commit once sent is not cancelled.</param>
    /// <returns>A task that ends with the commit.</returns>
    /// <exception cref="UnitOfWorkFailedException">A statement failed and the work caught its exception: nothing was committed.</exception>
    /// <exception cref="ConflictException">The last repetition was refused as well.</exception>
    /// <exception cref="DatabaseUnavailableException">
    /// The database did not answer; <see cref="AutoStackDataException.OutcomeUnknown"/> is true when the commit was sent.
    /// </exception>
    Task RunAsync(Func<IRepositories, CancellationToken, Task> work, CancellationToken cancellationToken = default);

    /// <summary>Runs the work in a transaction, commits, and hands its result on.</summary>
    /// <typeparam name="TResult">The type of the result.</typeparam>
    /// <param name="work">What to do; gets the repositories of the transaction. Runs one statement at a time.</param>
    /// <param name="cancellationToken">Stops the work and rolls back. A commit once sent is not cancelled.</param>
    /// <returns>What the work returned.</returns>
    /// <exception cref="UnitOfWorkFailedException">A statement failed and the work caught its exception: nothing was committed.</exception>
    /// <exception cref="ConflictException">The last repetition was refused as well.</exception>
    /// <exception cref="DatabaseUnavailableException">
    /// The database did not answer; <see cref="AutoStackDataException.OutcomeUnknown"/> is true when the commit was sent.
    /// </exception>
    Task<TResult> RunAsync<TResult>(Func<IRepositories, CancellationToken, Task<TResult>> work,
        CancellationToken cancellationToken = default);

    /// <summary>
    /// Runs the work in a transaction, commits, and returns the token with which <see cref="IStandbyReads.AtLeast"/> sees what the work
    /// wrote. The token travels with the commit and costs no round trip.
    /// </summary>
    /// <param name="work">What to do; gets the repositories of the transaction. Runs one statement at a time.</param>
    /// <param name="cancellationToken">Stops the work and rolls back. A commit once sent is not cancelled.</param>
    /// <returns>The token; <see cref="ReadToken.None"/> when the work changed nothing.</returns>
    /// <exception cref="UnitOfWorkFailedException">A statement failed and the work caught its exception: nothing was committed.</exception>
    /// <exception cref="ConflictException">The last repetition was refused as well.</exception>
    /// <exception cref="DatabaseUnavailableException">
    /// The database did not answer; <see cref="AutoStackDataException.OutcomeUnknown"/> is true when the commit was sent.
    /// </exception>
    Task<ReadToken> RunForTokenAsync(Func<IRepositories, CancellationToken, Task> work, CancellationToken cancellationToken = default);

    /// <summary>
    /// Runs the work in a transaction, commits, and returns its result with the token with which <see cref="IStandbyReads.AtLeast"/> sees
    /// what the work wrote. The token travels with the commit and costs no round trip.
    /// </summary>
    /// <typeparam name="TResult">The type of the result.</typeparam>
    /// <param name="work">What to do; gets the repositories of the transaction. Runs one statement at a time.</param>
    /// <param name="cancellationToken">Stops the work and rolls back. A commit once sent is not cancelled.</param>
    /// <returns>What the work returned, and the token; <see cref="ReadToken.None"/> when the work changed nothing.</returns>
    /// <exception cref="UnitOfWorkFailedException">A statement failed and the work caught its exception: nothing was committed.</exception>
    /// <exception cref="ConflictException">The last repetition was refused as well.</exception>
    /// <exception cref="DatabaseUnavailableException">
    /// The database did not answer; <see cref="AutoStackDataException.OutcomeUnknown"/> is true when the commit was sent.
    /// </exception>
    Task<(TResult Result, ReadToken Token)> RunForTokenAsync<TResult>(
        Func<IRepositories, CancellationToken, Task<TResult>> work, CancellationToken cancellationToken = default);
}

/// <summary>The repositories of one transaction, or of reads on a standby.</summary>
public interface IRepositories
{
    /// <summary>
    /// A repository, or the <see cref="IOwnStatements"/> of a unit of work; of no use once the unit of work that it belongs to has ended.
    /// </summary>
    /// <typeparam name="TRepository">The interface of the repository.</typeparam>
    /// <returns>The repository.</returns>
    /// <exception cref="ArgumentException"><typeparamref name="TRepository"/> is not a repository of this library.</exception>
    /// <exception cref="InvalidOperationException">
    /// <typeparamref name="TRepository"/> serves the platform's own work, and the process has not called
    /// <c>AddAutoStackDataWorkers</c>.
    /// </exception>
    TRepository Get<TRepository>()
        where TRepository : class;
}
