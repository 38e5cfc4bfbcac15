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

    internal void Validate()
    {
        ThrowUnlessBetween(Instances, MaxInstances, nameof(Instances));
        ThrowUnlessBetween(PoolSize, MaxPoolSize, nameof(PoolSize));
        ThrowUnlessDay(LongTransaction, nameof(LongTransaction));
        ThrowUnlessDay(ReplicaLag, nameof(ReplicaLag));
        ArgumentNullException.ThrowIfNull(IgnoredRules, nameof(IgnoredRules));
        if (IgnoredRules.FirstOrDefault(rule => !DoctorRules.Ids.Contains(rule)) is not null)
        {
            throw new ArgumentException(
                $"{nameof(IgnoredRules)} has an unknown rule; the rules are {string.Join(", ", DoctorRules.Ids)}.", nameof(IgnoredRules));
        }

        if (IgnoredRules.Contains(null!))
        {
            throw new ArgumentException($"{nameof(IgnoredRules)} contains null.", nameof(IgnoredRules));
        }
    }

    private static void ThrowUnlessBetween(int value, int most, string name)
    {
        if (value < 1 || value > most)
        {
            throw new ArgumentOutOfRangeException(name, value, $"{name} is between 1 and {most}.");
        }
    }

    private static void ThrowUnlessDay(TimeSpan value, string name)
    {
        if (value <= TimeSpan.Zero || value > TimeSpan.FromDays(1))
        {
            throw new ArgumentOutOfRangeException(name, value, $"{name} is above zero, up to a day.");
        }
    }
}
