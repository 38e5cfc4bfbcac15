using AutoStack.Data.Deployments;

namespace AutoStack.Data.Hosting;

/// <summary>
/// Ends a build of a hosted worker with a reason that the owner of the deployment reads. Any other exception ends the build with a general
/// reason, and is logged: its message may say what owners must not read.
/// </summary>
public sealed class DeploymentFailedException : Exception
{
    /// <summary>A failure with a general reason.</summary>
    public DeploymentFailedException()
        : base(RunningJob.GeneralReason)
    {
    }

    /// <summary>A failure.</summary>
    /// <param name="reason">
    /// The reason, for the owner to read; longer than <see cref="Deployment.MaxReasonLength"/> characters, it is cut. Not blank.
    /// </param>
    /// <exception cref="ArgumentException"><paramref name="reason"/> is null or blank.</exception>
    public DeploymentFailedException(string reason)
        : this(reason, null)
    {
    }

    /// <summary>A failure with a cause, which only the log of the host gets.</summary>
    /// <param name="reason">The reason, for the owner to read. Not blank.</param>
    /// <param name="innerException">The cause.</param>
    /// <exception cref="ArgumentException"><paramref name="reason"/> is null or blank.</exception>
    public DeploymentFailedException(string reason, Exception? innerException)
        : base(reason, innerException) => ArgumentException.ThrowIfNullOrWhiteSpace(reason);
}
