using System.Runtime.CompilerServices;
using AutoStack.Data.Values;

namespace AutoStack.Data.Monitoring;

/// <summary>What an examination compares the database with.</summary>
public sealed class DoctorOptions
{
    /// <summary>The most processes that share the server's connections: 10,000.</summary>
    public const int MaxInstances = 10_000;

    /// <summary>The largest pool of a process: 10,000.</summary>
    public const int MaxPoolSize = 10_000;

    /// <summary>The processes that each have a pool, 1 to <see cref="MaxInstances"/>. Default 1.</summary>
    public int Instances { get; init; } = 1;

    /// <summary>
    /// The connections of a pool, 1 to <see cref="MaxPoolSize"/>. Default 60, that of <see cref="AutoStackDataOptions.MaxPoolSize"/>.
    /// </summary>
    public int PoolSize { get; init; } = 60;

    /// <summary>
    /// The age from which a transaction, prepared or not, is reported: above zero, up to a day. Default 15 minutes.
    /// </summary>
    public TimeSpan LongTransaction { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>The lag from which a standby is reported: above zero, up to a day. Default 30 seconds.</summary>
    public TimeSpan ReplicaLag { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The rules that are left out, for example <c>archive-off</c>; empty for none.</summary>
    public IReadOnlyCollection<string> IgnoredRules { get; init; } = [];

    /// <summary>Throws for a value of the argument <paramref name="options"/> that is out of its range.</summary>
    internal static void Check(DoctorOptions options)
    {
        ThrowUnlessBetween(options.Instances, MaxInstances);
        ThrowUnlessBetween(options.PoolSize, MaxPoolSize);
        ThrowUnlessDay(options.LongTransaction);
        ThrowUnlessDay(options.ReplicaLag);
        ArgumentNullException.ThrowIfNull(options.IgnoredRules);
        if (options.IgnoredRules.FirstOrDefault(rule => !DoctorRules.Ids.Contains(rule)) is not null)
        {
            throw InvalidArgument.Of("options.IgnoredRules", $"has an unknown rule; the rules are {string.Join(", ", DoctorRules.Ids)}");
        }

        if (options.IgnoredRules.Contains(null!))
        {
            throw InvalidArgument.Of("options.IgnoredRules", "contains null");
        }
    }

    private static void ThrowUnlessBetween(int value, int most, [CallerArgumentExpression(nameof(value))] string name = "")
    {
        if (value < 1 || value > most)
        {
            throw InvalidArgument.Of(name, value, $"is between 1 and {most}");
        }
    }

    private static void ThrowUnlessDay(TimeSpan value, [CallerArgumentExpression(nameof(value))] string name = "")
    {
        if (value <= TimeSpan.Zero || value > TimeSpan.FromDays(1))
        {
            throw InvalidArgument.Of(name, value, "is above zero, up to a day");
        }
    }
}
