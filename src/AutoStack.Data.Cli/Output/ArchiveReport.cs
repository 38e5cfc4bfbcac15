using AutoStack.Data.Archives;
using AutoStack.Data.Partitions;
using Spectre.Console;

namespace AutoStack.Data.Cli.Output;

/// <summary>What <c>partitions archive</c> would do.</summary>
/// <param name="IsEnabled">Whether the database has the feature.</param>
/// <param name="Partitions">The partitions, and an archive that the folder has of each; null for none.</param>
internal sealed record ArchivePlan(bool IsEnabled, IReadOnlyList<(LogPartition Partition, string? Archive)> Partitions);

/// <summary>What <c>partitions archive</c> has done.</summary>
/// <param name="IsEnabled">Whether the database has the feature.</param>
/// <param name="Results">The partitions.</param>
/// <param name="Durations">The duration of each partition.</param>
internal sealed record ArchiveReport(
    bool IsEnabled, IReadOnlyList<ArchiveResult> Results, IReadOnlyDictionary<string, TimeSpan> Durations);

/// <summary>The progress of archives on standard error.</summary>
internal sealed class ArchiveProgressLine(IAnsiConsole error) : IProgress<ArchiveProgress>
{
    private readonly WorkProgress copying = new(error, "archiving", "rows archived");
    private readonly WorkProgress verifying = new(error, "comparing the archive", "rows compared");
    private readonly WorkProgress restoring = new(error, "restoring", "rows restored");

    public void Report(ArchiveProgress value) =>
        Of(value.Step).Report(value.Partition, value.Rows, value.Total);

    public void Close()
    {
        copying.Close();
        verifying.Close();
        restoring.Close();
    }

    private WorkProgress Of(ArchiveStep step) => step switch
    {
        ArchiveStep.Copying => copying,
        ArchiveStep.Verifying => verifying,
        _ => restoring,
    };
}
