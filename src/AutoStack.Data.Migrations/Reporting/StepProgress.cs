namespace AutoStack.Data.Migrations;

/// <summary>
/// How far a running script is, as the server reports it; sent every <see cref="SchemaMigratorOptions.ProgressInterval"/> while the server
/// reports something.
/// </summary>
/// <param name="FileName">The file of the script.</param>
/// <param name="Elapsed">How long the script has been running.</param>
/// <param name="Activity">What the server does now, in words: <c>building index deployment_logs_seq_key: scanning table</c>.</param>
public sealed record StepProgress(string FileName, TimeSpan Elapsed, string Activity) : MigrationEvent
{
    /// <summary>How much of the activity is done, in <see cref="Unit"/>; null when the server does not report it.</summary>
    public long? Done { get; init; }

    /// <summary>How much there is to do, in <see cref="Unit"/>; an estimate where the unit is rows; null when it is not known.</summary>
    public long? Total { get; init; }

    /// <summary><c>blocks</c>, <c>rows</c>, <c>tuples</c>, <c>constraints</c>, …; null without <see cref="Done"/>.</summary>
    public string? Unit { get; init; }

    /// <summary>How much is done per second, since the activity was first seen; null at its first sight.</summary>
    public double? PerSecond { get; init; }

    /// <summary>The part that is done, from 0 to 1; null when it is not known.</summary>
    public double? Share => Total > 0 && Done is { } done ? Math.Clamp((double)done / Total.Value, 0, 1) : null;

    /// <summary>The time left at the present rate; null when it is not known.</summary>
    public TimeSpan? Left => PerSecond > 0 && Total is { } total && Done is { } done && total >= done
        ? TimeSpan.FromSeconds(Math.Min((total - done) / PerSecond.Value, TimeSpan.FromDays(999).TotalSeconds)) : null;
}
