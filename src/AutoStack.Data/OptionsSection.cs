using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Configuration;

namespace AutoStack.Data;

/// <summary>Reads the options from a section of the configuration. The error of a value names its place, and does not show it.</summary>
internal static class OptionsSection
{
    private const string BeforeType = " to type '";

    /// <summary>Sets what the section has.</summary>
    /// <exception cref="InvalidOperationException">A setting is not an option, or has a value that the option cannot have.</exception>
    [RequiresDynamicCode("The configuration is bound by reflection.")]
    [RequiresUnreferencedCode("The configuration is bound by reflection.")]
    public static void Bind(IConfigurationSection section, AutoStackDataOptions options)
    {
        try
        {
            section.Bind(options, binder => binder.ErrorOnUnknownConfiguration = true);
        }
        catch (InvalidOperationException exception) when (FindPlace(section, exception.Message) is { } place)
        {
            // Without the exception of the binder, whose message has the value.
            var form = place.StartsWith($"{section.Path}:{nameof(AutoStackDataOptions.SecretKeys)}", StringComparison.OrdinalIgnoreCase)
                ? $" Each of {nameof(AutoStackDataOptions.SecretKeys)} has {nameof(SecretKey.Id)} and {nameof(SecretKey.Secret)}."
                : "";
            throw new InvalidOperationException($"The setting {place} is no {TypeIn(exception.Message)}.{form}");
        }
    }

    // Null for a message without a value.
    private static string? FindPlace(IConfigurationSection section, string message) => section.AsEnumerable()
        .Where(setting => !string.IsNullOrEmpty(setting.Value) && message.Contains($"'{setting.Value}'", StringComparison.Ordinal))
        .OrderByDescending(setting => message.Contains($"at '{setting.Key}'", StringComparison.OrdinalIgnoreCase))
        .Select(setting => setting.Key)
        .FirstOrDefault();

    private static string TypeIn(string message) => message.LastIndexOf(BeforeType, StringComparison.Ordinal) is >= 0 and var at
        ? message[(at + BeforeType.Length)..].TrimEnd('.', '\'')
        : "value of this option";
}
