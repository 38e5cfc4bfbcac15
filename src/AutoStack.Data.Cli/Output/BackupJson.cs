using AutoStack.Data.Cli.Backups;

namespace AutoStack.Data.Cli.Output;

/// <summary>The results of <c>backup</c> as JSON.</summary>
/// <remarks>
/// <code>
/// backup status    {"stanza":"autostack","at":"…","newest":{"label":"20261129-184825F","type":"full","stop":"…","ageSeconds":41,
///                  "seconds":3,"bytes":22992530,"repositoryBytes":4522491,"hasErrors":false},"backups":1,"oldest":"…",
///                  "wal":{"first":"…","last":"…","segments":3,"gaps":[{"first":"…","last":"…","count":1,"backup":null}]},
///                  "archiver":{"mode":"on","standby":false,"archived":4,"lastAgeSeconds":40.1,"failed":0,"failing":false,"waiting":0,
///                  "waitingAgeSeconds":null},"rehearsed":{"label":"…","at":"…","ageSeconds":12},"findings":[…]}
///                  newest, wal, archiver and rehearsed are null when there is none; waiting is null when the role may not see it
/// backup mark      {"backup":"…","database":"autostack","at":"…","position":"0/3000148","rows":{"users":2,…},"notCounted":{},
///                  "segmentEnded":true}
/// backup rehearse  {"backup":"…","target":"…","steps":[{"name":"restore","durationMs":3700.1,"result":"…"},…],
///                  "rows":[{"table":"users","recorded":2,"restored":2},…],"recorded":true,"findings":[…]}
///                  recorded of a table is null when its rows were not counted; recorded is false when the rehearsal found errors
/// </code>
/// </remarks>
internal static class BackupJson
{
    public static object Of(BackupStatus status) => new
    {
        Stanza = status.Stanza.Name,
        status.At,
        Newest = status.Newest is not { } newest ? null : new
        {
            newest.Label,
            newest.Type,
            newest.Stop,
            AgeSeconds = (long)(status.At - newest.Stop).TotalSeconds,
            Seconds = (long)(newest.Stop - newest.Start).TotalSeconds,
            Bytes = newest.Size,
            RepositoryBytes = newest.RepositorySize,
            newest.HasErrors,
        },
        Backups = status.Stanza.Backups.Count,
        Oldest = status.Stanza.Backups is [var oldest, ..] ? oldest.Stop : (DateTimeOffset?)null,
        Wal = status.Wal is not { } wal ? null : new
        {
            wal.First,
            wal.Last,
            Segments = wal.Count,
            Gaps = wal.Gaps.Select(gap => new { gap.First, gap.Last, gap.Count, gap.Backup }),
        },
        Archiver = status.Server is not { Replication: { } archive } server ? null : new
        {
            Mode = archive.ArchiveMode,
            Standby = server.Server.IsStandby,
            archive.Archived,
            LastAgeSeconds = (server.At - archive.LastArchived)?.TotalSeconds,
            Failed = archive.ArchiveFailures,
            Failing = archive.IsArchiveFailing,
            Waiting = archive.ArchiveWaiting,
            WaitingAgeSeconds = archive.ArchiveWaitingSeconds,
        },
        Rehearsed = status.Rehearsed is not { } rehearsed ? null : new
        {
            rehearsed.Label,
            At = rehearsed.Rehearsed,
            AgeSeconds = (long)(status.At - rehearsed.Rehearsed!.Value).TotalSeconds,
        },
        Findings = FindingJson.Of(status.Findings),
    };

    public static object Of(Backup backup, RowMark mark, bool isArchived) => new
    {
        Backup = backup.Label,
        mark.Database,
        mark.At,
        mark.Position,
        mark.Rows,
        mark.NotCounted,
        SegmentEnded = isArchived,
    };

    public static object Of(RehearsalReport report) => new
    {
        Backup = report.Target.Backup.Label,
        Target = report.Target.Text,
        Steps = report.Steps.Select(step => new
        {
            step.Name,
            DurationMs = Math.Round(step.Duration.TotalMilliseconds, 1),
            step.Result,
        }),
        report.Rows,
        Recorded = report.IsRecorded,
        Findings = FindingJson.Of(report.Findings),
    };
}
