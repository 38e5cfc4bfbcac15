using AutoStack.Data.Archives;

namespace AutoStack.Data.Cli.Output;

/// <summary>The results of <c>partitions archive</c>, <c>archives</c> and <c>restore</c> as JSON.</summary>
/// <remarks>
/// <code>
/// archive --dry-run  {"enabled":true,"dryRun":true,"partitions":[{"name":"deployment_logs_p20260401","from":"…","until":"…",
///                    "bytes":81920,"archive":null},…]}   archive is the newest one of the partition, or null
/// archive            {"enabled":true,"dryRun":false,"partitions":[{"name":"deployment_logs_p20260401","outcome":"archived","seconds":3.1,
///                    "archive":{…},"error":null},…]}   outcome is archived, alreadyArchived, empty or failed
/// archives           {"verified":true,"archives":[{"name":"…","state":"complete","problem":null,"archive":{…}},…]}
///                    state is complete, incomplete, damaged or unknownFormat; archive is null without a readable manifest
/// archive            {"name":"…","format":"parquet","partition":"…","rows":600000,"bytes":16700000,"plainBytes":127000000,
///                    "sha256":"9f…","createdAt":"…","from":"…","until":"…"}   format is csv.gz or parquet
/// restore            {"table":"restored.logs_april","rows":600000,"leftOut":0,"outcome":"restored"}   or alreadyRestored
/// errors             also missing
/// </code>
/// </remarks>
internal static class ArchiveJson
{
    public static object Of(ArchivePlan plan) => new
    {
        Enabled = plan.IsEnabled,
        DryRun = true,
        Partitions = plan.Partitions.Select(one => new
        {
            one.Partition.Name,
            one.Partition.From,
            one.Partition.Until,
            one.Partition.Bytes,
            one.Archive,
        }),
    };

    public static object Of(ArchiveReport report) => new
    {
        Enabled = report.IsEnabled,
        DryRun = false,
        Partitions = report.Results.Select(result => new
        {
            result.Partition.Name,
            result.Outcome,
            Seconds = Math.Round(report.Durations.GetValueOrDefault(result.Partition.Name).TotalSeconds, 3),
            Archive = Of(result.Archive),
            Error = result.Failure is { } failure ? PruneLines.Describe(failure) : null,
        }),
    };

    public static object Of(IReadOnlyList<ArchiveEntry> entries, bool verified) => new
    {
        Verified = verified,
        Archives = entries.Select(entry => new { entry.Name, entry.State, entry.Problem, Archive = Of(entry.Manifest) }),
    };

    public static object Of(RestoreResult result) => new { result.Table, result.Rows, result.LeftOut, result.Outcome };

    private static object? Of(ArchiveManifest? manifest) => manifest is null ? null : new
    {
        manifest.Name,
        Format = manifest.Format ?? ArchiveFormat.Csv.Name,
        manifest.Partition,
        manifest.Rows,
        manifest.Bytes,
        manifest.PlainBytes,
        manifest.Sha256,
        manifest.CreatedAt,
        manifest.From,
        manifest.Until,
    };
}
