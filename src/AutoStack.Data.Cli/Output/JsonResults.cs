using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using AutoStack.Data.Archives;
using AutoStack.Data.Audit;
using AutoStack.Data.Cli.Backups;
using AutoStack.Data.Cli.Bench;
using AutoStack.Data.Cli.Commands;
using AutoStack.Data.Cli.Databases;
using AutoStack.Data.Cli.Dumping;
using AutoStack.Data.Cli.Keys;
using AutoStack.Data.Cli.Lint;
using AutoStack.Data.Cli.Roles;
using AutoStack.Data.Cli.Upkeep;
using AutoStack.Data.Integrity;
using AutoStack.Data.Migrations;
using AutoStack.Data.Migrations.Internal;
using AutoStack.Data.Monitoring;
using AutoStack.Data.Partitions;
using Spectre.Console;
using Finding = AutoStack.Data.Monitoring.Finding;

namespace AutoStack.Data.Cli.Output;

/// <summary>Results as one line of JSON. Members may be added; existing members keep their names and meaning.</summary>
/// <remarks>
/// <code>
/// upgrade, downgrade  {"from":0,"to":2,"steps":[{"version":1,"script":"0001_initial_schema.sql","durationMs":31.2,"retries":[]},…]}
///                     a retry is {"attempt":1,"delayMs":312,"blockers":[{"pid":4711,"application":"reports","role":"app",
///                     "transactionSeconds":754.2,"state":"idle in transaction","statement":"SELECT …"},…]};
///                     a member is null when the server does not report it
/// --dry-run           {"from":0,"to":2,"plan":[{"version":1,"script":"0001_initial_schema.sql","transactional":true},…]}
/// --sql               the same, and "sql":"…"
/// --rehearse          {"from":0,"to":2,"rehearsed":[{"version":1,"script":"0001_initial_schema.sql","way":"asWritten",
///                      "durationMs":31.2},…]}
///                     way is asWritten, inTransaction or skipped
/// adopt               {"found":"A database of …","alembicRevision":"a1b2c3d4e5f6","stamped":2,
///                      "changes":[{"name":"adopt_users.sql","description":"…","sql":"…"},…],
///                      "scripts":["0003_add_log_sequence.sql",…],"kept":["column users.nickname"],
///                      "obstacles":[{"before":"0012_add_users_email_key.sql","what":"…","query":"SELECT …","hint":"…"}],
///                      "from":0,"to":23,"steps":[…]}
///                     alembicRevision is null when the database has none; stamped is 0 when the database is adopted already;
///                     --dry-run has no from, to and steps; steps are those of upgrade, and a change is a step with version 0
/// current             {"version":2,"name":"0002_runtime_models","head":14,"pending":12,"upToDate":false}   version 0: name is null
/// history             {"current":2,"head":14,"versions":[{"version":1,"name":"0001_initial_schema","state":"applied","checksum":"9f…",
///                      "appliedAt":"2026-01-31T12:00:00.123456Z","durationMs":31,"appliedBy":"autostack","toolVersion":"1.0.0"},…]}
///                     state is pending, applied, changed, unknown, retired or notGiven; the last four are null while pending
/// check               {"version":23,"head":24,"clean":false,"pending":["0024_…"],"changed":[],"unknown":[],"differences":[{"kind":"index",
///                      "name":"users.idx_users_email","expected":"CREATE INDEX …","found":null,"message":"… is missing.",
///                      "statements":["CREATE INDEX CONCURRENTLY …"],"remark":false,"losesData":false},…]}
///                     and the members of docs/check.md
///                     in an order in which the statements can be run; expected is null for an unexpected object, found for a missing
///                     one; kind is extension, function, table, column, constraint, index, trigger or rule
///                     "detected":{"version":24,"differences":0} when the objects are those of another version than the journal's, or null
/// revision            {"version":24,"name":"0024_add_x","up":"scripts/sql/0024_add_x.sql","down":"scripts/sql/0024_add_x.down.sql"}
/// stamp               {"from":0,"to":2,"added":["0001_initial_schema","0002_runtime_models"],"removed":[]}
/// feature list        {"features":[{"name":"audit","description":"…","enabled":true,"version":2,"head":2},…]}; enable and disable: as
///                     upgrade and downgrade
/// lint                {"folder":"scripts/sql","files":46,"findings":[{"file":"scripts/sql/0024_add_x.sql","line":3,
///                      "rule":"blocking-index","message":"…","safer":"…"},…]}   folder is null for the scripts of the package
/// bench pool          see PoolJson
/// upgrade, downgrade  also "sets":[{"set":"core","from":0,"to":39},{"set":"billing","from":0,"to":3}]; from and to are those of the
///                     first set. Each step, plan item and version has its "set"; a repeatable script has version 0
/// current, check      also "sets":[{"set":"billing","version":3,"head":3,…,"given":true},…]; the members beside it are those of the
///                     core, except upToDate and clean. given is false when only the journal knows the set
/// upgrade, downgrade, also "openSchemas":[{"schema":"public","statement":"REVOKE CREATE ON SCHEMA public FROM PUBLIC"}]: schemas in
/// adopt, check        which every role may create objects. check also has
///                     "foreignObjects":[{"name":"function public.lower(character varying)","owner":"reports",
///                     "statement":"DROP FUNCTION public.lower(character varying)"},…]
/// create, drop, dump  see DatabaseJson
/// stats               see StatsJson
/// doctor              {"findings":[…]}, see FindingJson
/// prune, keys         see PruneJson and KeyJson
/// backup              see BackupJson
/// partitions, audit   see PartitionJson, ArchiveJson and AuditJson
/// queue               see QueueJson
/// any failure         {"error":{"kind":"scriptFailed","message":"…"}}   kind is usage, cancelled, unexpected, scriptFailed,
///                     scriptChanged, schemaNewer, targetInvalid, locked, lockLost, noConnection or pooledConnection; for revision also
///                     scriptsInvalid (the existing scripts have a gap) and notWritten; for upgrade notAdopted and
///                     requirementMissing; for adopt notRecognised
///                     and rowsInTheWay; for upgrade, downgrade and adopt foreignObjects; for bench pool leftBehind;
///                     for create exists; for drop missing and inUse; for dump notWritten
/// </code>
/// </remarks>
internal sealed class JsonResults(TextWriter output, IAnsiConsole error, ProgressLines progress) : IResults
{
    internal static readonly JsonSerializerOptions Format = new(JsonSerializerDefaults.Web)
    {
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },

        // The output is not embedded in a web page, so that quotes and arrows stay readable.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public void Migrated(MigrationResult report) => Write(new
    {
        From = report.FromVersion,
        To = report.ToVersion,
        Steps = MigrationJson.Steps(report),
        Sets = MigrationJson.Sets(report.Sets),
        progress.OpenSchemas,
    });

    public void Planned(MigrationPlan plan) => Write(MigrationJson.Of(plan, progress.OpenSchemas));

    public void Script(MigrationPlan plan)
    {
        var members = MigrationJson.Of(plan, progress.OpenSchemas);
        members.Add("sql", plan.ToPsqlScript());
        Write(members);
    }

    public void Rehearsed(RehearsalResult report) => Write(new
    {
        From = report.FromVersion,
        To = report.ToVersion,
        Rehearsed = ForesightJson.Of(report.Steps),
        Sets = MigrationJson.Sets(report.Sets),
        report.EndedEarly,
        Stops = ForesightJson.Of(report.Stops),
        progress.OpenSchemas,
    });

    public void RehearsedOnCopy(CopyRehearsalResult report) => Write(new
    {
        Copy = report.Database,
        CopyMs = Math.Round(report.CopyDuration.TotalMilliseconds, 1),
        From = report.Migration.FromVersion,
        To = report.Migration.ToVersion,
        Steps = MigrationJson.Steps(report.Migration),
        Sets = MigrationJson.Sets(report.Migration.Sets),
        progress.OpenSchemas,
    });

    public void AdoptionPlanned(AdoptionPlan plan) => Write(MigrationJson.Of(plan, progress.OpenSchemas));

    public void Adopted(AdoptionResult report)
    {
        var members = MigrationJson.Of(report.Plan, progress.OpenSchemas);
        members.Add("from", report.Migration.FromVersion);
        members.Add("to", report.Migration.ToVersion);
        members.Add("steps", MigrationJson.Steps(report.Migration));
        Write(members);
    }

    public void Current(SchemaHistory history) => Write(new
    {
        Version = history.CurrentVersion,
        history.Versions.FirstOrDefault(v => v.Version == history.CurrentVersion)?.Name,
        Head = history.HeadVersion,
        Pending = history.Versions.Count(v => v.State == VersionState.Pending),
        UpToDate = history.IsUpToDate,
        Sets = history.Sets.Select(set => new
        {
            set.Set,
            Version = set.CurrentVersion,
            Head = set.HeadVersion,
            Pending = set.Versions.Count(v => v.State == VersionState.Pending),
            UpToDate = set.IsUpToDate,
            Given = set.Kind != ScriptSetKind.NotGiven,
        }),
        Findings = JournalJson.Of(history.Findings),
    });

    public void History(SchemaHistory history) => Write(new
    {
        Current = history.CurrentVersion,
        Head = history.HeadVersion,
        Versions = history.Sets.SelectMany(set => set.Versions).Select(v => new
        {
            v.Set,
            v.Version,
            v.Name,
            v.State,
            v.Checksum,
            AppliedAt = v.AppliedAt?.UtcDateTime,
            DurationMs = v.Duration?.TotalMilliseconds,
            v.AppliedBy,
            v.ToolVersion,
            Stamped = v.IsStamped,
        }),
        Findings = JournalJson.Of(history.Findings),
    });

    public void Checked(SchemaCheckResult drift) => Write(CheckJson.Of(drift));

    public void RepairPlanned(SchemaRepairPlan plan) => Write(CheckJson.Of(plan));

    public void Repaired(SchemaRepairResult report) => Write(CheckJson.Of(report));

    public void Linted(LintReport report) => Write(new
    {
        report.Folder,
        report.Files,
        Findings = report.Findings.Select(f => new { f.File, f.Line, Rule = f.Rule.Id, f.Message, f.Rule.Safer }),
    });

    public void RolesApplied(RoleReport report, bool dryRun) => Write(RolesJson.Of(report, dryRun));

    public void RolesChecked(RoleReport report, IReadOnlyList<Finding> findings) => Write(RolesJson.Of(report, findings));

    public void Revised(Revision revision) => Write(revision);

    public void Stamped(StampResult report) =>
        Write(new { report.Set, From = report.FromVersion, To = report.ToVersion, report.Added, report.Removed });

    public void Repaired(JournalRepairResult result, bool dryRun) => Write(JournalJson.Of(result, dryRun));

    public void Changes(IReadOnlyList<JournalChange> changes) => Write(JournalJson.Of(changes));

    public void Partitions(PartitionStatus status, DeploymentIds? ids) => Write(PartitionJson.Of(status, ids));

    public void AuditEntries(IReadOnlyList<AuditEntry> entries, bool more) => Write(AuditJson.Of(entries, more));

    public void AuditStatus(AuditStatus status) => Write(AuditJson.Of(status));

    public void Queue(QueueReport report) => Write(QueueJson.Of(report));

    public void ArchivePlanned(ArchivePlan plan) => Write(ArchiveJson.Of(plan));

    public void Archived(ArchiveReport report) => Write(ArchiveJson.Of(report));

    public void Archives(IReadOnlyList<ArchiveEntry> entries, bool verified) => Write(ArchiveJson.Of(entries, verified));

    public void Restored(RestoreResult result) => Write(ArchiveJson.Of(result));

    public void Features(IReadOnlyList<FeatureStatus> features) => Write(new
    {
        Features = features.Select(f => new
        {
            f.Name,
            f.Description,
            Enabled = f.IsEnabled,
            Version = f.CurrentVersion,
            Head = f.HeadVersion,
        }),
    });

    public void Measured(PoolReport report) => Write(PoolJson.Of(report));

    public void DatabaseCreated(DatabaseFacts facts, bool created) => Write(DatabaseJson.Created(facts, created));

    public void DatabaseDropped(string name, bool dropped) => Write(DatabaseJson.Dropped(name, dropped));

    public void Dumped(SchemaDump dump, string? file) => Write(DatabaseJson.Dumped(dump, file));

    public void AccountExported(long lines, string file) => Write(new { Lines = lines, File = file });

    public void Looked(DatabaseStats stats, StatsChange? change, bool watched) => Write(StatsJson.Of(stats, change));

    public void Examined(IReadOnlyList<Finding> findings) => Write(new { Findings = FindingJson.Of(findings) });
    public void PrunePlanned(PrunePlan plan) => Write(PruneJson.Of(plan));

    public void Pruned(PruneReport report) => Write(PruneJson.Of(report));

    public void KeysVerified(KeyReport report) => Write(KeyJson.Of(report));

    public void KeyRotationPlanned(KeyReport report) => Write(KeyJson.Planned(report));

    public void KeysRotated(KeyRotationReport report) => Write(KeyJson.Of(report));
    public void Verified(VerificationResult result, string where) => Write(VerifyJson.Of(result, where));
    public void BackupsRead(BackupStatus status) => Write(BackupJson.Of(status));

    public void BackupMarked(Backup backup, RowMark mark, bool isArchived) => Write(BackupJson.Of(backup, mark, isArchived));

    public void BackupRehearsed(RehearsalReport report) => Write(BackupJson.Of(report));

    public void Fail(Failure failure)
    {
        // On standard error too, for jobs whose log does not have standard output.
        error.WriteLine(failure.Message, new Style(Color.Red));
        Write(new { Error = new { failure.Kind, failure.Message } });
    }

    // In JSON, every odd character is part of a string and can be escaped.
    private void Write<T>(T result) => output.WriteLine(Odd(JsonSerializer.Serialize(result, Format)));

    private static string Odd(string json) => !json.EnumerateRunes().Any(Visible.IsOdd) ? json
        : string.Concat(json.EnumerateRunes().Select(rune => !Visible.IsOdd(rune) ? rune.ToString()
            : string.Concat(rune.ToString().Select(unit => string.Create(CultureInfo.InvariantCulture, $"\\u{(int)unit:x4}")))));
}
