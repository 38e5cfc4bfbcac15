using System.Globalization;

namespace AutoStack.Data.Monitoring;

/// <summary>What is wrong with the archiving of WAL, for the doctor and for the status of backups.</summary>
internal static class ArchiveRules
{
    /// <summary>The server archives nothing.</summary>
    public const string Off = "archive-off";

    /// <summary>The last attempt failed.</summary>
    public const string Failing = "archive-failing";

    /// <summary>The findings; none on a standby, whose primary archives.</summary>
    public static IEnumerable<Finding> Of(DatabaseStats stats)
    {
        if (stats is not { Server.IsStandby: false, Replication: { } archive })
        {
            yield break;
        }

        if (archive.ArchiveMode == "off")
        {
            yield return new Finding(Off, Severity.Error, "archive_mode", "The server archives no WAL.")
            {
                Cost = "After the loss of the server, only the last full backup can be restored: everything since is lost.",
                Mend = "Set archive_mode and the archive_command of a backup tool, and restart; where WAL is received, ignore this.",
                Statement = "ALTER SYSTEM SET archive_mode = on",
            };
        }
        else if (archive.IsArchiveFailing)
        {
            var success = archive.LastArchived is { } last
                ? string.Create(CultureInfo.InvariantCulture, $"the last success was at {last:u}") : "it has never succeeded";
            yield return new Finding(Failing, Severity.Error, "archive_command", string.Create(
                CultureInfo.InvariantCulture,
                $"Archiving fails: {archive.ArchiveFailures} failures, the last at {archive.LastArchiveFailure:u}; {success}."))
            {
                Cost = "Nothing since the last success can be restored, and WAL fills the disk until the server stops.",
                Mend = "Read the reason in the server's log, and mend archive_command or its target; archiving then continues by itself.",
            };
        }
    }
}
