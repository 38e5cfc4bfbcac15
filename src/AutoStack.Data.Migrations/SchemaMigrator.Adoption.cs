using AutoStack.Data.Migrations.Internal;
using AutoStack.Data.Migrations.Internal.Adoption;
using AutoStack.Data.Migrations.Internal.Catalogs;
using Npgsql;

namespace AutoStack.Data.Migrations;

public sealed partial class SchemaMigrator
{
    /// <summary>
    /// What <see cref="AdoptAsync"/> would do now, the rows that would stop it included. The server refuses this session all writing; no lock is taken.
    /// </summary>
    /// <param name="options">What not to do; null for everything.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The plan.</returns>
    /// <exception cref="MigrationException">The database is not recognised (<see cref="MigrationError.NotRecognised"/>), or there is no connection.</exception>
    public async Task<AdoptionPlan> PlanAdoptionAsync(AdoptionOptions? options = null, CancellationToken cancellationToken = default)
    {
        var connection = await server.ConnectReadOnlyAsync(this.options.ServerWait, this.options.Progress, cancellationToken).ConfigureAwait(false);
        await using var closing = connection.ConfigureAwait(false);
        await ForeignObjects.RefuseAsync(connection, this.options.AllowForeignObjects, this.options.Progress, cancellationToken).ConfigureAwait(false);
        return (await LookAsync(connection, () => PlanAdoptionAsync(connection, options, cancellationToken), report: null, cancellationToken)
            .ConfigureAwait(false)).Plan;
    }

    /// <summary>
    /// Takes over a database that the Python services made, by Alembic or by <c>create_all</c>: brings it to the documented schema in place, notes
    /// that version, and upgrades to the newest one. Keeps every row, every NOT NULL, what is not part of the schema, and <c>alembic_version</c>.
    /// A run that was cut off is taken up by the next one. A database that is ours already is upgraded.
    /// </summary>
    /// <param name="options">What not to do; null for everything.</param>
    /// <param name="progress">Told of the plan and of each step as it happens; null for nobody.</param>
    /// <param name="cancellationToken">Stops between two steps, or within one by cancelling its statement; nothing is half-applied.</param>
    /// <returns>What was found and done.</returns>
    /// <exception cref="MigrationException">
    /// The database is not recognised (<see cref="MigrationError.NotRecognised"/>), or a step will not bear rows that are there
    /// (<see cref="MigrationError.RowsInTheWay"/>): what comes before it is applied and stays. For others see <see cref="MigrationError"/>.
    /// </exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public Task<AdoptionReport> AdoptAsync(
        AdoptionOptions? options = null, IProgress<MigrationEvent>? progress = null, CancellationToken cancellationToken = default) =>
        WithLockAsync(progress, async (runner, connection) =>
        {
            var (plan, checks) = await LookAsync(
                connection, () => PlanAdoptionAsync(connection, options, cancellationToken), report: null, cancellationToken).ConfigureAwait(false);
            progress?.Report(new AdoptionPlanned(plan));
            progress?.Report(new MigrationPlanned(
                plan.CurrentVersion, Math.Max(plan.CurrentVersion, scripts.Count), plan.Changes.Count + plan.Scripts.Count));

            var run = new ScriptRun(runner, plan.CurrentVersion, up: true);
            foreach (var change in plan.Changes)
            {
                await StepAsync(MigrationScript.Unversioned(change.Step)).ConfigureAwait(false);
            }

            if (plan.StampedVersion > 0)
            {
                await VersionJournal.StampAsync(connection, [.. scripts.Take(plan.StampedVersion).Skip(plan.CurrentVersion)], cancellationToken).ConfigureAwait(false);
                run.Reached(plan.StampedVersion);
                progress?.Report(new VersionStamped(plan.StampedVersion));
            }

            foreach (var script in plan.Scripts)
            {
                await StepAsync(script).ConfigureAwait(false);
            }

            return new AdoptionReport(plan, run.Report);

            async Task StepAsync(MigrationScript script)
            {
                foreach (var check in checks.Where(c => c.Obstacle.Before == script.Up.FileName))
                {
                    if (await LookAsync(connection, () => check.RunAsync(connection, this.options.ShowValues, cancellationToken), run.Report, cancellationToken)
                        .ConfigureAwait(false) is { } obstacle)
                    {
                        throw new MigrationException(MigrationError.RowsInTheWay,
                            $"Rows are in the way of {obstacle.Before}. {obstacle.What}:\n{obstacle.Query};\n{obstacle.Hint}\nMend them and start again: it goes on from here.")
                        {
                            Report = run.Report,
                        };
                    }
                }

                await run.ApplyAsync(script, cancellationToken).ConfigureAwait(false);
            }
        }, cancellationToken);

    // Reading all rows takes its time, waiting for somebody's lock does not.
    private async Task<T> LookAsync<T>(NpgsqlConnection connection, Func<Task<T>> look, MigrationReport? report, CancellationToken cancellationToken)
    {
        using var prepare = new NpgsqlCommand(
            "SELECT set_config('statement_timeout', '0', false), set_config('lock_timeout', @milliseconds::text, false)", connection);
        prepare.Parameters.AddWithValue("milliseconds", (long)Math.Clamp(options.LockWait.TotalMilliseconds, 1, CheckWait.TotalMilliseconds));
        await prepare.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return await look().ConfigureAwait(false);
        }
        catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.LockNotAvailable)
        {
            throw new MigrationException(MigrationError.Locked,
                "Another session has locked a table; adopt could not look at its rows in time. Start again when it is done.", exception)
            {
                Report = report,
            };
        }
    }

    private async Task<(AdoptionPlan Plan, IReadOnlyList<RowCheck> Checks)> PlanAdoptionAsync(
        NpgsqlConnection connection, AdoptionOptions? options, CancellationToken cancellationToken)
    {
        var history = Compare(await ReadJournalAsync(connection, make: false, cancellationToken).ConfigureAwait(false));
        var pending = Plan(history, up: true, MigrationTarget.Head);
        var found = await Catalog.ReadAsync(connection, cancellationToken).ConfigureAwait(false);
        if (history.CurrentVersion == 0
            && await UnjournaledTables.FindAsync(connection, cancellationToken).ConfigureAwait(false) is { Schema: not "public" } elsewhere)
        {
            throw new MigrationException(MigrationError.NotRecognised, elsewhere.Message);
        }

        var revision = await TextAsync(connection, "alembic_version",
            "SELECT string_agg(version_num, ', ' ORDER BY version_num) FROM public.alembic_version", cancellationToken).ConfigureAwait(false);

        AdoptionPlan plan;
        IReadOnlyList<RowCheck> checks;
        var later = history.CurrentVersion > 0 ? LaterObjects.Find(found, history.CurrentVersion) : [];
        if (history.CurrentVersion > 0 && (later.Count == 0 || history.CurrentVersion >= AdoptionPlanner.DocumentedVersion))
        {
            var reached = later.Count == 0 ? history.CurrentVersion : LaterObjects.Reached(found, history.CurrentVersion);
            if (LaterObjects.Find(found, reached) is { Count: > 0 } others)
            {
                throw new MigrationException(MigrationError.NotRecognised,
                    $"The journal is at version {history.CurrentVersion}, and {string.Join(", ", others)} is there already, but not with all that the version makes, as it " +
                    "makes it; nothing was changed. Bring it to that shape and stamp the version, or rename it.");
            }

            pending = [.. pending.Where(script => script.Version > reached)];
            plan = new AdoptionPlan(
                $"An AutoStack database at version {history.CurrentVersion}" + (reached > history.CurrentVersion ? $", which has what the versions up to {reached} make" : ""),
                revision, history.CurrentVersion, reached > history.CurrentVersion ? reached : 0, [], pending, [], []);
            checks = [.. pending.SelectMany(s => RowCheck.Of(s, found).Concat(RowCheck.OfKeptJson(s, found)))];
        }
        else
        {
            var size = await TextAsync(connection, "webhook_payloads",
                "SELECT pg_size_pretty(pg_table_size('public.webhook_payloads'))", cancellationToken).ConfigureAwait(false);
            var planner = new AdoptionPlanner(found, size, scripts, options ?? new AdoptionOptions());
            plan = planner.Make(revision, history.CurrentVersion);
            checks = planner.Checks;
        }

        // Without the rights the rows may not even be read.
        var obstacles = await FindAsync(Rights.Of(plan)).ConfigureAwait(false);
        return (plan with { Obstacles = obstacles.Count > 0 ? obstacles : await FindAsync(checks).ConfigureAwait(false) }, checks);

        async Task<List<AdoptionObstacle>> FindAsync(IEnumerable<RowCheck> all)
        {
            var standing = new List<AdoptionObstacle>();
            foreach (var check in all)
            {
                if (await check.RunAsync(connection, this.options.ShowValues, cancellationToken).ConfigureAwait(false) is { } obstacle)
                {
                    standing.Add(obstacle);
                }
            }

            return standing;
        }
    }

    private static async Task<string?> TextAsync(NpgsqlConnection connection, string relation, string sql, CancellationToken cancellationToken)
    {
        // A view, or a policy of the row security, would run what its owner wrote.
        using var exists = new NpgsqlCommand(
            $"SELECT EXISTS (SELECT FROM pg_class c WHERE c.oid = to_regclass('public.{relation}') AND c.relkind = 'r' AND NOT c.relrowsecurity)", connection);
        if (await exists.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false) is not true)
        {
            return null;
        }

        using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false) as string;
    }
}
