using AutoStack.Data.Accounts;
using AutoStack.Data.Postgres;
using AutoStack.Data.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace AutoStack.Data.Tests.Hosts;

/// <summary>
/// The primary hangs with its connections open, and the standby is promoted. Statements have no time limit here: a call that waits for the
/// former primary ends only because the library finds out.
/// </summary>
public sealed class HungPrimaryTests : ReplicationTests
{
    [Test]
    [CancelAfter(120_000)]
    public async Task Calls_that_wait_for_a_hung_primary_are_sent_to_the_promoted_standby()
    {
        await using var servers = await StartAsync(isSynchronous: true);
        await using var host = UnlimitedHostOf(servers, poolSize: 3);
        var users = host.GetRequiredService<IUserRepository>();
        await WarmAsync(users, 3);

        await servers.FreezePrimaryAsync(Token);
        var names = Enumerable.Range(0, 3).Select(_ => NewUser()).ToList();
        var writes = names.Select(user => users.AddAsync(user, Token)).ToList();
        var read = users.FindAsync(Guid.NewGuid(), CancellationToken.None);
        await servers.PromoteAsync(Token);

        foreach (var write in writes)
        {
            Assert.That(await users.FindAsync((await write).Id, Token), Is.Not.Null);
        }

        await read;
        Assert.That(await OnStandbyAsync(servers, "SELECT count(*) FROM users"), Is.EqualTo(6));
    }

    [Test]
    [CancelAfter(120_000)]
    public async Task The_second_sending_has_the_time_limit_of_an_attempt()
    {
        await using var servers = await StartAsync(isSynchronous: true);
        await using var host = HostOf(servers, options => options.CommandTimeout = TimeSpan.FromSeconds(3));
        var users = host.GetRequiredService<IUserRepository>();
        await WarmAsync(users, 1);
        await OnPrimaryAsync(servers, $"""
            CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF current_setting('port') = '{new NpgsqlConnectionStringBuilder(servers.Standby).Port}' THEN
                    PERFORM pg_sleep(600);
                END IF;
                RETURN NEW;
            END $$;
            CREATE TRIGGER slow BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION slow()
            """);
        await servers.UntilAppliedAsync(Token);

        await servers.FreezePrimaryAsync(Token);
        var write = users.AddAsync(NewUser(), CancellationToken.None);
        await servers.PromoteAsync(Token);

        // The first sending left its outcome open, and the second one does not tell.
        Assert.That(() => write, Throws.TypeOf<DatabaseUnavailableException>().With.Property("OutcomeUnknown").True);
        Assert.That(await OnStandbyAsync(servers, "SELECT count(*) FROM users"), Is.EqualTo(1));
    }

    [Test]
    [CancelAfter(120_000)]
    public async Task A_unit_of_work_on_a_hung_primary_ends_without_changes_and_its_place_in_the_pool_is_free()
    {
        await using var servers = await StartAsync(isSynchronous: true);
        await using var host = UnlimitedHostOf(servers, poolSize: 1);
        var users = host.GetRequiredService<IUserRepository>();
        await WarmAsync(users, 1);

        var inside = NewUser();
        var frozen = new TaskCompletionSource();
        var unit = host.GetRequiredService<IUnitOfWork>().RunAsync(
            async (tx, token) =>
            {
                await tx.Get<IUserRepository>().AddAsync(inside, token);
                await servers.FreezePrimaryAsync(Token);
                frozen.SetResult();
                await tx.Get<IUserRepository>().AddAsync(NewUser(), token);
            },
            CancellationToken.None);
        await frozen.Task.WaitAsync(Token);
        var waits = users.AddAsync(NewUser(), CancellationToken.None);
        await servers.PromoteAsync(Token);

        await waits;
        Assert.That(
            () => unit,
            Throws.TypeOf<DatabaseUnavailableException>().With.Property("OutcomeUnknown").False.And.Property("IsTransient").True);
        Assert.That(await OnStandbyAsync(servers, $"SELECT count(*) FROM users WHERE email = '{inside.Email}'"), Is.Zero);
    }

    [Test]
    [CancelAfter(120_000)]
    public async Task A_call_on_a_healthy_primary_may_take_its_time()
    {
        await using var servers = await StartAsync();
        await using var host = UnlimitedHostOf(servers, poolSize: 2);
        var users = host.GetRequiredService<IUserRepository>();
        var user = await users.AddAsync(NewUser(), Token);
        await using var locking = new NpgsqlConnection(servers.Primary + ";Pooling=false");
        await locking.OpenAsync(Token);
        await using var transaction = await locking.BeginTransactionAsync(Token);
        await using (var command = new NpgsqlCommand("LOCK TABLE users IN ACCESS EXCLUSIVE MODE", locking, transaction))
        {
            await command.ExecuteNonQueryAsync(Token);
        }

        var read = users.FindAsync(user.Id, CancellationToken.None);
        await Task.Delay(PrimaryWatch.Silence + TimeSpan.FromSeconds(2), Token);
        var sessions = await OnPrimaryAsync(servers, "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'");
        await transaction.CommitAsync(Token);

        Assert.That(await read, Is.Not.Null);
        Assert.That(sessions, Is.EqualTo(1), "the call was sent once");
    }

    private static ServiceProvider UnlimitedHostOf(ReplicatedServers servers, int poolSize) => HostOf(servers, options =>
    {
        options.CommandTimeout = TimeSpan.Zero;
        options.MaxPoolSize = poolSize;
    });

    // The connections are to the primary, and idle.
    private static Task WarmAsync(IUserRepository users, int connections) =>
        Task.WhenAll(Enumerable.Range(0, connections).Select(_ => users.AddAsync(NewUser(), Token)));
}
