using Polly;
using Polly.Retry;

namespace AutoStack.Data.Internal;

/// <summary>How often, and after which pauses, work is repeated that the server ended in favour of another.</summary>
internal static class ConflictRetry
{
    // Pauses go by the machine's own clock: a host's fake one would never end them.
    public static ResiliencePipeline Create(Func<Exception, bool> isConflict) => new ResiliencePipelineBuilder()
        .AddRetry(new RetryStrategyOptions
        {
            ShouldHandle = new PredicateBuilder().Handle<Exception>(isConflict),
            MaxRetryAttempts = 5,
            Delay = TimeSpan.FromMilliseconds(20),
            BackoffType = DelayBackoffType.Exponential,
            UseJitter = true,
        })
        .Build();
}
