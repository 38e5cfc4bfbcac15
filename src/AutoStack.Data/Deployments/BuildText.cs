using AutoStack.Data.Logs;
using AutoStack.Data.Values;

namespace AutoStack.Data.Deployments;

/// <summary>
/// A text that a build or a push has a say in, on its way into a row: what is secret is masked, and what is too long is cut, since neither
/// may make the step fail.
/// </summary>
internal static class BuildText
{
    private const string Mark = " … (cut)";

    /// <summary>The text as it is stored, at most <paramref name="maxLength"/> characters; null stays null.</summary>
    public static string? Of(LogSecrets secrets, Guid deploymentId, string? text, int maxLength)
    {
        if (text is null)
        {
            return null;
        }

        // Masked before it is cut, so that no half of a secret stays; but of a text of any length only as much is read as can matter.
        var read = maxLength + ILogSecrets.MaxLength;
        var isWhole = text.Length <= read || Text.CountCodePoints(text) <= read;
        var masked = isWhole ? secrets.Mask(deploymentId, Text.Clean(text)) : secrets.MaskBeginning(deploymentId, text, read);
        return isWhole && (masked.Length <= maxLength || Text.CountCodePoints(masked) <= maxLength) ? masked : Text.Cut(masked, maxLength - Mark.Length) + Mark;
    }

    /// <summary>A text that a caller gives, masked; one far too long is refused before it is read.</summary>
    /// <exception cref="ArgumentException">The text is too long, whatever is masked in it.</exception>
    public static string Masked(LogSecrets secrets, Guid deploymentId, string text, int maxLength, string name) =>
        text.Length <= (2 * maxLength) + ILogSecrets.MaxLength
            ? secrets.Mask(deploymentId, Text.Clean(text))
            : throw new ArgumentException($"{name} is {Text.CountCodePoints(text)} characters long; at most {maxLength} can be stored.", name);
}
