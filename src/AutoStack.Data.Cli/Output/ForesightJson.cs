using AutoStack.Data.Migrations;

namespace AutoStack.Data.Cli.Output;

/// <summary>The members of JSON about what would stop a run and what it stops.</summary>
/// <remarks>
/// <code>
/// --dry-run, --sql    also "obstacles":[{"kind":"notOwner","script":"0003_add_log_sequence.sql","what":"…","mend":"…",
///                     "objects":["users"]}]
///                     kind is standby, readOnly, noCreate, notOwner, noWrite, extension, nameTaken, dependents, encoding, cannotRun,
///                     computedColumn or rows; script is null when the run as a whole would fail. And
///                     "locks":[{"table":"users","mode":"accessExclusive","stopsReaders":true,"stopsWriters":true,"rewrites":false,
///                     "bytes":16384,"script":"…"}]; bytes is null when the table is locked now.
///                     And "unforeseen":["0014_add_required_checks.sql"]: code decides what these scripts lock while they run
/// --rehearse          also "endedEarly":null or a sentence (way is cannotBeRehearsed from that script on), and
///                     "stops":[{"table":"users","readersMs":12.5,"writersMs":12.5}]
/// --rehearse --on-copy, --copy   {"copy":"autostack_rehearsal_0a1b2c3d4e5f","copyMs":310.2,"from":0,"to":2,"steps":[…],…} as for upgrade;
///                     copy is null when there was nothing to run
/// any failure         kind is also obstacles and timeLimit
/// </code>
/// </remarks>
internal static class ForesightJson
{
    public static IEnumerable<object> Of(IEnumerable<Obstacle> obstacles) =>
        obstacles.Select(found => new { found.Kind, found.Script, found.What, found.Mend, found.Objects });

    public static IEnumerable<object> Of(IEnumerable<TableLock> locks) => locks.Select(table => new
    {
        table.Table,
        table.Mode,
        table.StopsReaders,
        table.StopsWriters,
        table.Rewrites,
        table.Bytes,
        table.Script,
    });

    public static IEnumerable<object> Of(IEnumerable<RehearsedStep> steps) => steps.Select(step => new
    {
        step.Set,
        step.Version,
        Script = step.FileName,
        Way = step.Outcome,
        DurationMs = Math.Round(step.Duration.TotalMilliseconds, 1),
    });

    public static IEnumerable<object> Of(IEnumerable<TableStop> stops) => stops.Select(stop => new
    {
        stop.Table,
        ReadersMs = Math.Round(stop.Readers.TotalMilliseconds, 1),
        WritersMs = Math.Round(stop.Writers.TotalMilliseconds, 1),
    });
}
