using AutoStack.Data.Internal;

namespace AutoStack.Data.Deployments;

/// <summary>
/// A text that a build or a push has a say in, on its way into a row: what is secret is masked, and what is too long is cut, since neither may make the
/// step fail.
/// </summary>
internal static class BuildText
{
    private const string Mark = " … (cut)";

    /// <summary>The text as it is stored, at most <paramref name="maxLength"/> characters; null stays null.</summary>
    public static string? Of(Context context, Guid deploymentId, string? text, int maxLength)
    {
        if (text is null)
        {
            return null;
        }

        // Masked before it is cut, so that no half of a secret stays.
        var masked = context.LogSecrets.Mask(deploymentId, Text.Clean(text));
        return masked.Length <= maxLength || Text.CountCodePoints(masked) <= maxLength ? masked : Text.Cut(masked, maxLength - Mark.Length) + Mark;
    }
}
