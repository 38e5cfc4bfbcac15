using AutoStack.Data.Accounts;
using Microsoft.Extensions.DependencyInjection;

namespace AutoStack.Data.Tests.Hosts;

public sealed class StandbyReadTests : ReplicationTests
{
    [Test]
    public async Task Reads_run_on_the_standby_and_writes_on_the_primary()
    {
        await using var servers = await StartAsync();
        await using var host = HostOf(servers);
        var (users, standby) = (host.GetRequiredService<IUserRepository>(), host.GetRequiredService<IStandbyReads>());

        var user = await users.AddAsync(NewUser(), Token);
        await servers.UntilAppliedAsync(Token);
        await OnStandbyAsync(servers, "SELECT pg_wal_replay_pause()");
        await users.UpdateAsync(user.Id, new UserPatch { Name = "Ada L." }, null, Token);

        // The standby, held back, has the former name; a read on the primary has the new one.
        Assert.That((await standby.Get<IUserRepository>().FindAsync(user.Id, Token))!.Name, Is.EqualTo("Ada"));
        Assert.That((await users.FindAsync(user.Id, Token))!.Name, Is.EqualTo("Ada L."));
    }

    [Test]
    public async Task No_read_with_a_token_is_stale_on_a_standby_that_applies_late()
    {
        await using var servers = await StartAsync(applyDelay: 30);
        await using var host = HostOf(servers, options => options.StandbyWait = TimeSpan.FromSeconds(10));
        var (work, standby) = (host.GetRequiredService<IUnitOfWork>(), host.GetRequiredService<IStandbyReads>());
        var (stale, staleWithoutToken, staleByPosition) = (0, 0, 0);

        for (var i = 0; i < 50; i++)
        {
            var (user, token) = await work.RunForTokenAsync((tx, ct) => tx.Get<IUserRepository>().AddAsync(NewUser(), ct), Token);
            Assert.That(ReadToken.Parse(token.ToString()), Is.EqualTo(token).And.Not.EqualTo(ReadToken.None));
            staleWithoutToken += await standby.Get<IUserRepository>().FindAsync(user.Id, Token) is null ? 1 : 0;
            stale += await standby.AtLeast(token).Get<IUserRepository>().FindAsync(user.Id, Token) is null ? 1 : 0;

            var other = await host.GetRequiredService<IUserRepository>().AddAsync(NewUser(), Token);
            var position = ReadToken.Parse((string)(await OnPrimaryAsync(servers, "SELECT pg_current_wal_insert_lsn()::text"))!);
            staleByPosition += await standby.AtLeast(position).Get<IUserRepository>().FindAsync(other.Id, Token) is null ? 1 : 0;
        }

        TestContext.Out.WriteLine(
            $"stale reads of 50: {stale} with a token, {staleByPosition} with a position, {staleWithoutToken} without");
        Assert.That((stale, staleByPosition), Is.EqualTo((0, 0)));
        Assert.That(staleWithoutToken, Is.GreaterThan(0), "The standby is not late: the test shows nothing.");
    }

    [Test]
    public async Task A_read_that_waits_too_long_is_answered_by_the_primary()
    {
        await using var servers = await StartAsync();
        await using var host = HostOf(servers);
        var (work, standby) = (host.GetRequiredService<IUnitOfWork>(), host.GetRequiredService<IStandbyReads>());
        await OnStandbyAsync(servers, "SELECT pg_wal_replay_pause()");

        var (user, token) = await work.RunForTokenAsync((tx, ct) => tx.Get<IUserRepository>().AddAsync(NewUser(), ct), Token);

        Assert.That(await standby.Get<IUserRepository>().FindAsync(user.Id, Token), Is.Null);
        Assert.That(await standby.AtLeast(token).Get<IUserRepository>().FindAsync(user.Id, Token), Is.Not.Null);
    }

    [Test]
    public async Task A_hostile_token_is_answered_by_the_primary()
    {
        await using var servers = await StartAsync();
        await using var host = HostOf(servers);
        var users = host.GetRequiredService<IUserRepository>();
        var user = await users.AddAsync(NewUser(), Token);
        var standby = host.GetRequiredService<IStandbyReads>();

        foreach (var text in new[] { "1", "2", "3", "9999999999", "18446744073709551615", "FFFFFFFF/FFFFFFFF", "0/0", "0/1" })
        {
            var found = await standby.AtLeast(ReadToken.Parse(text)).Get<IUserRepository>().FindAsync(user.Id, Token);
            Assert.That(text is "1" or "2" or "3" or "0/0" or "0/1" || found is not null, Is.True, text);
        }

        // The status of a transaction that ended long ago is forgotten.
        await OnPrimaryAsync(servers, "CREATE TABLE long_ago (id int)");
        await servers.UntilAppliedAsync(Token);
        Assert.That(await standby.AtLeast(ReadToken.Parse("3")).Get<IUserRepository>().FindAsync(user.Id, Token), Is.Not.Null);
    }

    [Test]
    public async Task The_primary_answers_while_the_standby_is_away()
    {
        await using var servers = await StartAsync();
        await using var host = HostOf(servers);
        var user = await host.GetRequiredService<IUserRepository>().AddAsync(NewUser(), Token);
        await servers.UntilAppliedAsync(Token);
        var reads = host.GetRequiredService<IStandbyReads>().Get<IUserRepository>();
        Assert.That(await reads.FindAsync(user.Id, Token), Is.Not.Null);

        // The pooled connection is dead by then.
        await servers.StopStandbyAsync(Token);
        for (var i = 0; i < 20; i++)
        {
            Assert.That(await reads.FindAsync(user.Id, Token), Is.Not.Null);
            await Task.Delay(100, Token);
        }
    }

    [Test]
    public async Task The_primary_answers_while_the_standby_hangs()
    {
        await using var servers = await StartAsync();
        await using var host = HostOf(servers);
        var user = await host.GetRequiredService<IUserRepository>().AddAsync(NewUser(), Token);
        await servers.UntilAppliedAsync(Token);
        var reads = host.GetRequiredService<IStandbyReads>().Get<IUserRepository>();
        Assert.That(await reads.FindAsync(user.Id, Token), Is.Not.Null);

        await servers.FreezeStandbyAsync(Token);

        // The driver trusts what it knows of a host for a second; a read that is sent in that time waits for the hung standby.
        await Task.Delay(1100, Token);
        Assert.That(await reads.FindAsync(user.Id, Token), Is.Not.Null);
    }

    [Test]
    public async Task The_primary_answers_what_the_standby_lacks()
    {
        await using var servers = await StartAsync();
        await using var host = HostOf(servers);
        var user = await host.GetRequiredService<IUserRepository>().AddAsync(NewUser(), Token);
        await servers.UntilAppliedAsync(Token);
        await OnPrimaryAsync(servers, "ALTER TABLE users RENAME TO users_of_old");
        await servers.UntilAppliedAsync(Token);
        await OnStandbyAsync(servers, "SELECT pg_wal_replay_pause()");
        await OnPrimaryAsync(servers, "ALTER TABLE users_of_old RENAME TO users");

        var reads = host.GetRequiredService<IStandbyReads>().Get<IUserRepository>();
        Assert.That(await reads.FindAsync(user.Id, Token), Is.Not.Null);
    }

    [Test]
    public async Task A_standby_serves_reads_although_transactions_are_serializable_by_default()
    {
        await using var servers = await StartAsync();
        await OnPrimaryAsync(servers, "ALTER ROLE autostack SET default_transaction_isolation = 'serializable'");
        await servers.UntilAppliedAsync(Token);
        await using var host = HostOf(servers);
        var (user, token) = await host.GetRequiredService<IUnitOfWork>()
            .RunForTokenAsync((tx, ct) => tx.Get<IUserRepository>().AddAsync(NewUser(), ct), Token);

        var standby = host.GetRequiredService<IStandbyReads>();
        Assert.That(await standby.Get<IUserRepository>().FindAsync(user.Id, Token), Is.Not.Null);
        Assert.That(await standby.AtLeast(token).Get<IUserRepository>().FindAsync(user.Id, Token), Is.Not.Null);
    }
}
