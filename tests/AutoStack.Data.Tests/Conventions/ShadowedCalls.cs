using AutoStack.Data.Accounts;
using AutoStack.Data.Analytics;
using AutoStack.Data.Migrations;
using AutoStack.Data.Retention;
using AutoStack.Data.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace AutoStack.Data.Tests.Conventions;

/// <summary>
/// What is planted in <c>public</c> under PostgreSQL's own names is called by nothing that the library runs, the driver's own queries
/// included.
/// </summary>
public sealed class ShadowedCalls : DatabaseTests
{
    private (Guid OwnerId, Guid ProjectId, Guid DeploymentId) ids;

    [OneTimeSetUp]
    public async Task PlantAsync()
    {
        var deployment = await EnqueueAsync();
        ids = (deployment.UserId, deployment.ProjectId, deployment.Id);
        await using var connection = await Raw.OpenConnectionAsync(Token);
        Assert.That(await Shadows.PlantAsync(connection, ShippedStatements.Statements, Token), Is.GreaterThan(30_000));
    }

    // Why the library's pools load no types: oid = regproc has no operator of its own.
    [Test]
    public async Task A_pool_that_loads_types_calls_what_is_planted()
    {
        await using var loading = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(Database.ConnectionString) { ApplicationName = "loads types", Pooling = false });

        var failure = Assert.ThrowsAsync<PostgresException>(async () => await loading.OpenConnectionAsync(Token))!;

        Assert.That(failure.MessageText, Is.EqualTo("captured"));
        await ExecuteAsync("SELECT pg_catalog.setval('public.captured'::regclass, 1, false)");
    }

    [Test]
    public async Task Nothing_planted_is_called_by_analytics_preferences_and_retention()
    {
        await using var provider = new ServiceCollection().AddAutoStackData(Database.ConnectionString).AddAutoStackDataWorkers().BuildServiceProvider();
        var range = new TimeRange(DateTimeOffset.UtcNow.AddDays(-20), DateTimeOffset.UtcNow);

        Assert.That((await provider.GetRequiredService<IDashboardQueries>().SummarizeAsync(ids.OwnerId, Token)).Total.Deployments, Is.EqualTo(1));
        var trends = provider.GetRequiredService<IDeploymentTrendQueries>();
        Assert.That(await trends.ListPerDayAsync(ids.OwnerId, ids.ProjectId, range, Token), Is.Not.Empty);
        Assert.That(await trends.ListSuccessPerWeekAsync(ids.OwnerId, null, range, Token), Is.Not.Empty);
        Assert.That(await trends.ListDurationsPerWeekAsync(ids.OwnerId, null, range, Token), Is.Not.Empty);
        Assert.That(await trends.ListStatusesAsync(ids.OwnerId, null, range, Token), Is.Not.Empty);
        Assert.That(await trends.ListPerHourAsync(ids.OwnerId, null, range, Token), Has.Count.EqualTo(24));
        Assert.That(await provider.GetRequiredService<IPipelineQueries>().ListLatestAsync(ids.OwnerId, 5, Token), Has.Count.EqualTo(1));
        Assert.That(await provider.GetRequiredService<IProjectAnalyticsQueries>().FindAsync(ids.ProjectId, ids.OwnerId, range, Token), Is.Not.Null);
        Assert.That(await provider.GetRequiredService<IUsageQueries>().CountActiveAsync(ids.OwnerId, Token), Is.EqualTo(1));
        Assert.That((await provider.GetRequiredService<IPlatformMetricsQueries>().MeasureAsync(Token)).Users, Is.EqualTo(1));
        await provider.GetRequiredService<IUserPreferencesRepository>().UpdateAsync(ids.OwnerId, new UserPreferencesPatch(), Token);
        Assert.That(await provider.GetRequiredService<IUserPreferencesRepository>().FindAsync(ids.OwnerId, Token), Is.Not.Null);
        Assert.That(await provider.GetRequiredService<IRetentionService>().CountAsync(new RetentionPolicy(), Token), Is.Not.Empty);

        Assert.That(await Shadows.CalledAsync(Raw, Token), Is.False);
    }

    [Test]
    public async Task Check_names_every_planted_function_that_the_library_calls()
    {
        var found = (await new SchemaMigrator(Database.ConnectionString).CheckAsync(Token)).ForeignObjects;

        Assert.That(found.Select(o => o.Owner).Distinct(), Is.EqualTo(new[] { Shadows.Intruder }));
        await using var command = Raw.CreateCommand($"""
            SELECT pg_catalog.count(*)
            FROM pg_proc p
            JOIN pg_roles r ON r.oid = p.proowner
            WHERE r.rolname = '{Shadows.Intruder}' AND NOT pg_catalog.starts_with(p.proname::text, 'shadow_')
            """);
        Assert.That(found.Count(o => o.Name.StartsWith("function ", StringComparison.Ordinal)), Is.EqualTo(await command.ExecuteScalarAsync(Token)));
        Assert.That(await Shadows.CalledAsync(Raw, Token), Is.False);
    }
}
