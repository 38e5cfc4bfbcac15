using System.Globalization;

namespace AutoStack.Data.Cli.Backups;

/// <summary>How far a backup is recovered.</summary>
/// <param name="Backup">The backup that is restored.</param>
/// <param name="Text">The target, for people.</param>
/// <param name="Options">The options of <c>pgbackrest restore</c>.</param>
/// <param name="IsMark">Whether it is the moment at which the rows of the backup were counted.</param>
internal sealed record RecoveryTarget(Backup Backup, string Text, IReadOnlyList<string> Options, bool IsMark)
{
    /// <summary>Everything in the archive.</summary>
    public static RecoveryTarget Latest(Backup backup) => Of(backup, "the end of the archive", [], isMark: false);

    /// <summary>The moment at which the rows were counted.</summary>
    public static RecoveryTarget Mark(Backup backup, RowMark mark) => Of(
        backup,
        $"position {mark.Position}, where its rows were counted",
        ["--type=lsn", $"--target={mark.Position}", "--target-exclusive", "--target-action=promote"],
        isMark: true);

    /// <summary>A point in time.</summary>
    public static RecoveryTarget Time(Backup backup, DateTimeOffset time)
    {
        var text = time.ToString("yyyy-MM-dd HH:mm:ss.ffffffzzz", CultureInfo.InvariantCulture);
        return Of(backup, text, ["--type=time", $"--target={text}", "--target-action=promote"], isMark: false);
    }

    /// <summary>Chooses the backup and the target that the options ask for.</summary>
    /// <exception cref="CliException">The repository has no such backup.</exception>
    public static RecoveryTarget Choose(Stanza stanza, string? label, DateTimeOffset? time, bool latest)
    {
        var backup = label is not null ? stanza.Backups.FirstOrDefault(b => b.Label == label)
                ?? throw Failure.Usage($"--set: the stanza {stanza.Name} has no backup {label}.")
            : time is not null ? stanza.Backups.LastOrDefault(b => b.Stop <= time)
                ?? throw Failure.Usage("--time: no backup ended before this time.")
            : stanza.Newest
                ?? throw PgBackRest.Failed($"The stanza {stanza.Name} has no backup: {stanza.Message}.");
        if (backup.Stop > time)
        {
            throw Failure.Usage($"--time: the backup {backup.Label} ended after this time.");
        }

        return time is { } moment ? Time(backup, moment)
            : !latest && RowMark.Of(backup) is { } mark ? Mark(backup, mark)
            : Latest(backup);
    }

    private static RecoveryTarget Of(Backup backup, string text, IEnumerable<string> options, bool isMark) =>
        new(backup, text, [$"--set={backup.Label}", .. options], isMark);
}
