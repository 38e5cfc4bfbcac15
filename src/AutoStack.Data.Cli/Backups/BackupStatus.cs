using AutoStack.Data.Migrations;
using AutoStack.Data.Monitoring;

namespace AutoStack.Data.Cli.Backups;

/// <summary>The backups of a stanza, and what is wrong with them.</summary>
/// <param name="Stanza">The backups.</param>
/// <param name="Wal">The write-ahead log that the newest backup's archive has; null when there is none.</param>
/// <param name="Server">What the server says of its archiver; null when it was not asked, or does not answer.</param>
/// <param name="At">When the status was read.</param>
/// <param name="Findings">What is wrong.</param>
internal sealed record BackupStatus(
    Stanza Stanza, WalRange? Wal, DatabaseStats? Server, DateTimeOffset At, IReadOnlyList<Finding> Findings)
{
    /// <inheritdoc cref="Stanza.Newest"/>
    public Backup? Newest => Stanza.Newest;

    /// <summary>The backup that was rehearsed last; null when none was.</summary>
    public Backup? Rehearsed => Stanza.Backups.Where(backup => backup.Rehearsed is not null).MaxBy(backup => backup.Rehearsed);

    /// <summary>Reads the repository and, if given, asks the server.</summary>
    /// <param name="pgBackRest">The program that keeps the backups.</param>
    /// <param name="measure">Asks the server about its archiver; null to ask none.</param>
    /// <param name="limits">What is still fine.</param>
    /// <param name="cancellationToken">Cancels the reading.</param>
    public static async Task<BackupStatus> ReadAsync(
        PgBackRest pgBackRest, Func<Task<DatabaseStats>>? measure, BackupLimits limits, CancellationToken cancellationToken)
    {
        var stanza = await pgBackRest.ReadAsync(cancellationToken).ConfigureAwait(false);
        if (stanza.Repositories.Count > 1 && !pgBackRest.Options.Any(o => o.StartsWith("--repo=", StringComparison.Ordinal)))
        {
            throw Failure.Usage(
                $"The stanza {stanza.Name} has the repositories {string.Join(", ", stanza.Repositories)}: choose one with --repo.");
        }

        WalRange? wal = null;
        if (stanza.Newest is { } newest && stanza.ArchiveOf(newest) is { } archive)
        {
            var files = await pgBackRest.ListArchiveAsync(archive.Id, cancellationToken).ConfigureAwait(false);
            wal = WalRange.Of(files, [.. stanza.Backups.Where(backup => backup.Database == newest.Database)]);
        }

        var (server, silence) = measure is null ? (null, null) : await AskAsync(measure).ConfigureAwait(false);
        var status = new BackupStatus(stanza, wal, server, DateTimeOffset.UtcNow, []);
        return status with { Findings = [.. BackupRules.Of(status, silence, limits)] };
    }

    // A server that is down is no reason to say nothing about its backups: they are what is needed then.
    private static async Task<(DatabaseStats? Server, string? Silence)> AskAsync(Func<Task<DatabaseStats>> measure)
    {
        try
        {
            var stats = await measure().ConfigureAwait(false);
            return stats.Replication is null ? (null, stats.NotVisible[0].Why) : (stats, null);
        }
        catch (Exception exception) when (exception is MigrationException or AutoStackDataException)
        {
            return (null, exception.Message);
        }
    }
}

/// <summary>Up to what age a backup, a rehearsal and a segment that waits for the archive are fine.</summary>
internal sealed record BackupLimits(TimeSpan Backup, TimeSpan Rehearsal, TimeSpan Archive)
{
    /// <summary>Those of daily backups and weekly rehearsals.</summary>
    public static BackupLimits Usual { get; } = new(TimeSpan.FromHours(26), TimeSpan.FromDays(8), TimeSpan.FromMinutes(10));
}
