namespace AutoStack.Data.Containers;

/// <summary>
/// The table <c>deployment_containers</c>, for the platform's own work. A port is reserved before the container is created: reserve, start
/// the container on that port, confirm its id, report it running, and in the end report it stopped. Whatever fails on the way, the row says
/// which port may be in use.
/// </summary>
/// <remarks>
/// <see cref="TransitionOutcomeExtensions.MayContinue"/> of an outcome is false when the row does not hold the reported state: a container
/// that was just started must then be stopped.
/// </remarks>
public interface IPlatformDeploymentContainerRepository
{
    /// <summary>The maximum number of rows that a page has.</summary>
    const int MaxListSize = 1000;

    /// <summary>The maximum number of ports in a list, which is every port of a host.</summary>
    const int MaxPorts = 65535;

    /// <summary>The maximum number of containers of one deployment that are not stopped at the same time.</summary>
    const int MaxOpenPerDeployment = 16;

    /// <summary>Lists the running containers of successful deployments that are not deleted, in the order of their ids.</summary>
    /// <param name="cursor"><see cref="Cursor.Start"/>, or <see cref="Page{T}.Next"/> of the previous page.</param>
    /// <param name="limit">The maximum number of rows, 1 to <see cref="MaxListSize"/>.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The page.</returns>
    /// <exception cref="ArgumentException"><paramref name="cursor"/> is from another kind of list.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="limit"/> is out of its range.</exception>
    Task<Page<RunningContainer>> ListRunningAsync(Cursor cursor, int limit, CancellationToken cancellationToken = default);

    /// <summary>
    /// Lists containers, of any owner, that are not stopped although their deployment is deleted, failed or cancelled, or although they
    /// belong to an earlier attempt of their deployment, in the order of their ids: stop each, and report it stopped.
    /// </summary>
    /// <remarks>
    /// A container belongs to an earlier attempt when its row is older than the claim, or when its deployment went back to the queue.
    /// </remarks>
    /// <param name="cursor"><see cref="Cursor.Start"/>, or <see cref="Page{T}.Next"/> of the previous page.</param>
    /// <param name="limit">The maximum number of rows, 1 to <see cref="MaxListSize"/>.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The page.</returns>
    /// <exception cref="ArgumentException"><paramref name="cursor"/> is from another kind of list.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="limit"/> is out of its range.</exception>
    Task<Page<DeploymentContainer>> ListOrphansAsync(Cursor cursor, int limit, CancellationToken cancellationToken = default);

    /// <summary>Lists the ports of a host that containers hold which are not stopped, in ascending order.</summary>
    /// <param name="host">The host, up to 255 characters.</param>
    /// <param name="limit">The maximum number of ports, 1 to <see cref="MaxPorts"/>.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The ports.</returns>
    /// <exception cref="ArgumentException">
    /// <paramref name="host"/> is null, blank or too long, or <paramref name="limit"/> is out of its range.
    /// </exception>
    Task<IReadOnlyList<int>> ListPortsInUseAsync(string host, int limit, CancellationToken cancellationToken = default);

    /// <summary>
    /// Reserves the lowest free port of a host. A port is taken while a row that is not stopped holds it. In a unit of work, other
    /// reservations on the host, and steps of the deployment, wait for its end.
    /// </summary>
    /// <remarks>
    /// A deployment holds at most <see cref="MaxOpenPerDeployment"/> containers that are not stopped. A deployment that failed, was
    /// cancelled or is deleted gets no port, since <see cref="ListOrphansAsync"/> would list its container at once. A successful deployment
    /// gets one: its container may be started again. A later cancel makes the row an orphan.
    /// </remarks>
    /// <param name="container">The request.</param>
    /// <param name="cancellationToken">Stops the insert.</param>
    /// <returns>
    /// The outcome, and the row with the port: <c>starting</c>, or in its current state when the request is repeated.
    /// </returns>
    /// <exception cref="ArgumentException">
    /// A value is missing or too long, or the range of ports is empty; the message names the value.
    /// </exception>
    /// <exception cref="MissingReferenceException">The deployment does not exist.</exception>
    /// <exception cref="DuplicateException">
    /// Another program inserted a row with the port at the same moment, or the id belongs to a container of another deployment.
    /// </exception>
    Task<ReservationResult> ReserveAsync(NewDeploymentContainer container, CancellationToken cancellationToken = default);

    /// <summary>Records the id of the container that was created for a reservation.</summary>
    /// <param name="id">The row.</param>
    /// <param name="containerId">The container's id at the engine, up to 255 characters.</param>
    /// <param name="cancellationToken">Stops the update.</param>
    /// <returns>
    /// The outcome: <see cref="TransitionOutcome.AlreadyThere"/> when the row has the same id,
    /// <see cref="TransitionOutcome.OutOfOrder"/> when it has another one, <see cref="TransitionOutcome.AlreadyFinished"/> when it is
    /// stopped.
    /// </returns>
    /// <exception cref="ArgumentException"><paramref name="containerId"/> is null, blank or too long.</exception>
    Task<TransitionOutcome> ConfirmAsync(Guid id, string containerId, CancellationToken cancellationToken = default);

    /// <summary>Reports that a confirmed container answers.</summary>
    /// <param name="id">The row.</param>
    /// <param name="cancellationToken">Stops the update.</param>
    /// <returns>
    /// The outcome: <see cref="TransitionOutcome.OutOfOrder"/> when the container is not confirmed,
    /// <see cref="TransitionOutcome.AlreadyFinished"/> when it is stopped.
    /// </returns>
    Task<TransitionOutcome> ReportRunningAsync(Guid id, CancellationToken cancellationToken = default);

    /// <summary>Reports that a container does not answer; it keeps its port.</summary>
    /// <param name="id">The row.</param>
    /// <param name="cancellationToken">Stops the update.</param>
    /// <returns>The outcome: <see cref="TransitionOutcome.AlreadyFinished"/> when the container is stopped.</returns>
    Task<TransitionOutcome> ReportFailedAsync(Guid id, CancellationToken cancellationToken = default);

    /// <summary>Reports that a container no longer exists, or gives a reservation up; the port becomes free.</summary>
    /// <param name="id">The row.</param>
    /// <param name="cancellationToken">Stops the update.</param>
    /// <returns>The outcome: <see cref="TransitionOutcome.AlreadyThere"/> when the row was stopped before.</returns>
    Task<TransitionOutcome> ReportStoppedAsync(Guid id, CancellationToken cancellationToken = default);
}
