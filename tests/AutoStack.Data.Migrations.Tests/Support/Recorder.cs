namespace AutoStack.Data.Migrations.Tests.Support;

/// <summary>Records a migrator's events in order and at once, unlike <see cref="Progress{T}"/>.</summary>
internal sealed class Recorder(Action<MigrationEvent>? then = null) : IProgress<MigrationEvent>
{
    private readonly List<MigrationEvent> events = [];
    private readonly TaskCompletionSource<WaitingForLock> waiting = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when the migrator reports that it waits for another one.</summary>
    public Task<WaitingForLock> Waiting => waiting.Task;

    public IReadOnlyList<MigrationEvent> Events => events;

    public void Report(MigrationEvent value)
    {
        events.Add(value);
        if (value is WaitingForLock wait)
        {
            waiting.TrySetResult(wait);
        }

        then?.Invoke(value);
    }
}
