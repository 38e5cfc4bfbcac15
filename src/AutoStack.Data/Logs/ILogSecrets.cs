namespace AutoStack.Data.Logs;

/// <summary>
/// The values that must not stand in the log of a deployment. <see cref="IDeploymentLogWriter"/>,
/// <see cref="IPlatformDeploymentLogRepository.AppendAsync"/> and <see cref="IPlatformDeploymentRuntimeLogRepository.AppendAsync"/> write
/// <c>***</c> in their place, so that they never reach the database.
/// </summary>
/// <remarks>The values are known to this process only, and masked in lines from the call on.</remarks>
public interface ILogSecrets
{
    /// <summary>The shortest value that is masked, in UTF-16 units: shorter ones are part of ordinary words.</summary>
    const int MinLength = 6;

    /// <summary>The maximum length of a value, in UTF-16 units.</summary>
    const int MaxLength = 65_536;

    /// <summary>The maximum number of different values per deployment, over all registrations.</summary>
    const int MaxValues = 1000;

    /// <summary>The maximum length of all different values of a deployment together, in UTF-16 units.</summary>
    const int MaxTotalLength = 131_072;

    /// <summary>Masks values in the lines of a deployment until the result is disposed.</summary>
    /// <remarks>
    /// <para>A value is found as it is, without the white space around it; each line of a value that has several; with any of its
    /// characters escaped as in URLs, JSON, C-like languages, shells or HTML, up to four times over; with terminal control sequences,
    /// quotes or line breaks in between; in hexadecimal; and in base64 of UTF-8 or UTF-16, of either alphabet, with line breaks, also in
    /// the middle of something longer.</para>
    /// <para>Not masked are values and lines shorter than <see cref="MinLength"/>, values that a program breaks over several lines of
    /// output, and those that it writes in any other form (reversed, compressed, encrypted, base64 of base64, octal with a further zero in
    /// front).</para>
    /// </remarks>
    /// <param name="deploymentId">The deployment.</param>
    /// <param name="values">The values. Equal values count once, values that are too short to be masked do not count.</param>
    /// <returns>Ends the masking of these values when disposed.</returns>
    /// <exception cref="ArgumentException"> The list is null, a value is null or longer than <see cref="MaxLength"/>, or the deployment
    /// would have more than <see cref="MaxValues"/> values or <see cref="MaxTotalLength"/> characters. None of the values is masked then.
    /// </exception>
    IDisposable Add(Guid deploymentId, IReadOnlyCollection<Secret> values);
}
