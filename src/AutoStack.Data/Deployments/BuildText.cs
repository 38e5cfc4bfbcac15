using AutoStack.Data.Logs;
using AutoStack.Data.Values;

namespace AutoStack.Data.Deployments;

/// <summary>
/// A text that a build or a push influences: secrets in it are masked, and a text of a build that is too long is cut, since neither may
/// fail the step.
/// </summary>
internal static class BuildText
{
    private const string Mark = " … (cut)";

    /// <summary>The text to store, masked and cut to <paramref name="maxLength"/> characters; null stays null.</summary>
    public static string? Of(LogSecrets secrets, Guid deploymentId, string? text, int maxLength)
    {
        if (text is null)
        {
            return null;
        }

        // Masking comes before cutting, so that no part of a secret remains; of a huge text only the beginning that can matter is read.
        var read = maxLength + ILogSecrets.MaxLength;
        var isWhole = text.Length <= read || Text.CountCodePoints(text) <= read;
        var masked = isWhole ? secrets.Mask(deploymentId, Text.Clean(text)) : secrets.MaskBeginning(deploymentId, text, read);
        return isWhole && (masked.Length <= maxLength || Text.CountCodePoints(masked) <= maxLength)
            ? masked
            : Text.Cut(masked, maxLength - Mark.Length) + Mark;
    }

    /// <summary>The text of a caller, masked. A text that is far too long is refused before it is searched for secrets.</summary>
    /// <exception cref="ArgumentException">The text is too long even if all its secrets are masked.</exception>
    public static string Masked(LogSecrets secrets, Guid deploymentId, string text, int maxLength, string name) =>
        text.Length <= (2 * maxLength) + ILogSecrets.MaxLength
            ? secrets.Mask(deploymentId, Text.Clean(text))
            : throw new ArgumentException(
                $"{name} is {Text.CountCodePoints(text)} characters long; at most {maxLength} can be stored.", name);
}
