namespace AutoStack.Data.Logs;

/// <summary>
/// The secret values to mask in the log of a deployment. <see cref="IDeploymentLogWriter"/>,
/// <see cref="IPlatformDeploymentLogRepository.AppendAsync"/> and <see cref="IPlatformDeploymentRuntimeLogRepository.AppendAsync"/> write
/// <c>***</c> in place of each value, so that no value reaches the database.
/// </summary>
/// <remarks>Only this process knows the values. They are masked in lines that are written after the call.</remarks>
public interface ILogSecrets
{
    /// <summary>The minimum length of a masked value, in UTF-16 units: shorter values are part of ordinary words.</summary>
    const int MinLength = 6;

    /// <summary>The maximum length of a value, in UTF-16 units.</summary>
    const int MaxLength = 65_536;

    /// <summary>The maximum number of distinct values per deployment, over all registrations.</summary>
    const int MaxValues = 1000;

    /// <summary>The maximum total length of the distinct values of a deployment, in UTF-16 units.</summary>
    const int MaxTotalLength = 131_072;

    /// <summary>Masks values in the lines of a deployment until the result is disposed.</summary>
    /// <remarks>
    /// <para>A value is found as it is, without surrounding white space; each line of a value of several lines; with any of its characters
    /// escaped as in URLs, JSON, C-like languages, shells or HTML, up to four times over; with terminal control sequences, quotes or line
    /// breaks in between; in hexadecimal; and in base64 of UTF-8 or UTF-16, of either alphabet, with line breaks, also in the middle of a
    /// longer text.</para>
    /// <para>Not masked are values and lines shorter than <see cref="MinLength"/>, values that a program splits over several lines of
    /// output, and values in any other form (reversed, compressed, encrypted, base64 of base64, octal with an additional leading
    /// zero).</para>
    /// </remarks>
    /// <param name="deploymentId">The deployment.</param>
    /// <param name="values">The values. Equal values count once; values shorter than <see cref="MinLength"/> do not count.</param>
    /// <returns>A registration; disposing it ends the masking of these values.</returns>
    /// <exception cref="ArgumentException">
    /// The list is null, a value is null or longer than <see cref="MaxLength"/>, or the deployment would have more than
    /// <see cref="MaxValues"/> values or <see cref="MaxTotalLength"/> characters. None of the values is masked then.
    /// </exception>
    IDisposable Add(Guid deploymentId, IReadOnlyCollection<Secret> values);
}
