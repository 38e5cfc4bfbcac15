using System.Diagnostics;
using AutoStack.Data.Accounts;
using AutoStack.Data.Deployments;
using AutoStack.Data.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace AutoStack.Data.Tests.Hosts;

public sealed class FailoverTests : ReplicationTests
{
    [TestCase("killed")]
    [TestCase("hung")]
    public async Task Writes_go_on_at_a_promoted_standby_and_lose_nothing_acknowledged(string primary)
    {
        await using var servers = await StartAsync(isSynchronous: true);
        await using var host = HostOf(servers, options => options.OperationTimeout = TimeSpan.FromSeconds(8));
        var users = host.GetRequiredService<IUserRepository>();
        await users.AddAsync(NewUser(), Token);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var acknowledged = new List<(Guid Id, long At)>[4];
        var longest = new TimeSpan[4];
        var writers = Enumerable.Range(0, 4).Select(WriteAsync).ToList();
        await Task.Delay(1000, Token);

        await (primary == "hung" ? servers.FreezePrimaryAsync(Token) : servers.KillPrimaryAsync(Token));
        await Task.Delay(3000, Token);
        await servers.PromoteAsync(Token);
        var promoted = Stopwatch.GetTimestamp();
        while (!acknowledged.All(own => own.Count > 0 && own[^1].At > promoted))
        {
            await Task.Delay(20, Token);
        }

        await stop.CancelAsync();
        await Task.WhenAll(writers);
        var after = acknowledged.SelectMany(own => own).Where(write => write.At > promoted).Min(write => write.At);
        TestContext.Out.WriteLine(
            $"{primary}: {acknowledged.Sum(own => own.Count)} writes; the first one {Stopwatch.GetElapsedTime(promoted, after).TotalSeconds:0.00} s "
            + $"after the promotion; the longest call {longest.Max().TotalSeconds:0.00} s");
        var stored = (Guid[])(await OnStandbyAsync(servers, "SELECT array_agg(id) FROM users"))!;
        Assert.That(acknowledged.SelectMany(own => own).Select(write => write.Id).Except(stored), Is.Empty);

        Task WriteAsync(int index)
        {
            var own = acknowledged[index] = [];
            return Task.Run(async () =>
            {
                while (!stop.IsCancellationRequested)
                {
                    var started = Stopwatch.GetTimestamp();
                    try
                    {
                        var user = await users.AddAsync(NewUser(), CancellationToken.None);
                        own.Add((user.Id, Stopwatch.GetTimestamp()));
                    }
                    catch (DatabaseUnavailableException)
                    {
                        // The next write is another user.
                    }

                    var took = Stopwatch.GetElapsedTime(started);
                    longest[index] = took > longest[index] ? took : longest[index];
                    await Task.Delay(10, CancellationToken.None);
                }
            });
        }
    }
}
