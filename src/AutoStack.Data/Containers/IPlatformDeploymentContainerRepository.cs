namespace AutoStack.Data.Containers;

/// <summary>
/// The table <c>deployment_containers</c>, for the platform's own work. A port is reserved before the container is made: reserve, start the
/// container on that port, confirm its id, mark it running; stop it in the end. Whatever fails on the way, the row says which port may be
/// in use.
/// </summary>
public interface IPlatformDeploymentContainerRepository
{
    /// <summary>The most rows that a list returns at once.</summary>
    const int MaxListSize = 1000;

    /// <summary>The most ports that a list of them has: all of a machine.</summary>
    const int MaxPorts = 65535;

    /// <summary>The most rows of one deployment that are not stopped at the same time.</summary>
    const int MaxOpenPerDeployment = 16;

    /// <summary>Lists the running containers of successful deployments that are not deleted, in the order of their ids.</summary>
    /// <param name="limit">The number of rows at the most, 1 to <see cref="MaxListSize"/>.</param>
    /// <param name="afterId">Where to go on: the id of the last row seen, or the empty id.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The containers; fewer than <paramref name="limit"/> at the end of the list.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="limit"/> is out of its range.</exception>
    Task<IReadOnlyList<RunningContainer>> ListRunningAsync(int limit, Guid afterId, CancellationToken cancellationToken = default);

    /// <summary>
    /// Lists containers, of any owner, that are not stopped although their deployment is deleted, failed or cancelled, in the order of
    /// their ids: stop them, and mark them stopped.
    /// </summary>
    /// <param name="limit">The number of rows at the most, 1 to <see cref="MaxListSize"/>.</param>
    /// <param name="afterId">Where to go on: the id of the last row seen, or the empty id.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The containers; fewer than <paramref name="limit"/> at the end of the list.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="limit"/> is out of its range.</exception>
    Task<IReadOnlyList<DeploymentContainer>> ListOrphansAsync(int limit, Guid afterId, CancellationToken cancellationToken = default);

    /// <summary>Lists the ports of a machine that rows which are not stopped name, in ascending order.</summary>
    /// <param name="host">The machine; up to 255 characters.</param>
    /// <param name="limit">The number of ports at the most, 1 to <see cref="MaxPorts"/>.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The ports.</returns>
    /// <exception cref="ArgumentException">
    /// <paramref name="host"/> is null, blank or too long, or <paramref name="limit"/> is out of its range.
    /// </exception>
    Task<IReadOnlyList<int>> ListPortsInUseAsync(string host, int limit, CancellationToken cancellationToken = default);

    /// <summary>
    /// Reserves the lowest free port of a machine. A port is taken while any row that is not stopped names it. In a unit of work, other
    /// reservations on the machine, and steps of the deployment, wait for its end.
    /// </summary>
    /// <remarks>
    /// At most <see cref="MaxOpenPerDeployment"/> rows of a deployment are not stopped at once. A deployment that failed, was cancelled or
    /// is deleted gets no port, since <see cref="ListOrphansAsync"/> would list its container at once. A successful one does: its container
    /// may be started again. A cancel that comes later finds the row.
    /// </remarks>
    /// <param name="container">What the port is for.</param>
    /// <param name="cancellationToken">Stops the insert.</param>
    /// <returns>Whether a port was reserved, and the row with it: <c>starting</c>, or as it stands when the request is repeated.</returns>
    /// <exception cref="ArgumentException">
    /// A value is missing or too long, or there is no port to choose from; the message names it.
    /// </exception>
    /// <exception cref="MissingReferenceException">There is no such deployment.</exception>
    /// <exception cref="DuplicateException">
    /// Another program took the port at the same moment, past this library, or the id is another row's.
    /// </exception>
    Task<ReservationResult> ReserveAsync(NewDeploymentContainer container, CancellationToken cancellationToken = default);

    /// <summary>Notes the id of the container that was made on a reserved port.</summary>
    /// <param name="id">The row.</param>
    /// <param name="containerId">The container's id at the engine; up to 255 characters.</param>
    /// <param name="cancellationToken">Stops the update.</param>
    /// <returns>False when the row is not a reservation any more: confirmed before, stopped, or not there.</returns>
    /// <exception cref="ArgumentException"><paramref name="containerId"/> is null, blank or too long.</exception>
    Task<bool> ConfirmAsync(Guid id, string containerId, CancellationToken cancellationToken = default);

    /// <summary>Notes that a container answered.</summary>
    /// <param name="id">The row.</param>
    /// <param name="cancellationToken">Stops the update.</param>
    /// <returns>False unless the row is <c>starting</c> or <c>failed</c>, its container's id is known, and it is not stopped.</returns>
    Task<bool> MarkRunningAsync(Guid id, CancellationToken cancellationToken = default);

    /// <summary>Notes that a container does not answer; it keeps its port.</summary>
    /// <param name="id">The row.</param>
    /// <param name="cancellationToken">Stops the update.</param>
    /// <returns>False unless the row is <c>starting</c> or <c>running</c> and not stopped.</returns>
    Task<bool> MarkFailedAsync(Guid id, CancellationToken cancellationToken = default);

    /// <summary>Notes that a container is gone, or a reservation given up; its port is free.</summary>
    /// <param name="id">The row.</param>
    /// <param name="cancellationToken">Stops the update.</param>
    /// <returns>False when it was stopped before, or is not there.</returns>
    Task<bool> MarkStoppedAsync(Guid id, CancellationToken cancellationToken = default);
}
