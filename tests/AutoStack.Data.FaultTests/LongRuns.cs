using System.Globalization;

namespace AutoStack.Data.FaultTests;

/// <summary>The settings of runs that are started by hand.</summary>
internal static class LongRuns
{
    public static TimeSpan Time { get; } = TimeSpan.FromMinutes(Setting("AUTOSTACK_FAULT_MINUTES", 30));

    public static int Seed { get; } = Setting("AUTOSTACK_FAULT_SEED", Random.Shared.Next());

    private static int Setting(string name, int otherwise) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;
}
