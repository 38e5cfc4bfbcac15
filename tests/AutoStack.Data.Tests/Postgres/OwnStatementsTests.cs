using AutoStack.Data.Projects;
using AutoStack.Data.Tests.Support;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace AutoStack.Data.Tests.Postgres;

/// <summary>Statements of a service on a table of its own, in the transaction of a unit of work.</summary>
public sealed class OwnStatementsTests : DatabaseTests
{
    [OneTimeSetUp]
    public Task CreateTableAsync() => ExecuteAsync(
        "CREATE TABLE invoices (project_id uuid PRIMARY KEY REFERENCES projects ON DELETE CASCADE, amount int NOT NULL, actor text)");

    [Test]
    public async Task They_are_committed_with_those_of_the_library()
    {
        var user = await AddUserAsync();

        var (project, rows) = await UnitOfWork.RunAsync(async (tx, token) =>
        {
            var added = await AddAsync(tx, user.Id, token);
            var stored = await tx.Get<IOwnStatements>().RunAsync((connection, ct) => ExecuteAsync(connection, added.Id, 5, ct), token);
            Assert.That(await ScalarAsync("SELECT count(*) FROM invoices WHERE project_id = $1", added.Id), Is.Zero);
            return (added, stored);
        }, Token);

        Assert.That(rows, Is.EqualTo(1));
        Assert.That(await ScalarAsync("SELECT amount FROM invoices WHERE project_id = $1", project.Id), Is.EqualTo(5));
    }

    [Test]
    public async Task An_error_that_the_work_catches_stores_nothing()
    {
        var user = await AddUserAsync();
        Project? project = null;

        var failure = Assert.ThrowsAsync<UnitOfWorkFailedException>(() => UnitOfWork.RunAsync(async (tx, token) =>
        {
            project = await AddAsync(tx, user.Id, token);
            var own = tx.Get<IOwnStatements>();
            await own.RunAsync((connection, ct) => ExecuteAsync(connection, project.Id, 5, ct), token);
            var twice = Assert.ThrowsAsync<DuplicateException>(
                () => own.RunAsync((connection, ct) => ExecuteAsync(connection, project.Id, 6, ct), token))!;
            Assert.That(twice.Constraint, Is.EqualTo("invoices_pkey"));
            Assert.That(
                () => own.RunAsync((connection, ct) => ExecuteAsync(connection, project.Id, 7, ct), token),
                Throws.TypeOf<UnitOfWorkFailedException>());
        }, Token))!;

        Assert.That(failure.InnerException, Is.TypeOf<PostgresException>());
        Assert.That(await Projects.FindAsync(project!.Id, user.Id, Token), Is.Null);
        Assert.That(await ScalarAsync("SELECT count(*) FROM invoices WHERE project_id = $1", project.Id), Is.Zero);
    }

    [Test]
    public async Task A_serialization_failure_repeats_the_unit_of_work()
    {
        var runs = 0;

        await UnitOfWork.RunAsync((tx, token) => tx.Get<IOwnStatements>().RunAsync(
            (connection, ct) => connection.ExecuteAsync(new CommandDefinition(
                ++runs == 1 ? "DO $$ BEGIN RAISE serialization_failure; END $$" : "SELECT 1", cancellationToken: ct)),
            token), Token);

        Assert.That(runs, Is.EqualTo(2));
    }

    [Test]
    public async Task They_end_at_the_time_limit_of_a_call()
    {
        await using var provider = Provide(options => options.OperationTimeout = TimeSpan.FromSeconds(0.5));

        Assert.That(
            () => provider.GetRequiredService<IUnitOfWork>().RunAsync((tx, token) => tx.Get<IOwnStatements>().RunAsync(
                (connection, ct) => connection.ExecuteAsync(new CommandDefinition("SELECT pg_sleep(60)", cancellationToken: ct)),
                token), Token),
            Throws.InstanceOf<DatabaseUnavailableException>());
    }

    [Test]
    public async Task The_server_is_told_who_acts()
    {
        var user = await AddUserAsync();
        await using var provider = Provide(options => options.Actor = () => "Ada at the till");

        var told = await provider.GetRequiredService<IUnitOfWork>().RunAsync((tx, token) => tx.Get<IOwnStatements>().RunAsync(
            (connection, ct) => connection.ExecuteScalarAsync<string>(
                new CommandDefinition("SELECT current_setting('autostack.actor', TRUE)", cancellationToken: ct)),
            token), Token);

        Assert.That(told, Is.EqualTo("Ada at the till"));
        Assert.That(user, Is.Not.Null);
    }

    [Test]
    public async Task A_unit_of_work_alone_has_them()
    {
        await using var provider = Provide(_ => { });
        IOwnStatements? kept = null;
        await UnitOfWork.RunAsync((tx, _) =>
        {
            kept = tx.Get<IOwnStatements>();
            return Task.CompletedTask;
        }, Token);

        Assert.That(provider.GetService<IOwnStatements>(), Is.Null);
        Assert.That(
            () => provider.GetRequiredService<IStandbyReads>().Get<IOwnStatements>(), Throws.ArgumentException);
        Assert.That(
            () => kept!.RunAsync((connection, ct) => ExecuteAsync(connection, Guid.NewGuid(), 1, ct), Token),
            Throws.InvalidOperationException);
        Assert.That(() => kept!.RunAsync((Func<NpgsqlConnection, CancellationToken, Task>)null!), Throws.ArgumentNullException);
    }

    private ServiceProvider Provide(Action<AutoStackDataOptions> configure) =>
        new ServiceCollection().AddAutoStackData(Database.ConnectionString, configure).BuildServiceProvider();

    private static Task<Project> AddAsync(IRepositories tx, Guid ownerId, CancellationToken token) =>
        tx.Get<IProjectRepository>().AddAsync(new NewProject { UserId = ownerId, Name = "Site", Repository = "ada/site" }, token);

    private static async Task<int> ExecuteAsync(NpgsqlConnection connection, Guid projectId, int amount, CancellationToken token)
    {
        await using var insert = new NpgsqlCommand("INSERT INTO invoices (project_id, amount) VALUES ($1, $2)", connection);
        insert.Parameters.Add(new NpgsqlParameter { Value = projectId });
        insert.Parameters.Add(new NpgsqlParameter { Value = amount });
        return await insert.ExecuteNonQueryAsync(token);
    }
}
