namespace AutoStack.Data.Postgres;

/// <summary>Runs work outside the request, span and ambient transaction of the caller.</summary>
internal static class Background
{
    public static Task Run(Func<Task> work)
    {
        if (ExecutionContext.IsFlowSuppressed())
        {
            return Task.Run(work, CancellationToken.None);
        }

        using var flow = ExecutionContext.SuppressFlow();
        return Task.Run(work, CancellationToken.None);
    }
}
