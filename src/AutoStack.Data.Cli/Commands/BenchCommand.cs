using System.CommandLine;
using AutoStack.Data.Cli.Bench;
using AutoStack.Data.Cli.Output;
using AutoStack.Data.LocalServer;
using AutoStack.Data.Migrations.Internal;
using Spectre.Console;

namespace AutoStack.Data.Cli.Commands;

/// <summary><c>bench pool</c>: measures which pool size a service should have on a database.</summary>
internal static class BenchCommand
{
    public static Command Create(Session session)
    {
        var options = new BenchOptions();
        var pool = new Command(
            "pool",
            "Measures connection pools of several sizes under an open-loop load and recommends a size. "
                + "Without a database: on a throw-away server.");
        options.AddTo(pool);
        pool.SetAction(async (parsed, cancellationToken) =>
        {
            var plan = options.Read(parsed, session.Host);
            try
            {
                session.Results.Measured(await RunAsync(session, parsed, options, plan, cancellationToken).ConfigureAwait(false));
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                throw Failure.Cancelled("Cancelled. Everything that the benchmark created is removed.");
            }

            return ExitCode.Done;
        });
        return new Command("bench", "Measures connection pools.") { pool };
    }

    private static async Task<PoolReport> RunAsync(
        Session session, ParseResult parsed, BenchOptions options, PoolPlan plan, CancellationToken cancellationToken)
    {
        if (session.Connection(parsed) is { } given)
        {
            return await RunAsync(session, parsed, options, plan, given, own: false, cancellationToken).ConfigureAwait(false);
        }

        Report(session, "No database is given: starting a throw-away server.");
        var server = await StartServerAsync(cancellationToken).ConfigureAwait(false);
        await using (server.ConfigureAwait(false))
        {
            Report(session, $"{server.Source} (PostgreSQL {server.Version}).");
            return await RunAsync(session, parsed, options, plan, server.ConnectionString, own: true, cancellationToken)
                .ConfigureAwait(false);
        }
    }

    private static async Task<RunningServer> StartServerAsync(CancellationToken cancellationToken)
    {
        var places = SearchPlaces.OfThisMachine();

        // Durable like a real server: appends would be faster than in production if their commits did not reach the disk.
        var setup = ServerSetup.Create(durable: true);
        Candidate[] candidates = places.ConnectionString is not null
            ? [Candidate.Named(places)]
            : [Candidate.Installed(setup, places), Candidate.Npm(setup, places)];
        try
        {
            return await ServerSearch.StartFirstAsync(candidates, setup.MinimumMajor, cancellationToken).ConfigureAwait(false);
        }
        catch (UnusableException exception)
        {
            throw new CliException(new Failure(ExitCode.NoConnection, "noConnection",
                $"No database is given (--connection or {SharedOptions.ConnectionVariable}), and no server can be started: " +
                $"install PostgreSQL {setup.MinimumMajor} or newer, or npm ({exception.Message})."));
        }
    }

    private static async Task<PoolReport> RunAsync(
        Session session,
        ParseResult parsed,
        BenchOptions options,
        PoolPlan plan,
        string connection,
        bool own,
        CancellationToken cancellationToken)
    {
        var server = new MigrationServer(connection, session.ShowsValues, session.AskPassword);
        var wait = TimeSpan.FromSeconds(parsed.GetValue(session.Options.Wait));
        var database = await BenchDatabase.ConnectAsync(server, connection, wait, session.Progress, cancellationToken)
            .ConfigureAwait(false);
        await using var dropping = database.ConfigureAwait(false);
        plan = options.Fit(plan, parsed, database.Limits, note => Report(session, note));
        Report(session,
            $"{database.Where}: the load runs in the schema {database.Schema}, created now and dropped at the end. " +
            (own ? "" : "No other table is read or written, but other users of the server notice the load."));
        var workload = await database.FillAsync(session.Host.BenchScale, cancellationToken).ConfigureAwait(false);
        if (database.LeftoversRemoved > 0)
        {
            Report(session, $"Removed what {Screen.Count(database.LeftoversRemoved, "killed run")} had left behind.");
        }

        Report(session, Announcement(plan));
        var sweep = new PoolSweep(new PoolLoad(database, workload, plan), plan, line => Report(session, line));
        var (points, saturation) = await sweep.RunAsync(cancellationToken).ConfigureAwait(false);
        var recommendation = Recommendation.Choose(points, plan.P99);
        var (text, passwordLeftOut) =
            Recommendation.ConnectionString(own ? null : ConnectionText.Parse(connection), recommendation.Best.PoolSize);
        var report = new PoolReport
        {
            Plan = plan,
            Server = database.Limits,
            OwnServer = own,
            Saturation = saturation,
            Points = points,
            Recommendation = recommendation,
            ConnectionString = recommendation.Meets ? text : null,
            PasswordLeftOut = recommendation.Meets && passwordLeftOut,
            Warnings = [.. Recommendation.Warnings(plan, database.Limits, points, recommendation)],
        };
        return plan.Output is { } folder
            ? await PoolFiles.WriteAsync(report, folder, session.Host.Directory, cancellationToken).ConfigureAwait(false)
            : report;
    }

    internal static string Announcement(PoolPlan plan)
    {
        var estimate = plan.Estimate < TimeSpan.FromMinutes(1) ? $"{plan.Estimate.TotalSeconds:0} s" : Screen.Duration(plan.Estimate);
        var times = $"{plan.Repeats} times each for {plan.Warmup.TotalSeconds:0} + {plan.Duration.TotalSeconds:0} s";
        return (plan.Rates is null
                ? $"{Screen.Count(plan.PoolSizes.Count, "pool size")} to find the saturation, then up to {plan.PointCount} points, then " +
                  $"up to {Knee.MostPoints(plan)} around the knee, {times}: at most {estimate}"
                : $"{Screen.Count(plan.PointCount, "point")}, {times}: about {estimate}") +
            $". A point beyond saturation takes up to {LoadGenerator.WaitLimit.TotalSeconds:0} s longer.";
    }

    // Always on standard error: standard output has the table alone.
    private static void Report(Session session, string line) => session.Error.WriteLine(line.TrimEnd());
}
