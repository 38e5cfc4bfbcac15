using System.Globalization;
using System.Runtime.InteropServices;
using AutoStack.Data.Benchmarks.Data;

namespace AutoStack.Data.Benchmarks.Reporting;

/// <summary>What a result depends on: the machine, how busy it is with other things, the versions, the scale.</summary>
internal sealed record Conditions(string Machine, string Versions, string Run)
{
    /// <summary>The conditions of a run that is about to start.</summary>
    public static Conditions Of(BenchmarkDatabase database, Arguments arguments)
    {
        var scale = arguments.Scale;
        return Of(database.Server, string.Create(
                CultureInfo.InvariantCulture,
                $"scale {scale.Name}: {scale.Deployments:N0} deployments, {scale.LogLines:N0} log lines, the longest log "
                    + $"{scale.GiantLog:N0}; ")
            + (arguments.Quick ? "subjects in turn (--quick)" : "BenchmarkDotNet"));
    }

    /// <summary>The conditions of a comparison of few log lines with many.</summary>
    public static Conditions Of(string serverVersion, LogVolumePlan plan) => Of($"PostgreSQL {serverVersion}", string.Create(
        CultureInfo.InvariantCulture,
        $"scale huge: {plan.Few:N0} and {plan.Many:N0} log lines in monthly partitions, the longest log {plan.Longest:N0}; in turn"));

    private static Conditions Of(string server, string run) => new(
        $"{Environment.ProcessorCount} cores, {RuntimeInformation.ProcessArchitecture}, {RuntimeInformation.OSDescription}{Load()}",
        $"{RuntimeInformation.FrameworkDescription}, {server} on the same machine, commits durable",
        run);

    private static string Load() =>
        File.Exists("/proc/loadavg") ? $", load average {File.ReadAllText("/proc/loadavg").Split(' ')[0]} at the start" : "";
}
