using AutoStack.Data.Postgres;

namespace AutoStack.Data.Status;

/// <summary>The columns of a deployment that decide which changes its current state allows.</summary>
/// <param name="Status">The status.</param>
/// <param name="IsDeleted">True after a soft delete.</param>
/// <param name="IsStarted">True once a worker has started the deployment.</param>
internal sealed record DeploymentState(DeploymentStatus Status, bool IsDeleted, bool IsStarted)
{
    /// <summary>
    /// The statuses that end a deployment. A statement that guards an end compares the status in lower case, because other programs may
    /// write it in any case.
    /// </summary>
    internal const string Finished = "('success', 'failed', 'cancelled')";

    /// <summary>The condition for a deployment that has neither ended nor been deleted. Needs the row <c>d</c>.</summary>
    internal const string Open = $"NOT d.is_deleted AND pg_catalog.lower(d.status::text) NOT IN {Finished}";

    /// <summary>
    /// The condition for a deployment that a worker of this library or of another program runs; another program may start a deployment
    /// while its status is still 'queued'. Word for word the condition of the partial indexes over running deployments. Needs the row
    /// <c>d</c>.
    /// </summary>
    internal const string UnderWay = """
        (d.status::text IN ('cloning', 'checkout', 'installing', 'building', 'copying')
            OR d.status::text = 'queued' AND d.started_at IS NOT NULL)
            AND NOT d.is_deleted
        """;

    /// <summary>
    /// The condition of statements on a deployment's rows: the user owns the deployment, which is not deleted, and has an open account.
    /// Needs <c>@deploymentId</c> and <c>@ownerId</c>.
    /// </summary>
    internal const string Owned =
        "EXISTS (SELECT 1 FROM deployments d WHERE d.id = @deploymentId AND d.user_id = @ownerId AND NOT d.is_deleted) AND "
        + AccountState.OwnerIsOpen;

    /// <summary>
    /// The first statement of every state change: locks the row and reads its state. The next statement of the batch starts after the
    /// transaction that held the lock before has committed, and so sees the stages that this transaction wrote.
    /// </summary>
    internal static Statement Lock(Guid id) => new("""
        SELECT d.status, d.is_deleted, d.started_at IS NOT NULL
        FROM deployments d
        WHERE d.id = @id
        FOR NO KEY UPDATE
        """, P.Of(id));

    /// <summary>The first statement of a change by the owner: as <see cref="Lock(Guid)"/>, for a deployment of the owner only.</summary>
    internal static Statement Lock(Guid id, Guid ownerId) => new($"""
        SELECT d.status, d.is_deleted, d.started_at IS NOT NULL
        FROM deployments d
        WHERE d.id = @id AND d.user_id = @ownerId AND {AccountState.OwnerIsOpen}
        FOR NO KEY UPDATE
        """, P.Of(id), P.Of(ownerId));

    /// <summary>Reads the row of <see cref="Lock(Guid)"/>.</summary>
    internal static DeploymentState Read(RowReader row) => new(row.Value<DeploymentStatus>(), row.Flag(), row.Flag());

    /// <summary>Why a worker must stop, from the row of <see cref="Lock(Guid)"/>; null while the deployment is open.</summary>
    internal static TransitionOutcome? ReasonToStop(DeploymentState? state) =>
        state is null ? TransitionOutcome.NotFound
        : state.Status.IsFinished && state.Status != DeploymentStatus.Cancelled ? TransitionOutcome.AlreadyFinished
        : state.IsDeleted || state.Status == DeploymentStatus.Cancelled ? TransitionOutcome.Cancelled
        : null;
}
