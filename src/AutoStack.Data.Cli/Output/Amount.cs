using System.Globalization;

namespace AutoStack.Data.Cli.Output;

/// <summary>Sizes, counts, shares and ages in the fewest characters that people can compare.</summary>
internal static class Amount
{
    private const string Nothing = "–";

    /// <summary>A size with three digits: <c>123 kB</c>, <c>1.23 GB</c>; 1 kB is 1,024 bytes.</summary>
    public static string Bytes(long? bytes)
    {
        if (bytes is not { } number)
        {
            return Nothing;
        }

        var (value, unit) = (Math.Abs((double)number), 0);
        while (value >= 1_000 && unit < Sizes.Length - 1)
        {
            (value, unit) = (value / 1_024, unit + 1);
        }

        return $"{(number < 0 ? "-" : "")}{Digits(value, unit > 0)} {Sizes[unit]}";
    }

    private static string[] Sizes { get; } = ["B", "kB", "MB", "GB", "TB", "PB"];

    /// <summary>A number with a separator between thousands.</summary>
    public static string Count(long? number) => number?.ToString("#,##0", CultureInfo.InvariantCulture) ?? Nothing;

    /// <summary>Growth with its sign.</summary>
    public static string Growth(long? bytes) => bytes is > 0 ? "+" + Bytes(bytes) : bytes is 0 ? "0" : Bytes(bytes);

    /// <summary>A share in percent.</summary>
    public static string Percent(double? share) =>
        share is { } known ? (known * 100).ToString("0.0", CultureInfo.InvariantCulture) + " %" : Nothing;

    /// <inheritdoc cref="Age"/>
    public static string Seconds(double? seconds) =>
        seconds is { } known ? Age(TimeSpan.FromSeconds(Math.Clamp(known, 0, TimeSpan.MaxValue.TotalSeconds / 2))) : Nothing;

    /// <summary>An age or duration in its largest unit that is not zero, and the next unless it is zero: <c>3 d 4 h</c>.</summary>
    public static string Age(TimeSpan time) => time switch
    {
        { TotalSeconds: < 10 } => Math.Max(0, time.TotalSeconds).ToString("0.0", CultureInfo.InvariantCulture) + " s",
        { TotalMinutes: < 1 } => FormattableString.Invariant($"{time.Seconds} s"),
        { TotalHours: < 1 } => Units(time.Minutes, "min", time.Seconds, "s"),
        { TotalDays: < 1 } => Units(time.Hours, "h", time.Minutes, "min"),
        _ => Units((int)time.TotalDays, "d", time.Hours, "h"),
    };

    /// <summary>How long ago a time was; <c>never</c> for none.</summary>
    public static string Ago(DateTimeOffset? then, DateTimeOffset now) => then is { } known ? Age(now - known) : "never";

    /// <summary>Milliseconds with three digits.</summary>
    public static string Milliseconds(double milliseconds) => milliseconds switch
    {
        < 1_000 => Digits(milliseconds, true) + " ms",
        < 60_000 => Digits(milliseconds / 1_000, true) + " s",
        _ => Seconds(milliseconds / 1_000),
    };

    /// <summary>A rate per second.</summary>
    public static string Rate(long? number, double seconds) =>
        number is { } known && seconds > 0 ? Digits(known / seconds, true) + "/s" : Nothing;

    private static string Units(int larger, string unit, int smaller, string nextUnit) => smaller == 0
        ? FormattableString.Invariant($"{larger} {unit}") : FormattableString.Invariant($"{larger} {unit} {smaller} {nextUnit}");

    private static string Digits(double value, bool fractions) => value.ToString(
        !fractions || value >= 100 ? "#,##0" : value >= 10 ? "0.0" : "0.00", CultureInfo.InvariantCulture);
}
