using System.CommandLine;
using AutoStack.Data.Cli.Bench;
using AutoStack.Data.Cli.Output;
using AutoStack.Data.Migrations.Internal;
using AutoStack.Data.Testing;
using Spectre.Console;

namespace AutoStack.Data.Cli.Commands;

/// <summary><c>bench pool</c>: which pool size a service should have on a database.</summary>
internal static class BenchCommand
{
    public static Command Create(Session session)
    {
        var options = new BenchOptions();
        var pool = new Command("pool", "Sweeps the size of the connection pool against an open-loop load, and recommends one. Without a database: on a throw-away server.");
        options.AddTo(pool);
        pool.SetAction(async (parsed, cancellationToken) =>
        {
            var plan = options.Read(parsed, session.Host.Directory);
            try
            {
                session.Results.Measured(await RunAsync(session, parsed, options, plan, cancellationToken).ConfigureAwait(false));
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                throw Failure.Cancelled("Cancelled. What the benchmark had made is removed.");
            }

            return ExitCode.Done;
        });
        return new Command("bench", "Measures.") { pool };
    }

    private static async Task<PoolReport> RunAsync(Session session, ParseResult parsed, BenchOptions options, PoolPlan plan, CancellationToken cancellationToken)
    {
        if (session.Connection(parsed) is { } given)
        {
            return await RunAsync(session, parsed, options, plan, given, own: false, cancellationToken).ConfigureAwait(false);
        }

        Tell(session, "No database is given: starting a throw-away server.");
        PostgresServer server;
        try
        {
            // As a real one is: without its commits reaching the disk, appends would be quicker than anywhere else.
            server = await PostgresServer.StartAsync(new PostgresServerOptions { Durable = true }, cancellationToken).ConfigureAwait(false);
        }
        catch (PostgresUnavailableException exception)
        {
            throw new CliException(new Failure(ExitCode.NoConnection, "noConnection",
                $"No database is given (--connection or {SharedOptions.ConnectionVariable}), and no server can be started: {exception.Message}"));
        }

        await using (server.ConfigureAwait(false))
        {
            Tell(session, $"{server.Source} (PostgreSQL {server.ServerVersion}).");
            var database = await server.CreateEmptyDatabaseAsync(cancellationToken).ConfigureAwait(false);
            await using (database.ConfigureAwait(false))
            {
                return await RunAsync(session, parsed, options, plan, database.ConnectionString, own: true, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private static async Task<PoolReport> RunAsync(
        Session session, ParseResult parsed, BenchOptions options, PoolPlan plan, string connection, bool own, CancellationToken cancellationToken)
    {
        var server = new MigrationServer(connection, session.ShowsValues, session.AskPassword);
        var database = await BenchDatabase.ConnectAsync(
            server, connection, TimeSpan.FromSeconds(parsed.GetValue(session.Options.Wait)), session.Progress, cancellationToken).ConfigureAwait(false);
        await using var dropping = database.ConfigureAwait(false);
        plan = options.Fit(plan, parsed, database.Limits.Free, note => Tell(session, note));
        Tell(session, $"{database.Where}: the load runs on the schema {database.Schema}, which is made now and dropped at the end. " +
            (own ? "" : "No other table is read or written, but whoever uses the server feels the load."));
        var workload = await database.FillAsync(cancellationToken).ConfigureAwait(false);
        if (database.LeftoversRemoved > 0)
        {
            Tell(session, $"Removed what {Screen.Count(database.LeftoversRemoved, "killed run")} had left behind.");
        }

        Tell(session, $"{Screen.Count(plan.PointCount, "point")} of {plan.Warmup.TotalSeconds:0} + {plan.Duration.TotalSeconds:0} s" +
            (plan.Rates is null ? $", and {plan.PoolSizes.Count} to find the saturation" : "") +
            $": about {(plan.Estimate < TimeSpan.FromMinutes(1) ? $"{plan.Estimate.TotalSeconds:0} s" : Screen.Duration(plan.Estimate))}; up to {LoadGenerator.WaitLimit.TotalSeconds:0} s more at each that is more than the pool carries.");
        var (points, saturation) = await new PoolSweep(database, plan, line => Tell(session, line)).RunAsync(workload, cancellationToken).ConfigureAwait(false);
        var recommendation = Recommendation.Choose(points, plan.P99);
        var (text, passwordLeftOut) = Recommendation.ConnectionString(own ? null : ConnectionText.Parse(connection), recommendation.Best.PoolSize);
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
        return plan.Output is { } folder ? await PoolFiles.WriteAsync(report, folder, session.Host.Directory, cancellationToken).ConfigureAwait(false) : report;
    }

    // On standard error, also when a person reads: the table alone is the result.
    private static void Tell(Session session, string line) => session.Error.WriteLine(line.TrimEnd());
}
