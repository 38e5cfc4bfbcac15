using AutoStack.Data.FaultTests.Ledgers;

namespace AutoStack.Data.FaultTests.Workload;

/// <summary>A caller that calls the library again and again, and repeats its own calls as the documentation of errors allows.</summary>
internal abstract class Caller(string name, Service service, Ledger ledger, int seed)
{
    // An upper limit for a broken laboratory only; no outage lasts nearly as long.
    private static readonly TimeSpan RepeatFor = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    public string Name { get; } = name;

    protected Service Service { get; } = service;

    protected Ledger Ledger { get; } = ledger;

    /// <summary>Used by this caller's one task only.</summary>
    protected Random Random { get; } = new(seed);

    /// <summary>Calls until <paramref name="ending"/> is cancelled; the last call is brought to its end.</summary>
    public async Task RunAsync(CancellationToken ending)
    {
        while (!ending.IsCancellationRequested)
        {
            await TurnAsync(ending);
            await Task.Delay(Random.Next(5, 40), CancellationToken.None);
        }
    }

    protected abstract Task TurnAsync(CancellationToken ending);

    protected bool OneOf(int number) => Random.Next(number) == 0;

    protected static Guid NewId() => Guid.CreateVersion7();

    protected Task<Result<T>> TryAsync<T>(string operation, Func<Task<T>> call) => Ledger.TryAsync(Name, operation, call);

    /// <summary>Inserts a row under an id of the caller's; repeats an unknown call, except every eighth, which stays unknown.</summary>
    protected Task<Result<T>> InsertAsync<T>(string operation, Effect effect, Func<Task<T>> call) =>
        InsertAsync(operation, [effect], call);

    protected async Task<Result<T>> InsertAsync<T>(string operation, IReadOnlyList<Effect> effects, Func<Task<T>> call)
    {
        var isPatient = !OneOf(8);
        return await RepeatAsync(operation, call, result =>
        {
            foreach (var effect in effects)
            {
                effect.Attempts.Add(result.Verdict);
            }

            return isPatient;
        });
    }

    /// <summary>Calls until an answer comes.</summary>
    /// <param name="operation">The method.</param>
    /// <param name="call">The call.</param>
    /// <param name="attempted">Told of each attempt; says whether an unknown one is repeated.</param>
    protected async Task<Result<T>> RepeatAsync<T>(string operation, Func<Task<T>> call, Func<Result<T>, bool>? attempted = null)
    {
        var until = Ledger.Now + RepeatFor;
        while (true)
        {
            var result = await TryAsync(operation, call);
            var goesOn = attempted?.Invoke(result) ?? true;
            if (result.Verdict is not (Verdict.Unknown or Verdict.NotStored) || !goesOn || Ledger.Now > until)
            {
                return result;
            }

            await Task.Delay(Pause);
        }
    }
}
