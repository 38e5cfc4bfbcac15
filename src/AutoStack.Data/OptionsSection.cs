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
        catch (InvalidOperationException exception) when (FindUnread(section, exception) is var (place, type))
        {
            // Without the exception of the binder, whose message has the value.
            var form = place.StartsWith($"{section.Path}:{nameof(AutoStackDataOptions.SecretKeys)}", StringComparison.OrdinalIgnoreCase)
                ? $" Each of {nameof(AutoStackDataOptions.SecretKeys)} has {nameof(SecretKey.Id)} and {nameof(SecretKey.Secret)}."
                : "";
            throw new InvalidOperationException($"The setting {place} is no {type}.{form}");
        }
    }

    // The place of the value that a message of the binder shows, and the type that it does not have; null when no message shows a value.
    private static (string Place, string Type)? FindUnread(IConfigurationSection section, Exception? exception)
    {
        for (; exception is not null; exception = exception.InnerException)
        {
            var message = exception.Message;
            var shown = section.AsEnumerable()
                .Where(setting => !string.IsNullOrEmpty(setting.Value) && message.Contains($"'{setting.Value}'", StringComparison.Ordinal))
                .OrderByDescending(setting => message.Contains($"at '{setting.Key}'", StringComparison.OrdinalIgnoreCase))
                .Select(setting => setting.Key)
                .FirstOrDefault();
            if (shown is not null)
            {
                return (shown, TypeIn(message));
            }
        }

        return null;
    }

    private static string TypeIn(string message) => message.LastIndexOf(BeforeType, StringComparison.Ordinal) is >= 0 and var at
        ? message[(at + BeforeType.Length)..].TrimEnd('.', '\'')
        : "value of this option";
}
