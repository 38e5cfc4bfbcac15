using AutoStack.Data.Benchmarks.EntityFramework;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace AutoStack.Data.Benchmarks;

/// <summary>
/// What is compared, each over a pool of its own. The settings are the same, but for those that the library adds to its pool.
/// </summary>
internal sealed class Subjects : IAsyncDisposable
{
    public const string Npgsql = "Npgsql";
    public const string NpgsqlTuned = "Npgsql tuned";
    public const string Copy = "Npgsql COPY";
    public const string Library = "AutoStack.Data";
    public const string Dapper = "Dapper";
    public const string EfCore = "EF Core";
    public const string EfCoreCompiled = "EF Core compiled";

    private readonly ServiceProvider provider;
    private readonly NpgsqlDataSource efSource;
    private readonly PooledDbContextFactory<AutoStackContext> contexts;

    public Subjects(string connectionString)
    {
        Raw = NpgsqlDataSource.Create(connectionString);
        Tuned = NpgsqlDataSource.Create(new AutoStackDataOptions { ConnectionString = connectionString }.ToConnectionString());
        provider = new ServiceCollection().AddAutoStackData(connectionString).AddAutoStackDataWorkers().BuildServiceProvider();
        efSource = NpgsqlDataSource.Create(connectionString);
        contexts = new PooledDbContextFactory<AutoStackContext>(
            new DbContextOptionsBuilder<AutoStackContext>()
                .UseNpgsql(efSource)
                .UseQueryTrackingBehavior(QueryTrackingBehavior.NoTracking)
                .Options);
    }

    /// <summary>The driver itself, and what Dapper runs on.</summary>
    public NpgsqlDataSource Raw { get; }

    /// <summary>The driver with all settings of the library's own pool: beside it, what the library's code costs.</summary>
    public NpgsqlDataSource Tuned { get; }

    /// <summary>The library, as a host gets it.</summary>
    public T Get<T>()
        where T : notnull => provider.GetRequiredService<T>();

    /// <summary>A context as a request gets one: from a pool, without tracking.</summary>
    public AutoStackContext CreateContext() => contexts.CreateDbContext();

    public async ValueTask DisposeAsync()
    {
        await provider.DisposeAsync();
        await Raw.DisposeAsync();
        await Tuned.DisposeAsync();
        await efSource.DisposeAsync();
    }
}
