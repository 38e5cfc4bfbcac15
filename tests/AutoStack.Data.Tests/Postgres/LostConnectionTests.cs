using AutoStack.Data.Accounts;
using AutoStack.Data.Containers;
using AutoStack.Data.Logs;
using AutoStack.Data.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace AutoStack.Data.Tests.Postgres;

/// <summary>The server closes pooled connections without notice, as a restart or a failover does.</summary>
public sealed class LostConnectionTests : DatabaseTests
{
    [Test]
    public async Task A_read_on_a_dead_pooled_connection_is_retried()
    {
        var user = await AddUserAsync();
        await KillAsync();

        Assert.That(await Users.FindAsync(user.Id, Token), Is.EqualTo(user));
    }

    [Test]
    public async Task An_insert_on_a_dead_connection_is_retried_and_stored_once()
    {
        var deployment = await EnqueueAsync();
        await KillAsync();
        await PlatformLogs.AppendAsync(deployment.Id, [new NewDeploymentLog { Message = "once" }], Token);
        await KillAsync();
        await Users.AddAsync(new NewUser { Name = "Ada", Email = $"{Unique("lost")}@example.com" }, Token);

        Assert.That((await Logs.ListAsync(deployment.Id, deployment.UserId, Cursor.Start, 10, Token)).Items, Has.Count.EqualTo(1));
    }

    // c: the attempt ends with a serialization failure. l: the server closes the connection.
    [TestCase("cl", true)]
    [TestCase("lc", true)]
    [TestCase("lclc", true)]
    [TestCase("ccccc", true)]
    [TestCase("lccccc", true)]
    [TestCase("cccccc", false)]
    [TestCase("ll", false)]
    public async Task Lost_connections_and_conflicts_have_separate_retry_limits(string failures, bool isDone)
    {
        var name = Unique("attempts").Replace('-', '_');
        await ExecuteAsync($"""
            CREATE SEQUENCE {name};
            CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                CASE substr('{failures}', nextval('{name}')::int, 1)
                    WHEN 'c' THEN RAISE EXCEPTION 'conflict' USING ERRCODE = '40001';
                    WHEN 'l' THEN PERFORM pg_terminate_backend(pg_backend_pid()), pg_sleep(10);
                    ELSE RETURN NEW;
                END CASE;
                RETURN NEW;
            END $$;
            CREATE TRIGGER {name} BEFORE INSERT ON users FOR EACH ROW WHEN (NEW.name = '{name}') EXECUTE FUNCTION {name}();
            """);
        var adding = Users.AddAsync(new NewUser { Name = name, Email = $"{name}@example.com" }, Token);

        if (isDone)
        {
            Assert.That((await adding).Name, Is.EqualTo(name));
        }
        else
        {
            Assert.That(() => adding, Throws.InstanceOf<Exception>().And.Not.InstanceOf<OperationCanceledException>());
        }

        Assert.That(await ScalarAsync($"SELECT last_value::int FROM {name}"), Is.EqualTo(isDone ? failures.Length + 1 : failures.Length));
    }

    [Test]
    public async Task A_state_change_on_a_dead_connection_is_repeated_once()
    {
        var deployment = await StartedAsync(DeploymentStatus.Building);
        await KillAsync();

        Assert.That(await Lifecycle.FailAsync(deployment.Id, "x", Token), Is.EqualTo(TransitionOutcome.Applied));
        Assert.That(await Lifecycle.FindStatusAsync(deployment.Id, Token), Is.EqualTo(DeploymentStatus.Failed));
    }

    [Test]
    public async Task A_unit_of_work_that_loses_its_connection_commits_nothing()
    {
        var email = $"{Unique("lost")}@example.com";

        Assert.That(
            () => UnitOfWork.RunAsync(async (tx, token) =>
            {
                await tx.Get<IUserRepository>().AddAsync(new NewUser { Name = "Ada", Email = email }, token);
                await KillAsync();
                await tx.Get<IUserRepository>().FindAsync(Guid.NewGuid(), token);
            }, Token),
            Throws.TypeOf<DatabaseUnavailableException>().With.Property("OutcomeUnknown").EqualTo(false));

        Assert.That(await PlatformUsers.FindByEmailAsync(email, Token), Is.Null);
    }

    [Test]
    public async Task A_unit_of_work_restarts_when_its_idle_connection_was_closed()
    {
        var settings = new NpgsqlConnectionStringBuilder(Database.ConnectionString)
        {
            ApplicationName = Unique("idle"),
            Options = "-c idle_session_timeout=100ms",
            MinPoolSize = 0,
        };
        await using var provider = Library(settings.ConnectionString);
        var (user, runs) = (await AddUserAsync(), 0);
        foreach (var swallow in new[] { false, true })
        {
            await provider.GetRequiredService<IUserRepository>().FindAsync(user.Id, Token);
            while ((long)(await ScalarAsync(
                "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1", settings.ApplicationName))! > 0)
            {
                await Task.Delay(10, Token);
            }

            runs = 0;
            var met = await provider.GetRequiredService<IUnitOfWork>().RunAsync(async (tx, ct) =>
            {
                runs++;
                try
                {
                    return await tx.Get<IUserRepository>().FindAsync(user.Id, ct);
                }
                catch (DatabaseUnavailableException) when (swallow)
                {
                    return null;
                }
            }, Token);

            Assert.That((met, runs), Is.EqualTo((user, 2)));
        }
    }

    [Test]
    public async Task An_append_interrupted_by_a_lost_connection_stores_each_line_once()
    {
        var deployment = await EnqueueAsync();
        await using var blocker = await Raw.OpenConnectionAsync(Token);
        await using var transaction = await blocker.BeginTransactionAsync(Token);
        await using (var hold = new NpgsqlCommand(
            $"SELECT pg_advisory_xact_lock(uuid_hash_extended('{deployment.Id}', 'deployment_logs'::regclass::oid::bigint))",
            blocker,
            transaction))
        {
            await hold.ExecuteNonQueryAsync(Token);
        }

        var append = PlatformLogs.AppendAsync(deployment.Id, [new NewDeploymentLog { Message = "once" }], Token);
        await UntilSomeoneWaitsAsync();
        await ExecuteAsync(
            """
            SELECT pg_terminate_backend(pid)
            FROM pg_stat_activity
            WHERE datname = current_database() AND wait_event_type = 'Lock'
            """);
        await UntilSomeoneWaitsAsync();
        await transaction.CommitAsync(Token);
        await append;

        Assert.That((await Logs.ListAsync(deployment.Id, deployment.UserId, Cursor.Start, 10, Token)).Items, Has.Count.EqualTo(1));
    }

    [Test]
    public async Task A_retry_after_a_lost_answer_returns_the_committed_result()
    {
        var deployment = await EnqueueAsync();
        await using var proxy = new CuttingProxy(Database.ConnectionString);
        await using var provider = Library(proxy.ConnectionString);
        var containers = provider.GetRequiredService<IPlatformDeploymentContainerRepository>();
        var logs = provider.GetRequiredService<IPlatformDeploymentLogRepository>();
        await containers.ListRunningAsync(Cursor.Start, 1, Token);
        var ports = new PortRange(33000, 33000);

        proxy.CutAfter("INSERT 0 1");
        var place = await containers.ReserveAsync(
            new NewDeploymentContainer { DeploymentId = deployment.Id, Image = "site:1", Host = Unique("host"), Ports = ports }, Token);
        proxy.CutAfter("INSERT 0 2");
        await logs.AppendAsync(deployment.Id, [new NewDeploymentLog { Message = "a" }, new NewDeploymentLog { Message = "b" }], Token);

        Assert.That(proxy.Cuts, Is.EqualTo(2));
        Assert.That(place.Container?.Port, Is.EqualTo(33000), "The retry returns the port of the first attempt.");
        Assert.That(await Containers.ListByDeploymentAsync(deployment.Id, deployment.UserId, Token), Is.EqualTo([place.Container]));
        var page = await Logs.ListAsync(deployment.Id, deployment.UserId, Cursor.Start, 10, Token);
        Assert.That(page.Items.Select(l => (l.Seq, l.Message)), Is.EqualTo(new[] { (1L, "a"), (2L, "b") }));
    }

    [Test]
    public async Task A_copy_is_stored_once_despite_a_lost_answer_or_connection()
    {
        var deployment = await EnqueueAsync();
        await using var proxy = new CuttingProxy(Database.ConnectionString);
        await using var provider = Library(proxy.ConnectionString);
        var logs = provider.GetRequiredService<IPlatformDeploymentLogRepository>();
        var lines = Enumerable.Range(1, DeploymentLogAppends.CopyFrom).Select(i => new NewDeploymentLog { Message = $"{i}" }).ToList();

        await logs.AppendAsync(deployment.Id, [new NewDeploymentLog { Message = "0" }], Token);
        proxy.CutAfter("COMMIT");
        await logs.AppendAsync(deployment.Id, lines, Token);
        await KillAsync();
        await logs.AppendAsync(deployment.Id, lines, Token);

        Assert.That(proxy.Cuts, Is.EqualTo(1));
        var tail = await Logs.ListTailAsync(deployment.Id, deployment.UserId, Cursor.Start, 1000, Token);
        Assert.That(tail.After, Is.EqualTo(Cursor.After((2 * lines.Count) + 1)));
        Assert.That(tail.Items.Select(l => l.Message), Is.EqualTo(lines.TakeLast(1000).Select(l => l.Message)));
    }

    private static ServiceProvider Library(string connectionString) =>
        new ServiceCollection().AddAutoStackData(connectionString).AddAutoStackDataWorkers().BuildServiceProvider();

    private Task KillAsync() =>
        ExecuteAsync(
            """
            SELECT pg_terminate_backend(pid, 5000)
            FROM pg_stat_activity
            WHERE datname = current_database() AND application_name <> 'raw'
            """);
}
