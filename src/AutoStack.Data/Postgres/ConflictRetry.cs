using Polly;
using Polly.Retry;

namespace AutoStack.Data.Postgres;

/// <summary>How often, and after which pauses, work is repeated that the server ended in favour of another.</summary>
internal static class ConflictRetry
{
    /// <summary>How often work is begun again.</summary>
    public const int MaxAttempts = 5;

    /// <summary>After which pauses.</summary>
    public static Backoff Backoff { get; } = new(TimeSpan.FromMilliseconds(20), TimeSpan.FromSeconds(1));

    /// <summary>
    /// Repeats work whose statements have contradicted each other, because a row went between two of them: the next time they see that.
    /// </summary>
    /// <exception cref="ConflictException">They did so every time.</exception>
    public static async Task<T> UntilConsistentAsync<T>(Func<Task<T?>> work)
        where T : class
    {
        for (var attempt = 0; attempt < 5; attempt++)
        {
            if (await work().ConfigureAwait(false) is { } result)
            {
                return result;
            }
        }

        throw new ConflictException("The rows that a statement has found were gone for the next one, every time.");
    }

    // Pauses go by the machine's own clock: a host's fake one would never end them.
    public static ResiliencePipeline Create(Func<Exception, bool> isConflict) => new ResiliencePipelineBuilder()
        .AddRetry(new RetryStrategyOptions
        {
            ShouldHandle = new PredicateBuilder().Handle<Exception>(isConflict),
            MaxRetryAttempts = MaxAttempts,
            DelayGenerator = static retry => new(Backoff.Pause(retry.AttemptNumber)),
        })
        .Build();
}
