using System.Collections.Concurrent;
using System.Diagnostics;
using Npgsql;

namespace AutoStack.Data.FaultTests.Ledgers;

/// <summary>What all callers sent, and what they know of it. Safe for concurrent use.</summary>
internal sealed class Ledger
{
    private readonly Stopwatch clock = Stopwatch.StartNew();

    private readonly ConcurrentDictionary<string, TimeSpan> served = new();

    public TimeSpan Now => clock.Elapsed;

    public ConcurrentQueue<Call> Calls { get; } = new();

    public ConcurrentQueue<Effect> Effects { get; } = new();

    /// <summary>Rows that one unit of work stores together.</summary>
    public ConcurrentQueue<IReadOnlyList<Effect>> Units { get; } = new();

    public ConcurrentQueue<Build> Builds { get; } = new();

    public ConcurrentQueue<SignIn> SignIns { get; } = new();

    public ConcurrentQueue<PortUse> Ports { get; } = new();

    public ConcurrentDictionary<Guid, ResetUse> Resets { get; } = new();

    public ConcurrentDictionary<(Guid Deployment, string Writer), LineCount> Lines { get; } = new();

    public ConcurrentQueue<Follow> Follows { get; } = new();

    /// <summary>What callers were told although no history of faults explains it.</summary>
    public ConcurrentQueue<string> Contradictions { get; } = new();

    /// <summary>When the last acknowledged call of a caller began; zero before the first.</summary>
    public TimeSpan ServedAt(string caller) => served.GetValueOrDefault(caller);

    public Effect Expect(RowKind kind, Guid id, string mark)
    {
        var effect = new Effect(kind, id, mark);
        Effects.Enqueue(effect);
        return effect;
    }

    /// <summary>Makes one attempt, measures it, and records what is known afterwards.</summary>
    public async Task<Result<T>> TryAsync<T>(string caller, string operation, Func<Task<T>> call)
    {
        var began = clock.Elapsed;
        try
        {
            var value = await call();
            Record(Verdict.Acknowledged, failure: null);
            served[caller] = began;
            return new Result<T>(Verdict.Acknowledged, value);
        }
        catch (Exception exception) when (exception is not AssertionException)
        {
            var verdict = Judge(exception);
            Record(verdict, Describe(exception));
            return new Result<T>(verdict, default);
        }

        void Record(Verdict verdict, string? failure)
        {
            var ended = clock.Elapsed;
            Calls.Enqueue(new Call(caller, operation, ended, ended - began, verdict, failure));
        }
    }

    /// <summary>The exceptions of the library say what they know; any other may hide a commit.</summary>
    private static Verdict Judge(Exception exception) => exception switch
    {
        AutoStackDataException { OutcomeUnknown: true } => Verdict.Unknown,
        AutoStackDataException { IsTransient: true } => Verdict.NotStored,
        AutoStackDataException or ArgumentException or AbandonedException => Verdict.Refused,
        _ => Verdict.Unknown,
    };

    private static string Describe(Exception exception)
    {
        var name = exception.GetType().Name;
        return exception switch
        {
            // One code for everything that a pooler says.
            PostgresException { SqlState: PostgresErrorCodes.ProtocolViolation } pooler => $"{name} 08P01 '{pooler.MessageText}'",
            PostgresException postgres => $"{name} {postgres.SqlState}",
            { InnerException: PostgresException postgres } => $"{name} {postgres.SqlState}",
            { InnerException: { } inner } when inner is not PostgresException => $"{name} ({inner.GetType().Name})",
            _ => name,
        };
    }
}

/// <summary>The result of one attempt.</summary>
internal readonly record struct Result<T>(Verdict Verdict, T? Value)
{
    public bool IsAcknowledged => Verdict == Verdict.Acknowledged;
}

/// <summary>Thrown by a caller in its own unit of work, which then stores nothing.</summary>
internal sealed class AbandonedException : Exception;
