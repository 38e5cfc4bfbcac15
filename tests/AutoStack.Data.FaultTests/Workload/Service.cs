using System.Runtime.CompilerServices;
using AutoStack.Data.FaultTests.Sites;
using Microsoft.Extensions.DependencyInjection;

namespace AutoStack.Data.FaultTests.Workload;

/// <summary>One service that uses the library, with a pool and a log writer of its own.</summary>
internal sealed class Service(Site site, string name) : IAsyncDisposable
{
    /// <summary>What the application names of the library's connections begin with.</summary>
    public const string Prefix = "service ";

    /// <summary>The time after which each call has ended.</summary>
    public static readonly TimeSpan Deadline = TimeSpan.FromSeconds(10);

    private ServiceProvider? provider = new ServiceCollection()
        .AddAutoStackData(options =>
        {
            options.ConnectionString = site.ConnectionStringOf(Prefix + name);
            options.Pooler = site.Pooler;
            options.MinPoolSize = 1;
            options.MaxPoolSize = 20;
            options.CommandTimeout = TimeSpan.FromSeconds(5);
            options.OperationTimeout = Deadline;
            options.Accounts.ResetInterval = TimeSpan.Zero;
        })
        .AddAutoStackDataWorkers()
        .BuildServiceProvider();

    public string Name { get; } = name;

    public T Get<T>()
        where T : notnull => provider!.GetRequiredService<T>();

    /// <summary>Whether something still holds the library's objects after disposal: a task that runs, a timer, a socket.</summary>
    public async Task<bool> IsHeldAfterDisposalAsync(TimeSpan limit)
    {
        var held = await DisposeAndForgetAsync();
        for (var waited = TimeSpan.Zero; waited < limit && held.Any(reference => reference.IsAlive); waited += Step)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            await Task.Delay(Step);
        }

        return held.Any(reference => reference.IsAlive);
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref provider, null) is { } ending)
        {
            await ending.DisposeAsync();
        }
    }

    private static TimeSpan Step => TimeSpan.FromMilliseconds(50);

    private async Task<WeakReference[]> DisposeAndForgetAsync()
    {
        var held = References();
        await DisposeAsync();
        return held;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private WeakReference[] References() =>
    [
        new(Get<Logs.IDeploymentLogWriter>()),
        new(Get<Logs.IDeploymentLogFollower>()),
        new(Get<Deployments.IDeploymentQueueWatcher>()),
        new(Get<IUnitOfWork>()),
    ];
}
