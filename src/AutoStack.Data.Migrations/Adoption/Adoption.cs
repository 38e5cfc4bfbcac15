using Npgsql;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>Takes over a database that the Python services created.</summary>
internal sealed class Adoption(MigratorContext context, AdoptionOptions? options)
{
    private readonly AdoptionOptions options = options ?? new AdoptionOptions();

    /// <inheritdoc cref="SchemaMigrator.PlanAdoptionAsync"/>
    public async Task<AdoptionPlan> PlanAsync(CancellationToken cancellationToken)
    {
        var connection = await context.ConnectReadOnlyAsync(cancellationToken).ConfigureAwait(false);
        await using var closing = connection.ConfigureAwait(false);
        var (plan, _, _) = await ReadRowsAsync(connection, () => PlanAsync(connection, cancellationToken), result: null, cancellationToken)
            .ConfigureAwait(false);
        return plan;
    }

    /// <inheritdoc cref="SchemaMigrator.AdoptAsync"/>
    public async Task<AdoptionResult> RunAsync(IProgress<MigrationEvent>? progress, CancellationToken cancellationToken)
    {
        var session = await LockedSession.OpenAsync(context, progress, cancellationToken).ConfigureAwait(false);
        await using var closing = session.ConfigureAwait(false);
        var connection = session.Connection;
        var runner = await ScriptRunner.StartAsync(session, context, context.Options.Attempts, progress, cancellationToken)
            .ConfigureAwait(false);
        var (plan, checks, stops) = await ReadRowsAsync(
            connection, () => PlanAsync(connection, cancellationToken), result: null, cancellationToken).ConfigureAwait(false);
        if (stops.Count > 0 && !context.Options.IgnoreObstacles)
        {
            throw new MigrationException(MigrationError.Obstacles,
                $"The adoption would stop:\n{string.Join('\n', stops.Select(stop => $"{stop.Before}: {stop.What}. {stop.Hint}"))}\n" +
                "Nothing was changed.");
        }

        progress?.Report(new AdoptionPlanned(plan));
        progress?.Report(new MigrationPlanned(
            plan.CurrentVersion, Math.Max(plan.CurrentVersion, context.Scripts.Count), plan.Changes.Count + plan.Scripts.Count));

        var run = new ScriptRun(
            runner, [new SetVersions(ScriptSet.CoreName, plan.CurrentVersion, plan.CurrentVersion)], up: true);
        if (!plan.IsDone)
        {
            await VersionJournal.PrepareIfThereAsync(connection, context.Options.Attempts, cancellationToken).ConfigureAwait(false);
        }

        foreach (var change in plan.Changes)
        {
            await StepAsync(MigrationScript.Unversioned(change.Step)).ConfigureAwait(false);
        }

        if (plan.StampedVersion > 0)
        {
            List<MigrationScript> reached = [.. context.Scripts.Take(plan.StampedVersion).Skip(plan.CurrentVersion)];
            var note = new JournalNote(JournalChangeKind.Adopted, context.Options.Reason);
            await JournalRows.StampAsync(connection, reached, [], note, context.Options.ShowValues, cancellationToken)
                .ConfigureAwait(false);
            run.Reached(plan.StampedVersion);
            progress?.Report(new VersionStamped(plan.StampedVersion));
        }

        foreach (var script in plan.Scripts)
        {
            await StepAsync(script).ConfigureAwait(false);
        }

        return new AdoptionResult(plan, run.Result);

        async Task StepAsync(MigrationScript script)
        {
            foreach (var check in checks.Where(c => c.Before == script.Up.FileName))
            {
                if (await ReadRowsAsync(
                        connection,
                        () => check.RunAsync(connection, context.Options.ShowValues, cancellationToken),
                        run.Result,
                        cancellationToken)
                    .ConfigureAwait(false) is { } obstacle)
                {
                    throw new MigrationException(MigrationError.RowsInTheWay,
                        $"Rows block {obstacle.Before}. {obstacle.What}:\n{obstacle.Query};\n{obstacle.Hint}\n" +
                        "Correct them and run adopt again: it continues from this step.")
                    {
                        Result = run.Result,
                    };
                }
            }

            await run.ApplyAsync(script, cancellationToken).ConfigureAwait(false);
        }
    }

    // Rows stop the adoption between two steps, after which it continues; the other obstacles stop it before the first one.
    private async Task<(AdoptionPlan Plan, IReadOnlyList<RowCheck> Checks, IReadOnlyList<AdoptionObstacle> Stops)> PlanAsync(
        NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await VersionJournal.IsOwnAsync(connection, cancellationToken).ConfigureAwait(false);
        var history = await VersionJournal.ReadHistoryAsync(connection, context.Sets, cancellationToken).ConfigureAwait(false);
        var pending = MigrationPlanner.Plan(history, context.Sets, up: true, MigrationTarget.Head.In(ScriptSet.CoreName)).Scripts;
        var found = await Catalog.ReadAsync(connection, cancellationToken).ConfigureAwait(false);
        if (history.CurrentVersion == 0
            && await UnjournaledTables.FindAsync(connection, cancellationToken).ConfigureAwait(false) is { Schema: not "public" } elsewhere)
        {
            throw new MigrationException(MigrationError.NotRecognised, elsewhere.Message);
        }

        if (history.CurrentVersion == 0 && MigrationPlanner.FindLostJournal(found) is { } lost)
        {
            throw new MigrationException(MigrationError.NotRecognised, lost.Message(0));
        }

        if (history.CurrentVersion > 0 && ReferenceEquals(context.Sets[0], ScriptSet.Core)
            && JournaledObjects.WhyMissing(found, history, context.Sets, context.Options) is { } why)
        {
            throw new MigrationException(MigrationError.NotRecognised, why);
        }

        var revision = await ReadRevisionAsync(connection, cancellationToken).ConfigureAwait(false);

        AdoptionPlan plan;
        IReadOnlyList<RowCheck> checks;
        if (history.CurrentVersion > 0
            && (history.CurrentVersion >= AdoptionPlanner.DocumentedVersion || LaterObjects.Find(found, history.CurrentVersion).Count == 0))
        {
            plan = Continue(history, pending, found, revision);
            checks = [.. plan.Scripts.SelectMany(s => RowCheck.Of(s, found).Concat(AdoptionChecks.OfKeptJson(s, found)))];
        }
        else
        {
            RefuseLater(found, history.CurrentVersion);
            using var ask = new NpgsqlCommand("SELECT pg_size_pretty(pg_table_size(to_regclass('public.webhook_payloads')))", connection);
            var size = await ask.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false) as string;
            var planner = new AdoptionPlanner(found, size, context.Scripts, options);
            plan = planner.Make(revision, history.CurrentVersion);
            checks = planner.Checks;
        }

        // A role without the rights may not even be allowed to read the rows.
        var stops = await FindObstaclesAsync(connection, Rights.Of(plan), cancellationToken).ConfigureAwait(false);
        stops.AddRange(await AdoptionForecast.FindAsync(connection, plan, stops.Count == 0, cancellationToken).ConfigureAwait(false));
        return (plan with
        {
            Obstacles = stops.Count > 0 ? stops : await FindObstaclesAsync(connection, checks, cancellationToken).ConfigureAwait(false),
        }, checks, stops);
    }

    /// <summary>
    /// A database with a journal: skips the pending versions whose objects all exist already, exactly as their scripts create them.
    /// </summary>
    private static AdoptionPlan Continue(SchemaHistory history, IReadOnlyList<MigrationScript> pending, Catalog found, string? revision)
    {
        var current = history.CurrentVersion;
        var reached = LaterObjects.Find(found, current).Count == 0 ? current : LaterObjects.Reached(found, current);
        if (LaterObjects.Find(found, reached) is { Count: > 0 } others)
        {
            RefuseLater(found, current);
            throw new MigrationException(MigrationError.NotRecognised,
                $"The journal is at version {current}, and later objects exist already ({string.Join(", ", others)}), but " +
                "not all of their version's objects, or not as its script creates them. Nothing was changed. " +
                "Bring them to that shape and stamp the version, or rename them.");
        }

        return new AdoptionPlan(
            $"An AutoStack database at version {current}" +
                (reached > current ? $", which has all objects of the versions up to {reached}" : ""),
            revision, current, reached > current ? reached : 0, [], [.. pending.Where(script => script.Version > reached)], [], []);
    }

    // The journal of a database that is exactly at a later version: a stamp mends it.
    private static void RefuseLater(Catalog found, int current)
    {
        if (current > 0 && MigrationPlanner.FindLater(found, current) is { } detected)
        {
            throw new MigrationException(
                MigrationError.NotRecognised, LaterObjects.Message(current, LaterObjects.Find(found, current), detected));
        }
    }

    private async Task<List<AdoptionObstacle>> FindObstaclesAsync(
        NpgsqlConnection connection, IEnumerable<RowCheck> checks, CancellationToken cancellationToken)
    {
        var obstacles = new List<AdoptionObstacle>();
        foreach (var check in checks)
        {
            if (await check.RunAsync(connection, context.Options.ShowValues, cancellationToken).ConfigureAwait(false) is { } found)
            {
                obstacles.Add(new AdoptionObstacle(found.Before, found.What, found.Query, found.Hint));
            }
        }

        return obstacles;
    }

    // Reading all rows may take long, waiting for another session's lock may not.
    private async Task<T> ReadRowsAsync<T>(
        NpgsqlConnection connection, Func<Task<T>> read, MigrationResult? result, CancellationToken cancellationToken)
    {
        using var prepare = new NpgsqlCommand(
            "SELECT set_config('statement_timeout', '0', false), set_config('lock_timeout', @milliseconds::text, false)", connection);
        prepare.Parameters.AddWithValue("milliseconds", context.Options.TableWaitMilliseconds);
        await prepare.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return await read().ConfigureAwait(false);
        }
        catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.LockNotAvailable)
        {
            throw new MigrationException(MigrationError.Locked,
                "Another session has locked a table; adopt could not read its rows in time." +
                await LockedTables.SentenceAsync(context.Server, writes: false, CancellationToken.None).ConfigureAwait(false) +
                " Run adopt again when that session is done.", exception)
            {
                Result = result,
            };
        }
    }

    private static async Task<string?> ReadRevisionAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        const string Table = "public.alembic_version";
        try
        {
            return !await PlainTable.ExistsAsync(connection, Table, cancellationToken).ConfigureAwait(false) ? null
                : (await PlainTable.ReadAsync(
                    connection, Table, "SELECT string_agg(a.version_num, ', ' ORDER BY a.version_num) FROM public.alembic_version a",
                    row => row.IsDBNull(0) ? null : row.GetString(0), cancellationToken).ConfigureAwait(false))[0];
        }
        catch (MigrationException exception) when (exception.Error == MigrationError.ForeignObjects)
        {
            // A table that would run its owner's code is not Alembic's, and only a message needs its row.
            return null;
        }
    }
}
