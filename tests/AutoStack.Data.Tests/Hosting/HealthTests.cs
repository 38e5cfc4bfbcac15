using AutoStack.Data.Accounts;
using AutoStack.Data.Health;
using AutoStack.Data.Postgres;
using AutoStack.Data.Testing;
using AutoStack.Data.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Npgsql;

namespace AutoStack.Data.Tests.Hosting;

public sealed class HealthTests : DatabaseTests
{
    [Test]
    public async Task A_service_with_a_database_is_ready_and_live()
    {
        await using var host = Host(Database.ConnectionString);

        var report = await CheckAsync(host);

        Assert.That(report.Entries.Keys, Is.EquivalentTo(new[] { "autostack-data-ready", "autostack-data-live" }));
        Assert.That(report.Entries["autostack-data-ready"].Tags, Is.EqualTo(new[] { "ready" }));
        Assert.That(report.Entries["autostack-data-live"].Tags, Is.EqualTo(new[] { "live" }));
        Assert.That(report.Status, Is.EqualTo(HealthStatus.Healthy));
    }

    [Test]
    public async Task A_keyed_database_has_checks_of_its_own()
    {
        await using var host = new ServiceCollection()
            .AddLogging()
            .AddKeyedAutoStackData("west", o => o.ConnectionString = Database.ConnectionString)
            .AddHealthChecks().AddKeyedAutoStackData("west").AddKeyedAutoStackDataPartitions("west").Services
            .BuildServiceProvider();

        var report = await CheckAsync(host);

        Assert.That(
            report.Entries.Keys,
            Is.EquivalentTo(new[] { "autostack-data-ready-west", "autostack-data-live-west", "autostack-data-partitions-west" }));
        Assert.That(report.Status, Is.EqualTo(HealthStatus.Healthy));
    }

    [Test]
    public async Task A_hung_server_makes_the_service_unready_and_leaves_it_live()
    {
        await using var proxy = new StallingProxy(Database.ConnectionString);
        await using var host = Host(proxy.ConnectionString, o => o.LogWriter.DrainTimeout = TimeSpan.Zero);
        await host.GetRequiredService<IUserRepository>().FindAsync(Guid.NewGuid(), Token);
        proxy.Stall();

        var report = await CheckAsync(host);

        Assert.That(report.Entries["autostack-data-ready"].Status, Is.EqualTo(HealthStatus.Unhealthy));
        Assert.That(report.Entries["autostack-data-ready"].Description, Is.EqualTo("The database did not answer within 2 s."));
        Assert.That(report.Entries["autostack-data-live"].Status, Is.EqualTo(HealthStatus.Healthy));
        proxy.Continue();
    }

    [TestCase(true, "The database is read-only.")]
    [TestCase(false, null)]
    public async Task A_read_only_database_is_ready_for_those_who_only_read(bool needsWrites, string? problem)
    {
        await using var host = new ServiceCollection()
            .AddLogging()
            .AddAutoStackData(o => o.ConnectionString = $"{Database.ConnectionString};Options=-c default_transaction_read_only=on")
            .AddHealthChecks().AddAutoStackData(needsWrites).Services
            .BuildServiceProvider();

        var report = await CheckAsync(host);

        Assert.That(report.Entries["autostack-data-ready"].Description, Is.EqualTo(problem));
    }

    [Test]
    public async Task A_secret_that_does_not_open_makes_the_service_unready()
    {
        var user = await AddUserAsync();
        await using (var writer = WithKeys(NewKey("lost")))
        {
            await writer.GetRequiredService<IGitHubConnectionRepository>().ConnectAsync(
                user.Id, new GitHubTokens { AccessToken = Secret.From("token") }, Token);
        }

        await using var host = Host(Database.ConnectionString);
        var report = await CheckAsync(host);

        Assert.That(
            report.Entries["autostack-data-ready"].Description,
            Does.StartWith("A secret in github_connections.github_access_token does not open. ").And.Contain("lost"));
        await ExecuteAsync("DELETE FROM github_connections WHERE user_id = $1", user.Id);
        Assert.That((await CheckAsync(host)).Status, Is.EqualTo(HealthStatus.Healthy));
    }

    [Test]
    public async Task A_loop_that_stands_still_makes_the_service_dead()
    {
        var pulse = new Pulse();
        var check = new LiveCheck(new Dictionary<string, Pulse> { ["log writer"] = pulse }, attempt: -TimeSpan.FromSeconds(30));
        var context = new HealthCheckContext { Registration = new("live", check, HealthStatus.Unhealthy, []) };

        Assert.That((await check.CheckHealthAsync(context, Token)).Status, Is.EqualTo(HealthStatus.Healthy), "It rests.");
        pulse.Beat();
        await Task.Delay(1, Token);
        var result = await check.CheckHealthAsync(context, Token);

        Assert.That(result.Status, Is.EqualTo(HealthStatus.Unhealthy));
        Assert.That(result.Description, Does.Match("^The log writer has not moved for \\d+ s\\.$"));
    }

    [Test]
    public async Task A_host_does_not_start_on_a_schema_that_is_too_old()
    {
        await using var old = await TestServer.Current.CreateDatabaseAsync();
        await ExecuteInAsync(old, $"DELETE FROM public.schema_versions WHERE version = {SchemaVersion.Required}");
        using var host = Started(old.ConnectionString);

        Assert.That(
            () => host.StartAsync(Token),
            Throws.InvalidOperationException.With.Message.EqualTo(
                $"The schema has version {SchemaVersion.Required - 1}, and the service needs {SchemaVersion.Required}: " +
                "run 'autostack-db upgrade'. AutoStackDataOptions.RequireSchema = false starts without this check."));
        using var careless = Started(old.ConnectionString, o => o.RequireSchema = false);
        await careless.StartAsync(Token);
        await careless.StopAsync(Token);
    }

    [Test]
    public async Task A_host_starts_on_a_later_schema()
    {
        await using var later = await TestServer.Current.CreateDatabaseAsync();
        await ExecuteInAsync(
            later, "INSERT INTO public.schema_versions SELECT 9999, 'later', checksum, applied_at, 1, applied_by, tool_version "
            + "FROM public.schema_versions WHERE version = 1");
        using var host = Started(later.ConnectionString);

        await host.StartAsync(Token);
        await host.StopAsync(Token);
    }

    [Test]
    public async Task A_database_without_a_journal_names_both_commands()
    {
        await using var empty = await TestServer.Current.CreateDatabaseAsync();
        await ExecuteInAsync(empty, "DROP TABLE public.schema_versions");
        using var host = Started(empty.ConnectionString);

        Assert.That(
            () => host.StartAsync(Token),
            Throws.InvalidOperationException.With.Message.Contains("autostack-db upgrade").And.Message.Contains("autostack-db adopt"));
    }

    [Test]
    public async Task A_host_starts_while_its_database_is_away()
    {
        await using var proxy = new CuttingProxy(Database.ConnectionString) { Refuse = true };
        using var host = Started(proxy.ConnectionString, o => o.OperationTimeout = TimeSpan.FromMilliseconds(200));

        await host.StartAsync(Token);
        await host.StopAsync(Token);
    }

    [Test]
    public void The_required_version_is_the_last_script()
    {
        var scripts = Path.Combine(SourceRoot.Path, "scripts", "sql");
        var last = Directory.EnumerateFiles(scripts, "????_*.sql").Max(file => int.Parse(Path.GetFileName(file)[..4], null));

        Assert.That(last, Is.EqualTo(SchemaVersion.Required));
    }

    private static ServiceProvider Host(string connectionString, Action<AutoStackDataOptions>? configure = null) =>
        new ServiceCollection()
            .AddLogging()
            .AddAutoStackData(options =>
            {
                options.ConnectionString = connectionString;
                configure?.Invoke(options);
            })
            .AddAutoStackDataWorkers()
            .AddHealthChecks().AddAutoStackData().Services
            .BuildServiceProvider();

    private static IHost Started(string connectionString, Action<AutoStackDataOptions>? configure = null)
    {
        var builder = Microsoft.Extensions.Hosting.Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddAutoStackData(options =>
        {
            options.ConnectionString = connectionString;
            configure?.Invoke(options);
        });
        return builder.Build();
    }

    private static Task<HealthReport> CheckAsync(ServiceProvider host) =>
        host.GetRequiredService<HealthCheckService>().CheckHealthAsync(Token);

    private static async Task ExecuteInAsync(TestDatabase database, string sql)
    {
        await using var connection = new NpgsqlConnection(database.ConnectionString);
        await connection.OpenAsync(Token);
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(Token);
    }
}
