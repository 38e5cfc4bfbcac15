using System.Diagnostics;
using AutoStack.Data.Accounts;
using Microsoft.Extensions.DependencyInjection;

namespace AutoStack.Data.Tests.Hosts;

/// <summary>Measures what a token costs, as ratios of one run; runs by its name only.</summary>
[NonParallelizable]
[Explicit("measures times")]
public sealed class TokenCostTests : ReplicationTests
{
    private const int Rounds = 2000;

    [Test]
    public async Task A_token_on_a_write_and_on_a_read()
    {
        await using var servers = await StartAsync();
        await using var host = HostOf(servers);
        var (work, standby) = (host.GetRequiredService<IUnitOfWork>(), host.GetRequiredService<IStandbyReads>());
        var (user, token) = await work.RunForTokenAsync((tx, ct) => tx.Get<IUserRepository>().AddAsync(NewUser(), ct), Token);
        await servers.UntilAppliedAsync(Token);
        var position = ReadToken.Parse((string)(await OnPrimaryAsync(servers, "SELECT pg_current_wal_insert_lsn()::text"))!);
        await servers.UntilAppliedAsync(Token);
        var preferences = new UserPatch { Name = "Ada" };
        (string Name, Func<Task> Call)[] calls =
        [
            ("unit of work", () => work.RunAsync((tx, ct) => tx.Get<IUserRepository>().UpdateAsync(user.Id, preferences, null, ct), Token)),
            ("unit of work for a token",
                () => work.RunForTokenAsync((tx, ct) => tx.Get<IUserRepository>().UpdateAsync(user.Id, preferences, null, ct), Token)),
            ("single write", () => host.GetRequiredService<IUserRepository>().UpdateAsync(user.Id, preferences, null, Token)),
            ("read on the primary", () => host.GetRequiredService<IUserRepository>().FindAsync(user.Id, Token)),
            ("read on the standby", () => standby.Get<IUserRepository>().FindAsync(user.Id, Token)),
            ("read on the standby with a token", () => standby.AtLeast(token).Get<IUserRepository>().FindAsync(user.Id, Token)),
            ("read on the standby with a position", () => standby.AtLeast(position).Get<IUserRepository>().FindAsync(user.Id, Token)),
        ];

        var times = calls.Select(_ => new double[Rounds]).ToList();
        for (var round = -200; round < Rounds; round++)
        {
            for (var i = 0; i < calls.Length; i++)
            {
                var started = Stopwatch.GetTimestamp();
                await calls[i].Call();
                if (round >= 0)
                {
                    times[i][round] = Stopwatch.GetElapsedTime(started).TotalMicroseconds;
                }
            }
        }

        for (var i = 0; i < calls.Length; i++)
        {
            TestContext.Out.WriteLine($"{calls[i].Name}: median {times[i].Order().ElementAt(Rounds / 2):0} µs");
        }
    }
}
