using AutoStack.Data.Accounts;
using AutoStack.Data.Deployments;
using AutoStack.Data.Logs;
using AutoStack.Data.Projects;
using AutoStack.Data.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace AutoStack.Data.Tests.Actors;

/// <summary>What a trigger reads of who acts, on each way to the server.</summary>
public sealed class ActorTests : DatabaseTests
{
    private static readonly AsyncLocal<string?> Acting = new();

    private ServiceProvider host = null!;

    [OneTimeSetUp]
    public async Task WatchAsync()
    {
        await ExecuteAsync("""
            CREATE TABLE seen (place bigserial, table_name text, actor text);
            GRANT ALL ON seen, seen_place_seq TO PUBLIC;
            CREATE FUNCTION note_actor() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                INSERT INTO public.seen (table_name, actor)
                SELECT TG_TABLE_NAME, coalesce(nullif(current_setting('autostack.actor', TRUE), ''), 'nobody');
                RETURN NULL;
            END $$;
            CREATE TRIGGER note_actor AFTER INSERT OR UPDATE OR DELETE ON users FOR EACH STATEMENT EXECUTE FUNCTION note_actor();
            CREATE TRIGGER note_actor AFTER INSERT OR UPDATE OR DELETE ON projects FOR EACH STATEMENT EXECUTE FUNCTION note_actor();
            CREATE TRIGGER note_actor AFTER INSERT OR UPDATE OR DELETE ON deployments FOR EACH STATEMENT EXECUTE FUNCTION note_actor();
            CREATE TRIGGER note_actor AFTER INSERT OR UPDATE OR DELETE ON deployment_logs FOR EACH STATEMENT EXECUTE FUNCTION note_actor();
            CREATE TRIGGER note_actor AFTER INSERT OR UPDATE OR DELETE ON user_preferences FOR EACH STATEMENT EXECUTE FUNCTION note_actor();
            """);
        host = HostOf(() => Acting.Value);
    }

    [OneTimeTearDown]
    public ValueTask EndAsync() => host.DisposeAsync();

    [TestCase("ada@staff", "ada@staff")]
    [TestCase("O'Brien; DROP TABLE seen; --", "O'Brien; DROP TABLE seen; --")]
    [TestCase("äpfel 🍏", "äpfel 🍏")]
    [TestCase("a\0b", "a\uFFFDb")]
    public async Task A_change_carries_the_actor_of_the_host(string actor, string stored)
    {
        Acting.Value = actor;

        await AddUserAsync(host);

        Assert.That(await SeenAsync(), Is.EqualTo(new[] { $"users {stored}" }));
    }

    [Test]
    public async Task An_actor_of_255_characters_is_kept_and_a_longer_one_is_refused_before_anything_is_sent()
    {
        Acting.Value = string.Concat(Enumerable.Repeat("🍏", 255));
        await AddUserAsync(host);
        Assert.That(await SeenAsync(), Is.EqualTo(new[] { $"users {Acting.Value}" }));

        Acting.Value += "x";

        Assert.That(
            () => AddUserAsync(host),
            Throws.InvalidOperationException.With.Message.EqualTo(
                "AutoStackDataOptions.Actor returned a text longer than 255 characters."));
        Assert.That(await SeenAsync(), Is.Empty);
    }

    [Test]
    public async Task Without_an_actor_of_the_host_the_owner_that_the_call_names_acts()
    {
        var user = await AddUserAsync(host);
        var project = await host.GetRequiredService<IProjectRepository>().AddAsync(
            new NewProject { UserId = user.Id, Name = "site", Repository = "ada/site" }, Token);
        await host.GetRequiredService<IProjectRepository>().RemoveAsync(project.Id, user.Id, Token);

        Assert.That(
            (await SeenAsync()).Distinct(),
            Is.EqualTo(new[] { "users nobody", $"projects {user.Id}", $"deployments {user.Id}" }));
    }

    [Test]
    public async Task The_actor_of_the_host_acts_for_an_owner()
    {
        var user = await AddUserAsync(host);
        Acting.Value = "support";

        await host.GetRequiredService<IProjectRepository>().AddAsync(
            new NewProject { UserId = user.Id, Name = "site", Repository = "ada/site" }, Token);

        Assert.That((await SeenAsync()).Distinct(), Is.EqualTo(new[] { "users nobody", "projects support" }));
    }

    [Test]
    public async Task Batches_and_copies_carry_the_actor([Values(1, 6_000)] int lines)
    {
        var deployment = await EnqueueAsync();
        await ExecuteAsync("TRUNCATE seen");
        Acting.Value = "worker-3";

        await host.GetRequiredService<IPlatformDeploymentLogRepository>().AppendAsync(
            deployment.Id, [.. Enumerable.Range(0, lines).Select(n => new NewDeploymentLog { Message = $"{n}" })], Token);
        await host.GetRequiredService<IDeploymentLifecycle>().ClaimNextAsync(new ClaimOptions(), Token);

        var seen = await SeenAsync();
        Assert.That(seen, Does.Contain("deployment_logs worker-3").And.Contain("deployments worker-3"));
        Assert.That(seen, Has.All.EndsWith(" worker-3"));
        Assert.That(
            (await Logs.ListTailAsync(deployment.Id, deployment.UserId, Cursor.Start, 1, Token)).Items.Single().Message,
            Is.EqualTo($"{lines - 1}"));
    }

    [Test]
    public async Task Each_statement_of_a_unit_of_work_has_its_own_actor()
    {
        await host.GetRequiredService<IUnitOfWork>().RunAsync(async (repositories, token) =>
        {
            var users = repositories.Get<IUserRepository>();
            Acting.Value = "first";
            await users.AddAsync(NewUser(), token);
            await users.AddAsync(NewUser(), token);
            Acting.Value = "second";
            await users.AddAsync(NewUser(), token);
            Acting.Value = null;
            await users.AddAsync(NewUser(), token);
        }, Token);

        Assert.That(await SeenAsync(), Is.EqualTo(new[] { "users first", "users first", "users second", "users nobody" }));
    }

    [Test]
    public async Task Nothing_is_left_in_the_session_for_the_next_call()
    {
        await using var single = HostOf(() => Acting.Value, options => options.MaxPoolSize = 1);
        Acting.Value = "first";
        await AddUserAsync(single);
        Acting.Value = null;
        await AddUserAsync(single);

        Assert.That(await SeenAsync(), Is.EqualTo(new[] { "users first", "users nobody" }));
    }

    [Test]
    public async Task A_failed_change_leaves_the_connection_usable()
    {
        await using var single = HostOf(() => "ada@staff", options => options.MaxPoolSize = 1);
        var user = await AddUserAsync(single);

        for (var i = 0; i < 3; i++)
        {
            Assert.That(
                () => single.GetRequiredService<IUserRepository>().AddAsync(new NewUser { Name = "Ada", Email = user.Email }, Token),
                Throws.TypeOf<DuplicateException>());
        }

        Assert.That(await single.GetRequiredService<IUserRepository>().FindAsync(user.Id, Token), Is.Not.Null);
        await SeenAsync();
    }

    [Test]
    public async Task What_the_function_throws_the_call_throws_and_nothing_is_stored()
    {
        await using var throwing = HostOf(() => throw new TimeoutException("Nobody is signed in."), options => options.MaxPoolSize = 1);

        for (var i = 0; i < 3; i++)
        {
            Assert.That(() => AddUserAsync(throwing), Throws.TypeOf<TimeoutException>().With.Message.EqualTo("Nobody is signed in."));
        }

        Assert.That(await SeenAsync(), Is.Empty);
        Assert.That(await throwing.GetRequiredService<IUserRepository>().FindAsync(Guid.NewGuid(), Token), Is.Null);
    }

    [Test]
    public async Task Reads_do_not_ask_who_acts()
    {
        var asked = 0;
        await using var counting = HostOf(() => $"{++asked}");

        await counting.GetRequiredService<IUserRepository>().FindAsync(Guid.NewGuid(), Token);
        Assert.That(asked, Is.Zero);

        await AddUserAsync(counting);
        Assert.That(asked, Is.EqualTo(1));
        await SeenAsync();
    }

    private static NewUser NewUser() => new() { Name = "Ada", Email = $"{Unique("ada")}@example.com" };

    private static Task<User> AddUserAsync(IServiceProvider services) =>
        services.GetRequiredService<IUserRepository>().AddAsync(NewUser(), Token);

    private ServiceProvider HostOf(Func<string?> actor, Action<AutoStackDataOptions>? configure = null) => new ServiceCollection()
        .AddSingleton<TimeProvider>(Clock)
        .AddAutoStackData(options =>
        {
            LibraryConnection.Set(options, Database.ConnectionString);
            options.Actor = actor;
            configure?.Invoke(options);
        })
        .AddAutoStackDataWorkers()
        .BuildServiceProvider();

    // What the triggers have seen since the last call, in their order.
    private async Task<string[]> SeenAsync() => (string[])(await ScalarAsync("""
        WITH gone AS (DELETE FROM seen RETURNING *)
        SELECT coalesce(array_agg(table_name || ' ' || actor ORDER BY place), '{}') FROM gone
        """))!;
}
