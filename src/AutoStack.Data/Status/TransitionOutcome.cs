namespace AutoStack.Data;

/// <summary>The outcome of a state change of a deployment, a stage or a container.</summary>
public enum TransitionOutcome
{
    /// <summary>The call changed the state.</summary>
    Applied,

    /// <summary>
    /// The row was in the requested state already, for example because the answer to an earlier call was lost. Nothing changed.
    /// </summary>
    AlreadyThere,

    /// <summary>The user cancelled or deleted the deployment: stop. Nothing changed.</summary>
    Cancelled,

    /// <summary>The deployment has succeeded or failed, or the container is stopped. Nothing changed.</summary>
    AlreadyFinished,

    /// <summary>The row is in another state than those from which the change is allowed. Nothing changed.</summary>
    OutOfOrder,

    /// <summary>The row does not exist.</summary>
    NotFound,

    /// <summary>
    /// The lease of the claim is over: another worker has the deployment, or the queue. Nothing changed.
    /// </summary>
    LostLease,

    /// <summary>
    /// A newer deployment is live: the production of the project, or the preview of the branch. The deployment is cancelled, with a reason.
    /// </summary>
    Superseded,
}

/// <summary>The decision that a worker takes after each state change.</summary>
public static class TransitionOutcomeExtensions
{
    /// <summary>
    /// True when the requested state is in effect (<see cref="TransitionOutcome.Applied"/>, <see cref="TransitionOutcome.AlreadyThere"/>).
    /// When false, the work belongs to nobody or to somebody else: the worker stops it, and reports nothing further.
    /// </summary>
    /// <param name="outcome">The outcome.</param>
    /// <returns>True when the worker may continue.</returns>
    public static bool MayContinue(this TransitionOutcome outcome) =>
        outcome is TransitionOutcome.Applied or TransitionOutcome.AlreadyThere;
}
