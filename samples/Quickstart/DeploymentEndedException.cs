using AutoStack.Data;

namespace Quickstart;

/// <summary>The deployment no longer belongs to the worker: it was cancelled, deleted or failed by somebody else.</summary>
internal sealed class DeploymentEndedException : Exception
{
    /// <summary>Throws unless the worker may continue after a step.</summary>
    public static void ThrowUnlessContinuing(TransitionOutcome outcome)
    {
        if (!outcome.MayContinue())
        {
            throw new DeploymentEndedException();
        }
    }
}
