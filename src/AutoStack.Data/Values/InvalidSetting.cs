using Microsoft.Extensions.Options;

namespace AutoStack.Data.Values;

/// <summary>The error of a setting below <c>AutoStackDataOptions</c>; the message names the setting and never a secret.</summary>
internal static class InvalidSetting
{
    /// <summary>Creates the error.</summary>
    /// <param name="type">The type that holds the setting.</param>
    /// <param name="setting">The path of the setting below <c>AutoStackDataOptions</c>, for example <c>LogWriter.FlushLines</c>.</param>
    /// <param name="problem">The rest of the sentence, without the full stop.</param>
    public static OptionsValidationException Of(Type type, string setting, string problem) =>
        new(type.Name, type, [$"AutoStackDataOptions.{setting} {problem}."]);

    /// <summary>Throws the error when a value is outside its range.</summary>
    public static void Check(Type type, string setting, object? value, bool valid, string range)
    {
        if (!valid)
        {
            throw Of(type, setting, $"is {value}; it is {range}");
        }
    }
}
