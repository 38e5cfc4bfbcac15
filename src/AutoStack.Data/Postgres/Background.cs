namespace AutoStack.Data.Postgres;

/// <summary>Work that belongs to nobody's request, span or transaction.</summary>
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
