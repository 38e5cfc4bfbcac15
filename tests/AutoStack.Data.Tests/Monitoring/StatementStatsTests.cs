using AutoStack.Data.Accounts;
using AutoStack.Data.Monitoring;
using Microsoft.Extensions.DependencyInjection;

namespace AutoStack.Data.Tests.Monitoring;

/// <summary>The statements of <c>pg_stat_statements</c>, named after the library's methods.</summary>
public sealed class StatementStatsTests
{
    private static CancellationToken Token => TestContext.CurrentContext.CancellationToken;

    [Test]
    public async Task Statements_are_named_after_the_methods_that_have_them()
    {
        await using var server = await WellSetServer.StartAsync(Token);
        await server.ExecuteAsync("SELECT pg_stat_statements_reset()");
        await using var provider = HostOf(server, "autostack");
        var monitor = provider.GetRequiredService<IDatabaseMonitor>();
        var users = provider.GetRequiredService<IUserRepository>();
        var user = await users.AddAsync(new NewUser { Name = "Ada", Email = "ada@example.com" }, Token);
        var before = await monitor.MeasureAsync(StatsParts.Statements, Token);
        for (var i = 0; i < 7; i++)
        {
            await users.FindAsync(user.Id, Token);
        }

        await server.ExecuteAsync("SELECT count(*) FROM users WHERE email = 'secret@example.com'");
        var stats = await monitor.MeasureAsync(StatsParts.Statements, Token);

        Assert.That(stats.NotVisible, Is.Empty);
        Assert.That(stats.StatementsResetAt, Is.Not.Null);
        Assert.That(stats.Statements!.Select(s => s.Operation), Does.Contain("UserRepository.Add").And.Contain("UserRepository.Find"));
        Assert.That(stats.Statements!.Single(s => s.Operation == "UserRepository.Find").Calls, Is.EqualTo(7));
        Assert.That(stats.Statements!.Select(s => s.Text), Does.Contain("SELECT count(*) FROM users WHERE email = ?"));

        // Of the library's own statements none is left without its method.
        Assert.That(
            stats.Statements!.Where(s => s.Operation is null && s.Text!.Contains("pg_catalog.", StringComparison.Ordinal))
                .Select(s => s.Text),
            Is.Empty);
        Assert.That(stats.Since(before).Statements.Select(s => s.Operation), Does.Not.Contain("UserRepository.Add"));

        await server.ExecuteAsync("SELECT pg_stat_statements_reset()");
        Assert.That((await monitor.MeasureAsync(StatsParts.Statements, Token)).Since(stats).Resets.Single(), Does.Contain("was reset"));

        // The text of a time depends on the session.
        var resetAt = (await monitor.MeasureAsync(StatsParts.Statements, Token)).StatementsResetAt;
        foreach (var style in new[] { "German", "SQL,DMY", "Postgres,MDY" })
        {
            await using var other = HostOf(server, "autostack", $"-c datestyle={style} -c timezone=Asia/Tokyo");
            var look = await other.GetRequiredService<IDatabaseMonitor>().MeasureAsync(StatsParts.Statements, Token);
            Assert.That(look.StatementsResetAt, Is.EqualTo(resetAt), style);
        }

        await using var app = HostOf(server, "autostack_app");
        var seen = await app.GetRequiredService<IDatabaseMonitor>().MeasureAsync(StatsParts.Statements, Token);
        Assert.That(seen.NotVisible.Single().What, Is.EqualTo("statements of other roles"));
        Assert.That(seen.Statements!.Where(s => s.Role == "autostack").Select(s => s.Text), Is.All.Null);
    }

    private static ServiceProvider HostOf(WellSetServer server, string role, string? settings = null) => new ServiceCollection()
        .AddAutoStackData(options =>
        {
            options.ConnectionString = settings is null ? server.For(role) : $"{server.For(role)};Options={settings}";
            options.MinPoolSize = 0;
        })
        .AddAutoStackDataWorkers()
        .BuildServiceProvider();
}
