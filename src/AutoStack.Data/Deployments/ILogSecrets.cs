using AutoStack.Data.Security;

namespace AutoStack.Data.Deployments;

/// <summary>
/// The values that must not stand in the log of a deployment. <see cref="IDeploymentLogWriter"/>, <see cref="IDeploymentLogRepository.AppendAsync"/> and
/// <see cref="IDeploymentRuntimeLogRepository.AppendAsync"/> write <c>***</c> in their place, so that they never reach the database.
/// </summary>
/// <remarks>It is known to this process only, and applies to lines from the call on.</remarks>
public interface ILogSecrets
{
    /// <summary>The shortest value that is masked, in UTF-16 units: shorter ones are part of ordinary words.</summary>
    const int MinLength = 6;

    /// <summary>The longest value, in UTF-16 units.</summary>
    const int MaxLength = 65_536;

    /// <summary>Masks values in the lines of a deployment, for as long as the build runs:</summary>
    /// <remarks>
    /// <para>as they are, without the space around them; each line of a value that has several; as JSON and URLs escape them; and in base64, of
    /// either alphabet, also in the middle of something longer.</para>
    /// <para>Not masked are values and lines shorter than <see cref="MinLength"/>, values that a program breaks over several lines of output, and
    /// those that it writes in any other form.</para>
    /// </remarks>
    /// <param name="deploymentId">The deployment.</param>
    /// <param name="values">The values; equal and short ones do no harm.</param>
    /// <returns>Ends the masking of these values when disposed.</returns>
    /// <exception cref="ArgumentException">The list is null, or a value is null or longer than <see cref="MaxLength"/>.</exception>
    IDisposable Add(Guid deploymentId, IReadOnlyCollection<Secret> values);
}
