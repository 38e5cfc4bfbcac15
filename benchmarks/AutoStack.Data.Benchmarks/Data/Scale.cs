namespace AutoStack.Data.Benchmarks.Data;

/// <summary>How many rows the questions are asked on.</summary>
/// <param name="Name">What <c>--scale</c> takes.</param>
/// <param name="Deployments">Deployments; a hundredth as many users, five projects each. The first user has a twentieth of them.</param>
/// <param name="LogLines">Lines in all logs together.</param>
/// <param name="GiantLog">Lines of the longest log, which are among them.</param>
internal sealed record Scale(string Name, int Deployments, int LogLines, int GiantLog)
{
    /// <summary>Lines of every other log.</summary>
    public const int OrdinaryLog = 100;

    /// <summary>Filled within a minute.</summary>
    public static Scale Small { get; } = new("small", 20_000, 300_000, 200_000);

    /// <summary>What the targets are meant for.</summary>
    public static Scale Full { get; } = new("full", 1_000_000, 10_000_000, 200_000);

    public static IReadOnlyList<Scale> Named { get; } = [Small, Full];

    public int Users => Deployments / 100;

    /// <summary>The newest deployments, which have an ordinary log and their stages.</summary>
    public int WithLog => (LogLines - GiantLog) / OrdinaryLog;

    /// <summary>The newest deployments, which have a container and its health checks, if they went well.</summary>
    public int WithContainer => Deployments / 50;
}
