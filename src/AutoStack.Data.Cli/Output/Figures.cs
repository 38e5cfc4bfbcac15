using System.Globalization;

namespace AutoStack.Data.Cli.Output;

/// <summary>Numbers and times for people.</summary>
internal static class Figures
{
    /// <summary>For example <c>1 row</c> or <c>12,345 rows</c>.</summary>
    public static string Number(long number, string noun) =>
        string.Create(CultureInfo.InvariantCulture, $"{number:N0} {noun}{(number == 1 ? "" : "s")}");

    /// <summary>For example <c>12,345</c>.</summary>
    public static string Number(double number) => string.Create(CultureInfo.InvariantCulture, $"{number:N0}");

    /// <summary>For example <c>2026-01-31 02:30:01 UTC</c>.</summary>
    public static string Time(DateTimeOffset? time) =>
        time is { } known ? known.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture) : "an unknown time";
}
