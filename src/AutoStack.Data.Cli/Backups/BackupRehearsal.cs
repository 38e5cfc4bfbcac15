using System.Data;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.Versioning;
using AutoStack.Data.Cli.Databases;
using AutoStack.Data.Cli.Output;
using AutoStack.Data.Integrity;
using AutoStack.Data.LocalServer;
using AutoStack.Data.Migrations;
using AutoStack.Data.Migrations.Internal;
using AutoStack.Data.Monitoring;
using Npgsql;

namespace AutoStack.Data.Cli.Backups;

/// <summary>Restores a backup to a scratch server, and examines whether it has what was backed up.</summary>
/// <param name="pgBackRest">The program that keeps the backups.</param>
/// <param name="options">Where and how.</param>
/// <param name="report">Receives each step that starts.</param>
[UnsupportedOSPlatform("windows")]
internal sealed class BackupRehearsal(PgBackRest pgBackRest, RehearsalSettings options, Action<string> report)
{
    private readonly List<RehearsalStep> steps = [];
    private readonly List<Finding> findings = [];
    private IReadOnlyList<TableRows> rows = [];

    /// <summary>Runs the rehearsal and records it beside the backup, unless it found errors.</summary>
    public async Task<RehearsalReport> RunAsync(Stanza stanza, RecoveryTarget target, CancellationToken cancellationToken)
    {
        var binaries = await FindBinariesAsync(stanza, target.Backup, cancellationToken).ConfigureAwait(false);
        await ScratchPlace.PrepareAsync(options.Scratch, target.Backup, cancellationToken).ConfigureAwait(false);
        report($"Restoring {target.Backup.Label}, {Amount.Bytes(target.Backup.Size)}, into {options.Scratch}.");
        var server = ScratchServer.Start(pgBackRest, binaries, options.Scratch, target.Options);
        try
        {
            await ExamineAsync(server, stanza, target, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            report("Removing the scratch server.");
            await server.DisposeAsync().ConfigureAwait(false);
        }

        var isSound = findings.All(finding => finding.Severity != Severity.Error);
        if (isSound)
        {
            var now = DateTimeOffset.UtcNow.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
            await pgBackRest.AnnotateAsync(target.Backup.Label, Backup.RehearsedKey, now, cancellationToken).ConfigureAwait(false);
        }

        return new RehearsalReport(target, steps, rows, findings, isSound);
    }

    private async Task ExamineAsync(ScratchServer server, Stanza stanza, RecoveryTarget target, CancellationToken cancellationToken)
    {
        var watch = Stopwatch.StartNew();
        if (await server.RestoreAsync(cancellationToken).ConfigureAwait(false) is { } unrestored)
        {
            findings.Add(BackupRules.NotRestored(target.Backup, stanza.Name, unrestored));
            return;
        }

        var perSecond = (long)(target.Backup.Size / Math.Max(watch.Elapsed.TotalSeconds, 0.001));
        steps.Add(new("restore", watch.Elapsed, $"{Amount.Bytes(target.Backup.Size)}, {Amount.Bytes(perSecond)}/s"));
        report($"Recovering to {target.Text}.");
        watch.Restart();
        if (await server.RecoverAsync(cancellationToken).ConfigureAwait(false) is { } unrecovered)
        {
            findings.Add(BackupRules.NotRecovered(target, unrecovered));
            return;
        }

        var recovered = watch.Elapsed;
        try
        {
            var connection = new NpgsqlConnection(server.ConnectionString(options.Database, options.Role));
            await using var closing = connection.ConfigureAwait(false);
            await connection.OpenAsync(cancellationToken).ConfigureAwait(false);
            steps.Add(new("recovery", recovered, await ReadEndAsync(connection, stanza, target, cancellationToken).ConfigureAwait(false)));

            // Counted before the check, which may use transaction ids.
            await CompareAsync(connection, target, cancellationToken).ConfigureAwait(false);
        }
        catch (NpgsqlException exception)
        {
            findings.Add(BackupRules.NotReadable(target.Backup, exception is PostgresException error
                ? ServerError.Describe(error, options.ShowsValues) : exception.Message));
            return;
        }

        if (await CheckAsync(server, target, cancellationToken).ConfigureAwait(false))
        {
            await VerifyAsync(server, target, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<string> ReadEndAsync(
        NpgsqlConnection connection, Stanza stanza, RecoveryTarget target, CancellationToken cancellationToken)
    {
        // The name of a segment needs the timeline of the archive, which is not that of the promoted server.
        using var command = new NpgsqlCommand($"""
            {SearchPath.Own};
            SELECT pg_last_wal_replay_lsn()::text, pg_last_xact_replay_timestamp(),
                (pg_last_wal_replay_lsn() - '0/0') / (SELECT setting::bigint FROM pg_settings WHERE name = 'wal_segment_size'),
                (SELECT setting::bigint FROM pg_settings WHERE name = 'wal_segment_size');
            {SessionLimits.Lift}
            """, connection);
        var (position, time, segment, size) = (await command.ListAsync(
            row => (row.GetString(0), row.IsDBNull(1) ? (DateTimeOffset?)null : row.GetFieldValue<DateTimeOffset>(1),
                (long)row.GetDecimal(2), row.GetInt64(3)),
            cancellationToken).ConfigureAwait(false))[0];

        // Recovery takes a missing or damaged segment for the end of the log.
        if (target is { IsMark: false, Options.Count: 1 } && stanza.ArchiveOf(target.Backup)?.Last is { } last
            && WalRange.NumberOf(last, size) > segment)
        {
            findings.Add(BackupRules.EndedEarly(target.Backup, position, last));
        }

        return time is { } at
            ? string.Create(CultureInfo.InvariantCulture, $"to {position}; last commit {at.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC")
            : $"to {position}";
    }

    private async Task CompareAsync(NpgsqlConnection connection, RecoveryTarget target, CancellationToken cancellationToken)
    {
        report("Counting rows.");
        var watch = Stopwatch.StartNew();
        var transaction = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken).ConfigureAwait(false);
        await using var ending = transaction.ConfigureAwait(false);
        var mark = RowMark.Of(target.Backup);
        mark = mark?.Database == options.Database ? mark : null;
        var later = mark is null || !target.IsMark ? (long?)null
            : await mark.CountLaterAsync(connection, cancellationToken).ConfigureAwait(false);

        // Without indexes a count reads every page, so that a damaged one is found where the server has checksums.
        using var pages = new NpgsqlCommand("SET LOCAL enable_indexonlyscan = off; SET LOCAL enable_indexscan = off", connection);
        await pages.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
        var (counted, failed) = await RowMark.CountTablesAsync(connection, TimeSpan.Zero, report, cancellationToken).ConfigureAwait(false);
        findings.AddRange(failed.Select(table => BackupRules.NotCounted(target.Backup, table.Key, table.Value)));
        rows = [.. counted.Keys.Union(mark?.Rows.Keys ?? []).Order(StringComparer.Ordinal).Select(table => new TableRows(
            table,
            mark?.Rows.TryGetValue(table, out var recorded) == true ? recorded : null,
            counted.TryGetValue(table, out var restored) ? restored : null))];
        if (later is { } transactions)
        {
            findings.AddRange(BackupRules.Compare(target.Backup, rows, transactions));
        }

        var sum = counted.Values.Sum();
        var compared = later switch
        {
            null => "with nothing to compare",
            0 => $"compared with those counted at {mark!.At.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture)} UTC",
            _ => $"{later} transactions later than counted",
        };
        steps.Add(new("rows", watch.Elapsed, string.Create(
            CultureInfo.InvariantCulture, $"{sum:N0} rows in {counted.Count} tables, {compared}")));
    }

    // True when the schema is that of this release, whose rows the library can verify.
    private async Task<bool> CheckAsync(ScratchServer server, RecoveryTarget target, CancellationToken cancellationToken)
    {
        report("Comparing the schema with the scripts.");
        var watch = Stopwatch.StartNew();
        try
        {
            var migrator = new SchemaMigrator(server.ConnectionString(options.Database, options.Role), options.Migrator);
            var drift = await migrator.CheckAsync(cancellationToken).ConfigureAwait(false);
            var differences = drift.Differences.Count(difference => !difference.IsRemark);
            if (drift.HasDrifted)
            {
                findings.Add(BackupRules.SchemaDiffers(target.Backup, differences));
            }

            steps.Add(new("check", watch.Elapsed, string.Create(
                CultureInfo.InvariantCulture, $"version {drift.History.CurrentVersion}, {differences} differences")));
            return drift.IsClean;
        }
        catch (Exception exception) when (exception is MigrationException or NpgsqlException)
        {
            findings.Add(BackupRules.NotReadable(target.Backup, exception.Message));
            return false;
        }
    }

    private async Task VerifyAsync(ScratchServer server, RecoveryTarget target, CancellationToken cancellationToken)
    {
        report("Verifying the rows.");
        var watch = Stopwatch.StartNew();
        try
        {
            var services = DataServices.Over(server.ConnectionString(options.Database, options.Role), options.Database, settings =>
            {
                foreach (var key in options.Keys)
                {
                    settings.SecretKeys.Add(key);
                }
            });
            await using var closing = services.ConfigureAwait(false);
            var result = await services.Get<IDatabaseVerifier>()
                .VerifyAsync(new VerificationOptions { StatementTimeout = TimeSpan.FromSeconds(20) }, progress: null, cancellationToken)
                .ConfigureAwait(false);
            var found = result.Findings.Where(finding => finding.Severity != Severity.Information).ToList();
            findings.AddRange(found);
            steps.Add(new("verify", watch.Elapsed, string.Create(
                CultureInfo.InvariantCulture,
                $"{result.Checks.Count} checks of {result.Checks.Sum(check => check.Rows):N0} rows, {found.Count} findings"
                + $"{(options.Keys.Count == 0 ? "; without keys, no secret was opened" : "")}")));
        }
        catch (Exception exception) when (exception is AutoStackDataException or NpgsqlException)
        {
            findings.Add(BackupRules.NotReadable(target.Backup, exception.GetBaseException().Message));
        }
    }

    private async Task<PostgresBinaries> FindBinariesAsync(Stanza stanza, Backup backup, CancellationToken cancellationToken)
    {
        var version = stanza.Versions.GetValueOrDefault(backup.Database) ?? "";
        _ = int.TryParse(version.Split('.')[0], CultureInfo.InvariantCulture, out var major);
        var reasons = new List<string>();
        IEnumerable<string> folders = options.Binaries is { } given ? [given] : SearchPlaces.OfThisMachine().FindBinDirectories();
        foreach (var folder in folders)
        {
            try
            {
                var found = await PostgresBinaries.ReadAsync(folder, minimumMajor: 0, cancellationToken).ConfigureAwait(false);
                if (found.Major == major)
                {
                    return found;
                }

                reasons.Add($"{folder} has {found.Version}");
            }
            catch (UnusableException exception)
            {
                reasons.Add(exception.Message);
            }
        }

        throw PgBackRest.Failed(
            $"The backup {backup.Label} is of PostgreSQL {version}, and this machine has no binaries of it ({string.Join(", ", reasons)}). "
            + "Install the server's package, or name their folder with --binaries.");
    }
}

/// <summary>Where and how a rehearsal is done.</summary>
/// <param name="Scratch">The folder in which the scratch server's folder is created.</param>
/// <param name="Database">The database whose schema and rows are examined.</param>
/// <param name="Role">A role of the backup that may read all of it.</param>
/// <param name="Binaries">The folder of the server's binaries; null to find them.</param>
/// <param name="Migrator">The options of the check, with the script sets.</param>
/// <param name="Keys">The keys that open the secrets; empty to open none.</param>
/// <param name="ShowsValues">Whether errors may quote values of rows.</param>
internal sealed record RehearsalSettings(
    string Scratch,
    string Database,
    string Role,
    string? Binaries,
    SchemaMigratorOptions Migrator,
    IReadOnlyList<SecretKey> Keys,
    bool ShowsValues);
