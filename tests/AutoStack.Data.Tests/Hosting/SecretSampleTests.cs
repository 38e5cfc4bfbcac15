using AutoStack.Data.Projects;
using AutoStack.Data.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace AutoStack.Data.Tests.Hosting;

/// <summary>Readiness tells keys that are wrong from rows that are damaged.</summary>
public sealed class SecretSampleTests : DatabaseTests
{
    private static readonly Guid First = Guid.Parse("00000000-0000-4000-8000-000000000001");
    private static readonly Guid Last = Guid.Parse("ffffffff-ffff-4fff-bfff-ffffffffffff");

    private readonly SecretKey key = NewKey("k1");

    [TearDown]
    public Task RemoveProjectsAsync() => ExecuteAsync("DELETE FROM projects");

    [TestCase("enc:v2:hello")]
    [TestCase("enc:v2:hello:world")]
    [TestCase("enc:v2:k1:hello")]
    [TestCase("enc:v1:k1:hello")]
    [TestCase("enc:v3:k1:hello")]
    public async Task One_row_that_does_not_open_degrades_the_service_and_is_named(string stored)
    {
        await AddProjectAsync(First, stored);

        // Alone, a text that another program stored says nothing of the keys either.
        var alone = await CheckAsync(key);
        await StoreAsync(key);
        var result = await CheckAsync(key);

        Assert.That(alone.Status, Is.EqualTo(HealthStatus.Degraded));
        Assert.That(result.Status, Is.EqualTo(HealthStatus.Degraded));
        Assert.That(
            result.Description,
            Does.StartWith("A secret in projects.env_vars does not open. ").And.Contain($"projects.env_vars of row {First} ")
                .And.Contain("It is one of 1 among 2 sampled values"));
    }

    [Test]
    public async Task A_text_over_an_encrypted_value_degrades_the_service()
    {
        await StoreAsync(key);
        await ExecuteAsync("UPDATE projects SET env_vars = 'enc:v2:hello:world'");

        Assert.That((await CheckAsync(key)).Status, Is.EqualTo(HealthStatus.Degraded));
    }

    [Test]
    public async Task A_missing_key_makes_the_service_unready_though_other_values_open()
    {
        await StoreAsync(NewKey("lost"));
        await StoreAsync(key);

        var result = await CheckAsync(key);

        Assert.That(result.Status, Is.EqualTo(HealthStatus.Unhealthy));
        Assert.That(
            result.Description, Does.EndWith("is encrypted with the key 'lost', which AutoStackDataOptions.SecretKeys does not have."));
    }

    [Test]
    public async Task A_key_that_opens_nothing_makes_the_service_unready()
    {
        await StoreAsync(key);

        var result = await CheckAsync(NewKey("k1"));

        Assert.That(result.Status, Is.EqualTo(HealthStatus.Unhealthy));
        Assert.That(result.Description, Does.Contain("does not open with the key 'k1'"));
    }

    [TestCase(2, HealthStatus.Degraded)]
    [TestCase(3, HealthStatus.Unhealthy)]
    public async Task An_old_key_that_opens_nothing_is_wrong_unless_few_rows_are_left(int rows, HealthStatus expected)
    {
        for (var i = 0; i < rows; i++)
        {
            await StoreAsync(NewKey("old"));
        }

        await StoreAsync(key);

        Assert.That((await CheckAsync(key, NewKey("old"))).Status, Is.EqualTo(expected));
    }

    [Test]
    public async Task Both_ends_of_a_table_are_sampled_and_its_middle_is_not()
    {
        var user = await AddUserAsync();
        await ExecuteAsync("""
            INSERT INTO projects (id, user_id, name, repository)
            SELECT CAST(lpad(to_hex(n), 8, '0') || '-0000-4000-8000-000000000000' AS uuid), $1, 'p' || n, 'https://github.com/a/p' || n
            FROM generate_series(1, 2400) n
            """, user.Id);
        await ExecuteAsync("UPDATE projects SET env_vars = 'enc:v2:hello' WHERE name = 'p1200'");
        Assert.That((await CheckAsync(key)).Status, Is.EqualTo(HealthStatus.Healthy));

        await AddProjectAsync(Last, "enc:v2:hello");
        Assert.That((await CheckAsync(key)).Status, Is.EqualTo(HealthStatus.Degraded));
    }

    [Test]
    public async Task A_degraded_answer_is_kept_for_ten_minutes_and_an_unready_one_is_not()
    {
        await using var host = HostWith(key);
        await StoreAsync(NewKey("lost"));
        Assert.That((await CheckAsync(host)).Status, Is.EqualTo(HealthStatus.Unhealthy));

        await ExecuteAsync("UPDATE projects SET env_vars = 'enc:v2:hello'");
        Assert.That((await CheckAsync(host)).Status, Is.EqualTo(HealthStatus.Degraded));

        await ExecuteAsync("DELETE FROM projects");
        Assert.That((await CheckAsync(host)).Status, Is.EqualTo(HealthStatus.Degraded));
        Clock.Advance(TimeSpan.FromMinutes(10));
        Assert.That((await CheckAsync(host)).Status, Is.EqualTo(HealthStatus.Healthy));
    }

    private async Task AddProjectAsync(Guid id, string stored)
    {
        var user = await AddUserAsync();
        await ExecuteAsync(
            "INSERT INTO projects (id, user_id, name, repository, env_vars) VALUES ($1, $2, 'clear', 'https://github.com/a/b', $3)",
            id, user.Id, stored);
    }

    private async Task StoreAsync(SecretKey writer)
    {
        var project = await AddProjectAsync();
        await using var host = WithKeys(writer);
        await host.GetRequiredService<IProjectEnvironmentRepository>().ReplaceAsync(
            project.Id, project.UserId, Secret.From("A=1"), Token);
    }

    private async Task<HealthReportEntry> CheckAsync(params SecretKey[] keys)
    {
        await using var host = HostWith(keys);
        return await CheckAsync(host);
    }

    private static async Task<HealthReportEntry> CheckAsync(ServiceProvider host) =>
        (await host.GetRequiredService<HealthCheckService>().CheckHealthAsync(Token)).Entries["autostack-data-ready"];

    private ServiceProvider HostWith(params SecretKey[] keys) => new ServiceCollection()
        .AddLogging()
        .AddSingleton<TimeProvider>(Clock)
        .AddAutoStackData(options =>
        {
            LibraryConnection.Set(options, Database.ConnectionString);
            foreach (var added in keys)
            {
                options.SecretKeys.Add(added);
            }
        })
        .AddHealthChecks().AddAutoStackData().Services
        .BuildServiceProvider();
}
