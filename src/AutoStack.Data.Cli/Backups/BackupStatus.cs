using AutoStack.Data.Migrations;
using AutoStack.Data.Migrations.Internal;
using AutoStack.Data.Monitoring;
using Npgsql;

namespace AutoStack.Data.Cli.Backups;

/// <summary>The backups of a stanza, and what is wrong with them.</summary>
/// <param name="Stanza">The backups.</param>
/// <param name="Wal">The write-ahead log that the newest backup's archive has; null when there is none.</param>
/// <param name="Archiver">What the server says; null when it was not asked, or does not answer.</param>
/// <param name="At">When the status was read.</param>
/// <param name="Findings">What is wrong.</param>
internal sealed record BackupStatus(
    Stanza Stanza, WalRange? Wal, Archiver? Archiver, DateTimeOffset At, IReadOnlyList<Finding> Findings)
{
    /// <inheritdoc cref="Stanza.Newest"/>
    public Backup? Newest => Stanza.Newest;

    /// <summary>The backup that was rehearsed last; null when none was.</summary>
    public Backup? Rehearsed => Stanza.Backups.Where(backup => backup.Rehearsed is not null).MaxBy(backup => backup.Rehearsed);

    /// <summary>Reads the repository and, if given, asks the server.</summary>
    /// <param name="pgBackRest">The program that keeps the backups.</param>
    /// <param name="server">The server whose archiver is asked; null to ask none.</param>
    /// <param name="limits">What is still fine.</param>
    /// <param name="cancellationToken">Cancels the reading.</param>
    public static async Task<BackupStatus> ReadAsync(
        PgBackRest pgBackRest, MigrationServer? server, BackupLimits limits, CancellationToken cancellationToken)
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

        var (archiver, silence) = server is null ? (null, null) : await AskAsync(server, cancellationToken).ConfigureAwait(false);
        var status = new BackupStatus(stanza, wal, archiver, DateTimeOffset.UtcNow, []);
        return status with { Findings = [.. BackupRules.Of(status, silence, limits)] };
    }

    // A server that is down is no reason to say nothing about its backups: they are what is needed then.
    private static async Task<(Archiver? Archiver, string? Silence)> AskAsync(MigrationServer server, CancellationToken cancellationToken)
    {
        try
        {
            var connection = await server.ConnectAsync(TimeSpan.Zero, null, cancellationToken).ConfigureAwait(false);
            await using var closing = connection.ConfigureAwait(false);
            return (await Archiver.ReadAsync(connection, cancellationToken).ConfigureAwait(false), null);
        }
        catch (Exception exception) when (exception is MigrationException or NpgsqlException)
        {
            return (null, exception.Message);
        }
    }
}

/// <summary>Up to what age a backup, a rehearsal and a segment that waits for the archive are fine.</summary>
internal sealed record BackupLimits(TimeSpan Backup, TimeSpan Rehearsal, TimeSpan Archive);
