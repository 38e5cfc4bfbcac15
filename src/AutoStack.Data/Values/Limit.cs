using System.Runtime.CompilerServices;

namespace AutoStack.Data.Values;

/// <summary>The bounds of lists and of answers.</summary>
internal static class Limit
{
    /// <summary>The size of the values before the last one of an answer, in bytes, as SQL: 4 MiB.</summary>
    internal const string AnswerBytes = "4194304";

    /// <summary>A parameter for the bound, which is checked first.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Below 1 or above <paramref name="max"/>.</exception>
    public static int Check(int value, int max, [CallerArgumentExpression(nameof(value))] string name = "") =>
        value >= 1 && value <= max
            ? value
            : throw new ArgumentOutOfRangeException(name, value, $"{name} is between 1 and {max}.");
}
