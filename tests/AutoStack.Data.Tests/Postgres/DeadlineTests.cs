using System.Diagnostics;
using AutoStack.Data.Accounts;
using AutoStack.Data.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace AutoStack.Data.Tests.Postgres;

/// <summary>Every call comes back, also from a server that does not answer. The driver alone needs its 30 s and more.</summary>
public sealed class DeadlineTests : DatabaseTests
{
    private static readonly TimeSpan DriversTime = TimeSpan.FromSeconds(20);

    [Test]
    public async Task A_cancelled_read_of_a_hung_server_returns_promptly()
    {
        var user = await AddUserAsync();
        await using var proxy = new StallingProxy(Database.ConnectionString);
        await using var host = Library(proxy.ConnectionString);
        var users = host.GetRequiredService<IUserRepository>();
        await users.FindAsync(user.Id, Token);
        proxy.Stall();

        foreach (var reusesConnection in new[] { true, false })
        {
            using var source = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));
            var watch = Stopwatch.StartNew();

            var failure = Assert.CatchAsync<OperationCanceledException>(
                () => users.FindAsync(user.Id, source.Token), $"{reusesConnection}");

            Assert.That(failure!.CancellationToken, Is.EqualTo(source.Token));
            Assert.That(watch.Elapsed, Is.LessThan(TimeSpan.FromSeconds(1.5)), "The driver alone waits two seconds and more.");
        }

        proxy.Continue();
        Assert.That(await users.FindAsync(user.Id, Token), Is.EqualTo(user));
    }

    [Test]
    public async Task The_threads_of_the_process_do_not_wait_for_a_hung_server()
    {
        const int Calls = 40;
        var user = await AddUserAsync();
        await using var proxy = new StallingProxy(Database.ConnectionString);
        await using var host = Library(proxy.ConnectionString, options =>
        {
            (options.CommandTimeout, options.OperationTimeout) = (TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2));
            (options.MinPoolSize, options.MaxPoolSize) = (0, Calls);
        });
        var users = host.GetRequiredService<IUserRepository>();
        await Task.WhenAll(Enumerable.Range(0, Calls).Select(_ => users.FindAsync(user.Id, Token)));
        proxy.Stall();

        var calls = Enumerable.Range(0, Calls).Select(_ => users.FindAsync(user.Id, CancellationToken.None)).ToList();
        var longest = TimeSpan.Zero;
        while (!calls.TrueForAll(call => call.IsCompleted))
        {
            var watch = Stopwatch.StartNew();
            await Task.Run(() => { }, CancellationToken.None);
            longest = watch.Elapsed > longest ? watch.Elapsed : longest;
            await Task.Delay(20, CancellationToken.None);
        }

        Assert.That(calls.Select(call => call.Exception?.InnerException), Is.All.InstanceOf<DatabaseUnavailableException>());
        Assert.That(longest, Is.LessThan(TimeSpan.FromSeconds(4)), "The driver alone blocks the thread pool until the server is back.");
        proxy.Continue();
    }

    // The driver ignores a cancelled token until BEGIN, or the reset of a pooled session, is answered: its own limit ends the wait.
    [TestCase(false)]
    [TestCase(true)]
    public async Task A_connection_that_went_silent_leaves_the_pool(bool inUnitOfWork)
    {
        var user = await AddUserAsync();
        await using var proxy = new StallingProxy(Database.ConnectionString);
        await using var source = NpgsqlDataSource.Create(
            proxy.ConnectionString + ";Command Timeout=1;Minimum Pool Size=0;Maximum Pool Size=1");
        await using var host = new ServiceCollection()
            .AddAutoStackData(source)
            .BuildServiceProvider();
        var users = host.GetRequiredService<IUserRepository>();
        await users.FindAsync(user.Id, Token);
        proxy.LeaveHalfOpen();

        var lost = inUnitOfWork
            ? host.GetRequiredService<IUnitOfWork>().RunAsync((tx, token) => tx.Get<IUserRepository>().FindAsync(user.Id, token), Token)
            : users.FindAsync(user.Id, Token);
        Assert.That(() => lost, Throws.TypeOf<DatabaseUnavailableException>());

        User? found = null;
        while (found is null)
        {
            try
            {
                found = await users.FindAsync(user.Id, Token);
            }
            catch (DatabaseUnavailableException)
            {
                // The silent connection is still in the pool.
            }
        }

        Assert.That(found, Is.EqualTo(user));
    }

    [Test]
    public async Task A_cancelling_thread_does_not_wait_for_a_hung_server()
    {
        var user = await AddUserAsync();
        await using var proxy = new StallingProxy(Database.ConnectionString);
        await using var host = Library(proxy.ConnectionString);
        var users = host.GetRequiredService<IUserRepository>();
        await users.FindAsync(user.Id, Token);
        proxy.Stall();
        using var source = new CancellationTokenSource();
        var reading = users.FindAsync(user.Id, source.Token);

        var watch = Stopwatch.StartNew();
#pragma warning disable CA1849 // The thread that cancels is what is tested.
        source.Cancel();
#pragma warning restore CA1849

        Assert.That(watch.Elapsed, Is.LessThan(TimeSpan.FromSeconds(1.5)));
        Assert.That(() => reading, Throws.InstanceOf<OperationCanceledException>());
        proxy.Continue();
    }

    [Test]
    public async Task A_call_ends_at_its_timeout_whatever_it_waits_for()
    {
        var user = await AddUserAsync();
        await using var proxy = new StallingProxy(Database.ConnectionString);
        await using var host = Library(proxy.ConnectionString, o => o.OperationTimeout = TimeSpan.FromSeconds(1));
        var users = host.GetRequiredService<IUserRepository>();
        await UntilAnsweredAsync(() => users.FindAsync(user.Id, Token));
        proxy.Stall();
        var watch = Stopwatch.StartNew();

        for (var attempt = 0; attempt < 3; attempt++)
        {
            var failure = Assert.ThrowsAsync<DatabaseUnavailableException>(() => users.FindAsync(user.Id))!;
            Assert.That((failure.OutcomeUnknown, failure.IsTransient), Is.EqualTo((false, true)), "A read stores nothing.");
        }

        Assert.That(watch.Elapsed, Is.LessThan(DriversTime));
        proxy.Continue();
        Assert.That(await UntilAnsweredAsync(() => users.FindAsync(user.Id, Token)), Is.EqualTo(user));
    }

    [Test]
    public async Task A_call_ends_at_its_timeout_while_it_is_repeated()
    {
        var user = await AddUserAsync();
        await using var proxy = new CuttingProxy(Database.ConnectionString) { RefuseAfterCut = true };
        await using var host = Library(proxy.ConnectionString, o => o.OperationTimeout = TimeSpan.FromSeconds(1));
        var users = host.GetRequiredService<IUserRepository>();
        await UntilAnsweredAsync(() => users.FindAsync(user.Id, Token));
        proxy.CutAfter("SELECT 1");
        var watch = Stopwatch.StartNew();

        Assert.That(() => users.FindAsync(user.Id), Throws.TypeOf<DatabaseUnavailableException>());

        Assert.That(proxy.Refused, Is.GreaterThan(1), "Opening was tried again.");
        Assert.That(watch.Elapsed, Is.LessThan(DriversTime));
    }

    [Test]
    public async Task A_call_that_waits_for_the_pool_ends_at_its_timeout()
    {
        var user = await AddUserAsync();
        await using var host = Library(
            Database.ConnectionString, o => (o.MaxPoolSize, o.OperationTimeout) = (1, TimeSpan.FromSeconds(1)));
        var users = host.GetRequiredService<IUserRepository>();
        var watch = Stopwatch.StartNew();
        await host.GetRequiredService<IUnitOfWork>().RunAsync(
            (_, _) =>
            {
                var failure = Assert.ThrowsAsync<DatabaseUnavailableException>(() => users.RemoveAsync(user.Id))!;
                Assert.That(failure.OutcomeUnknown, Is.False, "Nothing was sent.");
                return Task.CompletedTask;
            }, Token);

        Assert.That(watch.Elapsed, Is.LessThan(DriversTime));
        await users.AddAsync(new NewUser { Name = "Ada", Email = $"{Unique("next")}@example.com" }, Token);
        Assert.That(await users.FindAsync(user.Id, Token), Is.EqualTo(user), "The call that was given up sent nothing later.");
    }

    [Test]
    public async Task A_given_up_call_frees_its_place_and_changes_once()
    {
        var name = Unique("given_up").Replace('-', '_');
        await ExecuteAsync($"""
            CREATE SEQUENCE {name};
            CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM nextval('{name}'); RETURN NEW; END $$;
            CREATE TRIGGER {name} BEFORE INSERT ON users FOR EACH ROW WHEN (NEW.name = '{name}') EXECUTE FUNCTION {name}();
            """);
        await using var proxy = new StallingProxy(Database.ConnectionString);
        await using var host = Library(
            proxy.ConnectionString, o => (o.MinPoolSize, o.MaxPoolSize, o.OperationTimeout) = (0, 2, TimeSpan.FromSeconds(1)));
        var users = host.GetRequiredService<IUserRepository>();
        await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => UntilAnsweredAsync(() => users.FindAsync(Guid.NewGuid(), Token))));
        proxy.StallAnswers();

        var adding = Enumerable.Range(0, 2)
            .Select(_ => users.AddAsync(new NewUser { Name = name, Email = $"{Unique("once")}@example.com" }))
            .ToList();
        foreach (var call in adding)
        {
            var failure = Assert.ThrowsAsync<DatabaseUnavailableException>(() => call)!;
            Assert.That(failure.OutcomeUnknown, Is.True);
        }

        proxy.Continue();
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => UntilAnsweredAsync(() => users.FindAsync(Guid.NewGuid(), Token))));

        Assert.That(await ScalarAsync($"SELECT count(*)::int FROM users WHERE name = '{name}'"), Is.EqualTo(2));
        Assert.That(await ScalarAsync($"SELECT last_value::int FROM {name}"), Is.EqualTo(2), "Each call was carried out once.");
    }

    [Test]
    public async Task A_lost_commit_leaves_the_outcome_open()
    {
        await using var proxy = new StallingProxy(Database.ConnectionString);
        await using var host = Library(proxy.ConnectionString, o => o.OperationTimeout = TimeSpan.FromSeconds(1));
        var email = $"{Unique("commit")}@example.com";
        var watch = Stopwatch.StartNew();

        var failure = Assert.ThrowsAsync<DatabaseUnavailableException>(() => host.GetRequiredService<IUnitOfWork>().RunAsync(
            async (tx, token) =>
            {
                await tx.Get<IUserRepository>().AddAsync(new NewUser { Name = "Ada", Email = email }, token);
                proxy.StallAnswers();
            }))!;

        Assert.That(failure.OutcomeUnknown, Is.True);
        Assert.That(watch.Elapsed, Is.LessThan(DriversTime));
        Assert.That(() => PlatformUsers.FindByEmailAsync(email, Token), Is.Not.Null.After(10).Seconds.PollEvery(50), "It was stored.");
    }

    [Test]
    public async Task A_hung_statement_of_a_unit_of_work_stores_nothing()
    {
        await using var proxy = new StallingProxy(Database.ConnectionString);
        await using var host = Library(proxy.ConnectionString, o => o.OperationTimeout = TimeSpan.FromSeconds(1));
        var outside = host.GetRequiredService<IUserRepository>();
        await UntilAnsweredAsync(() => outside.FindAsync(Guid.NewGuid(), Token));
        var email = $"{Unique("hung")}@example.com";
        var watch = Stopwatch.StartNew();

        var failure = Assert.ThrowsAsync<DatabaseUnavailableException>(() => host.GetRequiredService<IUnitOfWork>().RunAsync(
            async (tx, token) =>
            {
                var users = tx.Get<IUserRepository>();
                await users.AddAsync(new NewUser { Name = "Ada", Email = email }, token);
                proxy.StallAnswers();
                await users.AddAsync(new NewUser { Name = "Eve", Email = $"{Unique("hung")}@example.com" }, token);
            }))!;

        Assert.That(failure.OutcomeUnknown, Is.False);
        Assert.That(watch.Elapsed, Is.LessThan(DriversTime));
        proxy.Continue();

        // With an id, so that an attempt whose answer came too late and the next one are the same row.
        var ada = new NewUser { Id = Guid.CreateVersion7(), Name = "Ada", Email = email };
        Assert.That((await UntilAnsweredAsync(() => outside.AddAsync(ada, Token))).Id, Is.EqualTo(ada.Id));
    }

    [Test]
    public async Task A_cancelled_unit_of_work_on_a_hung_server_returns_promptly()
    {
        await using var proxy = new StallingProxy(Database.ConnectionString);
        await using var host = Library(proxy.ConnectionString);
        using var source = new CancellationTokenSource();
        var watch = new Stopwatch();

        Assert.That(
            () => host.GetRequiredService<IUnitOfWork>().RunAsync(
                async (tx, token) =>
                {
                    await tx.Get<IUserRepository>().FindAsync(Guid.NewGuid(), token);
                    proxy.Stall();
                    watch.Start();
                    source.CancelAfter(TimeSpan.FromMilliseconds(100));
                    await tx.Get<IUserRepository>().FindAsync(Guid.NewGuid(), token);
                },
                source.Token),
            Throws.InstanceOf<OperationCanceledException>());

        Assert.That(watch.Elapsed, Is.LessThan(TimeSpan.FromSeconds(1.5)));
        proxy.Continue();
    }

    [Test]
    public async Task A_lost_answer_to_a_write_leaves_its_outcome_open()
    {
        var user = await AddUserAsync();
        await using var proxy = new CuttingProxy(Database.ConnectionString) { RefuseAfterCut = true };
        await using var host = Library(proxy.ConnectionString, o => o.OperationTimeout = TimeSpan.FromSeconds(1));
        var users = host.GetRequiredService<IUserRepository>();
        await UntilAnsweredAsync(() => users.FindAsync(user.Id, Token));
        proxy.CutAfter("DELETE 1");

        var failure = Assert.ThrowsAsync<DatabaseUnavailableException>(() => users.RemoveAsync(user.Id, Token))!;

        Assert.That(failure.OutcomeUnknown, Is.True);
        Assert.That(await Users.FindAsync(user.Id, Token), Is.Null, "It was carried out.");
    }

    [Test]
    public async Task A_repetition_that_cannot_connect_does_not_hide_the_first_failure()
    {
        await using var proxy = new CuttingProxy(Database.ConnectionString) { RefuseAfterCut = true };
        await using var host = Library(proxy.ConnectionString, o => o.OperationTimeout = TimeSpan.FromSeconds(1));
        var users = host.GetRequiredService<IUserRepository>();
        await UntilAnsweredAsync(() => users.FindAsync(Guid.NewGuid(), Token));
        var email = $"{Unique("first")}@example.com";
        proxy.CutAfter("INSERT 0 1");

        var failure = Assert.ThrowsAsync<DatabaseUnavailableException>(
            () => users.AddAsync(new NewUser { Name = "Ada", Email = email }, Token))!;

        Assert.That(failure.OutcomeUnknown, Is.True);
        Assert.That(proxy.Refused, Is.GreaterThan(0));
        Assert.That(await PlatformUsers.FindByEmailAsync(email, Token), Is.Not.Null, "The first attempt was carried out.");
    }

    [Test]
    public async Task A_refused_connection_stores_nothing()
    {
        await using var proxy = new CuttingProxy(Database.ConnectionString) { Refuse = true };
        await using var host = Library(proxy.ConnectionString, o => o.OperationTimeout = TimeSpan.FromSeconds(1));
        var newUser = new NewUser { Name = "Ada", Email = $"{Unique("refused")}@example.com" };

        foreach (var call in new Func<Task>[]
        {
            () => host.GetRequiredService<IUserRepository>().AddAsync(newUser, Token),
            () => host.GetRequiredService<IUnitOfWork>().RunAsync((tx, ct) => tx.Get<IUserRepository>().AddAsync(newUser, ct), Token),
        })
        {
            var failure = Assert.ThrowsAsync<DatabaseUnavailableException>(() => call())!;
            Assert.That((failure.OutcomeUnknown, failure.IsTransient), Is.EqualTo((false, true)));
        }
    }

    [TestCase("lock_timeout", "55P03")]
    [TestCase("statement_timeout", "57014")]
    public async Task A_time_limit_of_the_server_stores_nothing(string setting, string sqlState)
    {
        var user = await AddUserAsync();
        await using var host = Library($"{Database.ConnectionString};Options=-c {setting}=200ms");
        await using var connection = await Raw.OpenConnectionAsync(Token);
        await using var transaction = await connection.BeginTransactionAsync(Token);
        await using var hold = new NpgsqlCommand($"SELECT FROM users WHERE id = '{user.Id}' FOR UPDATE", connection);
        await hold.ExecuteNonQueryAsync(Token);

        var failure = Assert.ThrowsAsync<StatementTimeoutException>(
            () => host.GetRequiredService<IUserRepository>().RemoveAsync(user.Id, Token))!;

        Assert.That((failure.OutcomeUnknown, failure.IsTransient), Is.EqualTo((false, true)));
        Assert.That(failure.InnerException, Is.TypeOf<PostgresException>().With.Property("SqlState").EqualTo(sqlState));
    }

    [Test]
    public async Task A_session_that_became_read_only_is_replaced()
    {
        var user = await AddUserAsync();
        await using var host = Library(Database.ConnectionString);
        var users = host.GetRequiredService<IUserRepository>();
        await ExecuteAsync($"ALTER DATABASE {Database.Name} SET default_transaction_read_only = on");
        try
        {
            Assert.That(await users.FindAsync(user.Id, Token), Is.EqualTo(user));
            var failure = Assert.ThrowsAsync<DatabaseUnavailableException>(() => users.RemoveAsync(user.Id, Token))!;
            Assert.That((failure.OutcomeUnknown, failure.IsTransient), Is.EqualTo((false, true)));
        }
        finally
        {
            await ExecuteAsync($"BEGIN READ WRITE; ALTER DATABASE {Database.Name} RESET default_transaction_read_only; COMMIT");
        }

        await host.GetRequiredService<IUnitOfWork>().RunAsync((tx, ct) => tx.Get<IUserRepository>().FindAsync(user.Id, ct), Token);
        Assert.That(await users.RemoveAsync(user.Id, Token), Is.True);
    }

    [Test]
    public async Task A_restart_of_a_second_reaches_no_caller()
    {
        await using var server = await RestartingServer.StartAsync(Token);
        await using var host = Library(server.ConnectionString);
        var (users, unit) = (host.GetRequiredService<IUserRepository>(), host.GetRequiredService<IUnitOfWork>());
        var user = await users.AddAsync(new NewUser { Name = "Ada", Email = "ada@example.com" }, Token);
        await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => users.FindAsync(user.Id, Token)));

        await server.StopAsync(Token);
        var read = users.FindAsync(user.Id, Token);
        var written = users.AddAsync(new NewUser { Name = "Eve", Email = "eve@example.com" }, Token);
        Assert.That(await read, Is.EqualTo(user));
        Assert.That((await written).Name, Is.EqualTo("Eve"));

        await server.StopAsync(Token);
        NpgsqlConnection.ClearAllPools();
        await using var fresh = Library(server.ConnectionString);
        var changed = fresh.GetRequiredService<IUserRepository>().RemoveAsync(user.Id, Token);
        var united = fresh.GetRequiredService<IUnitOfWork>().RunAsync(
            (tx, ct) => tx.Get<IUserRepository>().AddAsync(new NewUser { Name = "Bo", Email = "bo@example.com" }, ct), Token);
        Assert.That(await changed, Is.True, "A change that was not sent is sent once the server is back.");
        Assert.That((await united).Name, Is.EqualTo("Bo"));
    }

    // A call that ends after a second may find that the driver has not let go yet, or that a connection takes longer to open: the next one
    // finds the pool as it should be.
    private static async Task<T> UntilAnsweredAsync<T>(Func<Task<T>> call)
    {
        while (true)
        {
            try
            {
                return await call();
            }
            catch (DatabaseUnavailableException)
            {
            }
        }
    }

    private static ServiceProvider Library(string connectionString, Action<AutoStackDataOptions>? configure = null) =>
        new ServiceCollection()
            .AddAutoStackData(options =>
            {
                options.ConnectionString = connectionString;
                options.MinPoolSize = 0;
                configure?.Invoke(options);
            })
            .AddAutoStackDataWorkers()
            .BuildServiceProvider();
}
