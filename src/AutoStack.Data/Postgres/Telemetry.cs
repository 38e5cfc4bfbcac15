using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace AutoStack.Data.Postgres;

/// <summary>
/// Traces and measures the calls of one database by OpenTelemetry's conventions for databases, and logs what an operator must know. Never a
/// parameter.
/// </summary>
/// <param name="logger">The log.</param>
/// <param name="slowThreshold">The duration from which a call is logged as slow.</param>
/// <param name="pool">The name of the pool in metrics.</param>
/// <param name="database">The name of the database; null when it is not known.</param>
internal sealed partial class Telemetry(ILogger logger, TimeSpan slowThreshold, string pool, string? database)
{
    private const string System = "postgresql";

    /// <summary>The meter of all metrics of the library.</summary>
    public static Meter Meter { get; } = new(AutoStackDataTelemetry.MeterName);

    private static readonly ActivitySource Source = new(AutoStackDataTelemetry.ActivitySourceName);

    // The boundaries that OpenTelemetry's conventions for databases name; its default ones are for milliseconds.
    private static readonly InstrumentAdvice<double> Seconds = new()
    {
        HistogramBucketBoundaries = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10],
    };

    private static readonly Histogram<double> Duration = Meter.CreateHistogram<double>(
        "db.client.operation.duration", "s", "Duration of database operations, including the wait for a connection.",
        advice: Seconds);

    private static readonly Histogram<double> WaitTime = Meter.CreateHistogram<double>(
        "db.client.connection.wait_time", "s", "Time that a call waited for an open connection.",
        advice: Seconds);

    private static readonly Histogram<double> UseTime = Meter.CreateHistogram<double>(
        "db.client.connection.use_time", "s", "Time between the acquisition of a connection and its release.",
        advice: Seconds);

    private static readonly Counter<long> Repetitions = Meter.CreateCounter<long>(
        "autostack.data.repetitions", "{repetition}", "Calls that were sent again, and connections that were opened again, by reason.");

    private static readonly Counter<long> Losses = Meter.CreateCounter<long>(
        "autostack.data.connections.lost", "{connection}", "Connections that were lost while a call used them.");

    private static readonly Counter<long> Clears = Meter.CreateCounter<long>(
        "autostack.data.pool.clears", "{clear}", "Times that the idle connections of a pool were closed.");

    private static readonly Counter<long> Deadlines = Meter.CreateCounter<long>(
        "autostack.data.deadlines.exceeded", "{call}", "Calls that ended at their time limit.");

    private readonly Outage outage = new(exception => LogLost(logger, exception), () => LogBack(logger));
    private readonly KeyValuePair<string, object?> poolName = new("db.client.connection.pool.name", pool);

    /// <summary>Leaves out the driver's span of a call while a listener traces the library's, which says the same.</summary>
    public static void WithoutDoubledSpans(NpgsqlTracingOptionsBuilder tracing) => tracing
        .ConfigureCommandFilter(_ => !Source.HasListeners())
        .ConfigureBatchFilter(_ => !Source.HasListeners())
        .ConfigureCopyOperationFilter(_ => !Source.HasListeners());

    /// <summary>Begins the span of a call; does nothing while no listener traces.</summary>
    /// <param name="call">The call.</param>
    /// <param name="statements">The statements; none for a unit of work.</param>
    public void Start(Call call, Statement[] statements) => Start(call, ActivityKind.Client, statements);

    /// <inheritdoc cref="Start(Call, Statement[])"/>
    public void Start(Call call, ActivityKind kind, Statement[] statements)
    {
        if (!Source.HasListeners())
        {
            return;
        }

        var operation = call.Operation.ToString();
        call.Activity = Source.StartActivity(operation, kind);
        if (call.Activity is { IsAllDataRequested: true } activity)
        {
            activity.SetTag("db.system.name", System).SetTag("db.namespace", database).SetTag("db.operation.name", operation);
            activity.SetTag("db.collection.name", call.Operation.Subject.Table);
            if (statements.Length > 0)
            {
                activity.SetTag("db.query.text", string.Join(";\n", statements.Select(s => s.Sql)));
            }
        }
    }

    /// <summary>Ends the span of a call, and measures the call.</summary>
    public void Stop(Call call, Exception? failure)
    {
        if (failure is null)
        {
            outage.Succeeded();
        }

        var elapsed = Stopwatch.GetElapsedTime(call.Started);
        if (Duration.Enabled)
        {
            Duration.Record(elapsed.TotalSeconds, TagsOf(call, failure));
        }

        if (elapsed >= slowThreshold)
        {
            var wait = Stopwatch.GetElapsedTime(0, call.Waited).TotalMilliseconds;
            LogSlow(logger, call.Operation.ToString(), elapsed.TotalMilliseconds, wait, call.Rows);
        }

        StopSpan(call, failure);
    }

    /// <summary>Ends the span of a unit of work; its statements and its commit are measured on their own.</summary>
    public static void StopSpan(Call call, Exception? failure)
    {
        if (call.Activity is not { } activity)
        {
            return;
        }

        if (call.Server.Host is { } host)
        {
            activity.SetTag("server.address", host).SetTag("server.port", call.Server.Port);
        }

        if (failure is not null)
        {
            activity.SetTag("db.response.status_code", SqlStateOf(failure)).SetTag("error.type", ErrorTypeOf(failure));
            activity.SetStatus(ActivityStatusCode.Error, failure.GetType().Name);
        }

        activity.Dispose();
    }

    /// <summary>Measures the wait of a call for its connection.</summary>
    public void Waited(Call call)
    {
        if (WaitTime.Enabled)
        {
            WaitTime.Record(Stopwatch.GetElapsedTime(0, call.Waited).TotalSeconds, poolName);
        }
    }

    /// <summary>Measures the use of a connection.</summary>
    public void Used(Call call)
    {
        if (UseTime.Enabled)
        {
            UseTime.Record(call.Held.TotalSeconds, poolName);
        }
    }

    /// <summary>Counts that the idle connections were closed.</summary>
    public void Cleared() => Clears.Add(1, poolName);

    /// <summary>Counts a call that its caller waited for in vain.</summary>
    public void Expired() => Deadlines.Add(1, poolName);

    /// <summary>Counts and logs the loss of a connection.</summary>
    public void Lost(Exception exception)
    {
        Losses.Add(1, poolName);
        outage.Failed(exception);
    }

    /// <summary>Logs that no connection could be opened, and counts the repetition.</summary>
    public void NotOpened(Exception exception, bool isRepeated)
    {
        if (SqlErrors.IsUnreachable(exception))
        {
            outage.Failed(exception);
        }

        if (isRepeated)
        {
            Repetitions.Add(1, poolName, new("reason", "not_opened"));
        }
    }

    /// <summary>Counts a call that is sent again.</summary>
    public void Repeated(Exception exception, bool isLost) =>
        Repetitions.Add(1, poolName, new("reason", isLost ? "lost_connection" : SqlErrors.IsConflict(exception) ? "conflict" : "session"));

    /// <summary>Logs that a call uses its connection for long.</summary>
    public void HeldLong(string name, TimeSpan time) => LogHeld(logger, name, time.TotalSeconds);

    private static string? SqlStateOf(Exception failure) =>
        (failure as PostgresException ?? failure.InnerException as PostgresException)?.SqlState;

    private static string ErrorTypeOf(Exception failure) => SqlStateOf(failure) ?? failure.GetType().FullName!;

    private TagList TagsOf(Call call, Exception? failure)
    {
        var tags = new TagList
        {
            { "db.system.name", System },
            { "db.namespace", database },
            { "db.operation.name", call.Operation.ToString() },
        };
        if (call.Operation.Subject.Table is { } table)
        {
            tags.Add("db.collection.name", table);
        }

        if (call.Server.Host is { } host)
        {
            tags.Add("server.address", host);
            tags.Add("server.port", call.Server.Port);
        }

        if (failure is not null)
        {
            if (SqlStateOf(failure) is { } state)
            {
                tags.Add("db.response.status_code", state);
            }

            tags.Add("error.type", ErrorTypeOf(failure));
        }

        return tags;
    }

    [LoggerMessage(1, LogLevel.Warning,
        "{Operation} took {Milliseconds:0} ms, of which {WaitMilliseconds:0} ms were spent waiting for a connection; {Rows} rows.")]
    private static partial void LogSlow(ILogger logger, string operation, double milliseconds, double waitMilliseconds, int rows);

    [LoggerMessage(5, LogLevel.Warning, "The connection to the database was lost, or none can be opened.")]
    private static partial void LogLost(ILogger logger, Exception exception);

    [LoggerMessage(6, LogLevel.Information, "The database answers again.")]
    private static partial void LogBack(ILogger logger);

    [LoggerMessage(7, LogLevel.Warning, "{Operation} has held a connection for {Seconds:0.#} s.")]
    private static partial void LogHeld(ILogger logger, string operation, double seconds);
}
