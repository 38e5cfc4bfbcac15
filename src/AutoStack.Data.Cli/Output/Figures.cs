using System.Globalization;

namespace AutoStack.Data.Cli.Output;

/// <summary>Numbers, sizes and times for people.</summary>
internal static class Figures
{
    /// <summary>For example <c>1 row</c> or <c>12,345 rows</c>.</summary>
    public static string Number(long number, string noun) =>
        string.Create(CultureInfo.InvariantCulture, $"{number:N0} {noun}{(number == 1 ? "" : "s")}");

    /// <summary>For example <c>12,345</c>.</summary>
    public static string Number(double number) => string.Create(CultureInfo.InvariantCulture, $"{number:N0}");

    /// <summary>For example <c>340 kB</c> or <c>12 MB</c>; <c>unknown</c> for null.</summary>
    public static string Size(long? bytes) => bytes switch
    {
        null => "unknown",
        < 10_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes} B"),
        < 10_000_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1000} kB"),
        < 10_000_000_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1_000_000} MB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1_000_000_000} GB"),
    };

    /// <summary>For example <c>2026-01-31 02:30:01 UTC</c>.</summary>
    public static string Time(DateTimeOffset? time) =>
        time is { } known ? known.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture) : "an unknown time";
}
