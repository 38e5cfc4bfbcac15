using AutoStack.Data.Accounts;
using AutoStack.Data.Analytics;
using AutoStack.Data.Migrations;
using AutoStack.Data.Retention;
using AutoStack.Data.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace AutoStack.Data.Tests.Conventions;

/// <summary>
/// Neither the library nor the driver calls a function or operator that is planted in <c>public</c> under a name of PostgreSQL's own.
/// </summary>
public sealed class ShadowedCalls : DatabaseTests
{
    private (Guid OwnerId, Guid ProjectId, Guid DeploymentId) ids;

    [OneTimeSetUp]
    public async Task PlantAsync()
    {
        TestServer.Require(15, "before, planting tens of thousands of objects takes more than five minutes.");
        var deployment = await EnqueueAsync();
        ids = (deployment.UserId, deployment.ProjectId, deployment.Id);
        await using var connection = await Raw.OpenConnectionAsync(Token);
        Assert.That(await Shadows.PlantAsync(connection, ShippedStatements.Statements, Token), Is.GreaterThan(30_000));
    }

    // The reason why the library's pools load no types: PostgreSQL has no exact operator for oid = regproc.
    [Test]
    public async Task A_pool_that_loads_types_calls_a_planted_operator()
    {
        await using var loading = NpgsqlDataSource.Create(
            new NpgsqlConnectionStringBuilder(Database.ConnectionString) { ApplicationName = "loads types", Pooling = false });

        var failure = Assert.ThrowsAsync<PostgresException>(async () => await loading.OpenConnectionAsync(Token))!;

        Assert.That(failure.MessageText, Is.EqualTo("captured"));
        await ExecuteAsync("SELECT pg_catalog.setval('public.captured'::regclass, 1, false)");
    }

    [Test]
    public async Task Analytics_preferences_and_retention_call_no_planted_function()
    {
        await using var provider = new ServiceCollection()
            .AddAutoStackData(Database.ConnectionString).AddAutoStackDataWorkers().BuildServiceProvider();
        var range = new TimeRange(DateTimeOffset.UtcNow.AddDays(-20), DateTimeOffset.UtcNow);

        var dashboard = await provider.GetRequiredService<IDashboardQueries>().SummarizeAsync(ids.OwnerId, Token);
        Assert.That(dashboard.Total.Deployments, Is.EqualTo(1));
        var trends = provider.GetRequiredService<IDeploymentTrendQueries>();
        Assert.That(await trends.ListPerDayAsync(ids.OwnerId, ids.ProjectId, range, Token), Is.Not.Empty);
        Assert.That(await trends.ListSuccessPerWeekAsync(ids.OwnerId, null, range, Token), Is.Not.Empty);
        Assert.That(await trends.ListDurationsPerWeekAsync(ids.OwnerId, null, range, Token), Is.Not.Empty);
        Assert.That(await trends.ListStatusesAsync(ids.OwnerId, null, range, Token), Is.Not.Empty);
        Assert.That(await trends.ListPerHourAsync(ids.OwnerId, null, range, Token), Has.Count.EqualTo(24));
        Assert.That(await provider.GetRequiredService<IPipelineQueries>().ListLatestAsync(ids.OwnerId, 5, Token), Has.Count.EqualTo(1));
        var projects = provider.GetRequiredService<IProjectAnalyticsQueries>();
        Assert.That(await projects.FindAsync(ids.ProjectId, ids.OwnerId, range, Token), Is.Not.Null);
        Assert.That(await provider.GetRequiredService<IUsageQueries>().CountActiveAsync(ids.OwnerId, Token), Is.EqualTo(1));
        Assert.That((await provider.GetRequiredService<IMetricsQueries>().MeasureAsync(Token)).Users, Is.EqualTo(1));
        await provider.GetRequiredService<IUserPreferencesRepository>().UpdateAsync(ids.OwnerId, new UserPreferencesPatch(), Token);
        Assert.That(await provider.GetRequiredService<IUserPreferencesRepository>().FindAsync(ids.OwnerId, Token), Is.Not.Null);
        Assert.That(await provider.GetRequiredService<IRetentionService>().CountAsync(new RetentionPolicy(), Token), Is.Not.Empty);

        Assert.That(await Shadows.CalledAsync(Raw, Token), Is.False);
    }

    [Test]
    public async Task Check_reports_every_planted_function_the_library_calls()
    {
        var found = (await new SchemaMigrator(Database.ConnectionString).CheckAsync(Token)).ForeignObjects;

        Assert.That(found.Select(o => o.Owner).Distinct(), Is.EqualTo(new[] { Shadows.Intruder }));
        await using var command = Raw.CreateCommand($"""
            SELECT pg_catalog.count(*)
            FROM pg_proc p
            JOIN pg_roles r ON r.oid = p.proowner
            WHERE r.rolname = '{Shadows.Intruder}' AND NOT pg_catalog.starts_with(p.proname::text, 'shadow_')
            """);
        Assert.That(
            found.Count(o => o.Name.StartsWith("function ", StringComparison.Ordinal)),
            Is.EqualTo(await command.ExecuteScalarAsync(Token)));
        Assert.That(await Shadows.CalledAsync(Raw, Token), Is.False);
    }
}
