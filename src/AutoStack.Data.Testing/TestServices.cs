using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace AutoStack.Data.Testing;

/// <summary>
/// The services of AutoStack.Data over a test database, those of workers included, with a clock that the test moves, and rows in one line.
/// All members are safe for concurrent use.
/// </summary>
public sealed class TestServices : IServiceProvider, IAsyncDisposable
{
    private readonly ServiceProvider provider;

    internal TestServices(string connectionString, Action<IServiceCollection>? configure)
    {
        Clock = new FakeTimeProvider(Start) { AutoAdvanceAmount = TimeSpan.FromMilliseconds(1) };
        var services = new ServiceCollection()
            .AddSingleton<TimeProvider>(Clock)
            .AddAutoStackData(connectionString)
            .AddAutoStackDataWorkers();
        configure?.Invoke(services);
        provider = services.BuildServiceProvider();
        Rows = new TestRows(provider);
    }

    /// <summary>The time of <see cref="Clock"/> at the beginning: noon of 1 January 2026, UTC.</summary>
    public static DateTimeOffset Start { get; } = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    /// <summary>
    /// The clock of the library: the times that the library stores and compares are this clock's, and no longer the database's. Each
    /// reading moves the clock by a millisecond, so that rows have an order; <c>Advance</c> moves it further.
    /// </summary>
    public FakeTimeProvider Clock { get; }

    /// <summary>Rows in one line.</summary>
    public TestRows Rows { get; }

    /// <summary>Returns a service, such as a repository.</summary>
    /// <typeparam name="T">The service.</typeparam>
    /// <returns>The service.</returns>
    /// <exception cref="InvalidOperationException">The service is not registered.</exception>
    public T Get<T>()
        where T : notnull => provider.GetRequiredService<T>();

    /// <inheritdoc/>
    public object? GetService(Type serviceType) => provider.GetService(serviceType);

    /// <summary>Disposes the services and closes their connections.</summary>
    /// <returns>A task that completes when the connections are closed.</returns>
    public ValueTask DisposeAsync() => provider.DisposeAsync();
}
