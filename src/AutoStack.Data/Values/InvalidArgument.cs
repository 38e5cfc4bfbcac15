namespace AutoStack.Data.Values;

/// <summary>
/// The error of an argument, or of a member of one. Clients of a service read its name: it is that of the parameter, or the path of the
/// member from it on, for example <c>deployment.Branch</c>, and the message begins with the name.
/// </summary>
internal static class InvalidArgument
{
    /// <summary>Creates the error.</summary>
    /// <param name="name">The name.</param>
    /// <param name="problem">The rest of the sentence, without the full stop.</param>
    public static ArgumentException Of(string name, string problem) => new($"{name} {problem}.", name);

    /// <summary>Creates the error of a value outside its range.</summary>
    /// <param name="name">The name.</param>
    /// <param name="value">The value.</param>
    /// <param name="range">The range, as the rest of the sentence, without the full stop.</param>
    public static ArgumentOutOfRangeException Of(string name, object? value, string range) => new(name, value, $"{name} {range}.");
}
