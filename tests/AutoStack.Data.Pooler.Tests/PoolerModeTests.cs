using System.Runtime.Versioning;
using AutoStack.Data.Accounts;
using AutoStack.Data.Deployments;
using AutoStack.Data.Migrations.Tests.Support;
using AutoStack.Data.Projects;
using AutoStack.Data.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Npgsql;

namespace AutoStack.Data.Tests;

/// <summary>The first connection detects a pooler. The library works through a pooler that the options name.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class PoolerModeTests : DatabaseTests
{
    private PgBouncer transactions = null!;
    private PgBouncer sessions = null!;

    [OneTimeSetUp]
    public async Task StartPoolersAsync()
    {
        // The pooler has one session of the server, so that consecutive clients share it.
        transactions = await PgBouncer.StartAsync(Database.ConnectionString, "pool_mode = transaction\ndefault_pool_size = 1", Token);
        sessions = await PgBouncer.StartAsync(Database.ConnectionString, "pool_mode = session\ndefault_pool_size = 20", Token);
    }

    [OneTimeTearDown]
    public async Task StopPoolersAsync()
    {
        await transactions.DisposeAsync();
        await sessions.DisposeAsync();
    }

    [Test]
    public async Task A_pooler_is_refused_unless_the_options_name_it()
    {
        foreach (var pooler in new[] { transactions, sessions })
        {
            await using var provider = Library(pooler, _ => { });

            Assert.That(
                () => provider.GetRequiredService<IUserRepository>().FindAsync(Guid.NewGuid(), Token),
                Throws.InstanceOf<OptionsValidationException>().With.Message.Contains("AutoStackDataOptions.Pooler is not set"));
            Assert.That(
                () => provider.GetRequiredService<IUnitOfWork>().RunAsync(
                    (tx, ct) => tx.Get<IUserRepository>().FindAsync(Guid.NewGuid(), ct), Token),
                Throws.InstanceOf<OptionsValidationException>().With.Message.Contains("AutoStackDataOptions.Pooler is not set"));
        }
    }

    [Test]
    public async Task A_data_source_of_the_host_is_checked_for_a_pooler()
    {
        await using var own = NpgsqlDataSource.Create(Through(transactions) + ";Max Auto Prepare=0");
        await using var unnamed = new ServiceCollection().AddAutoStackData(own).BuildServiceProvider();
        await using var named = new ServiceCollection()
            .AddAutoStackData(own)
            .Configure<AutoStackDataOptions>(options => options.Pooler = PoolerMode.Transaction)
            .BuildServiceProvider();

        Assert.That(
            () => unnamed.GetRequiredService<IUserRepository>().FindAsync(Guid.NewGuid(), Token),
            Throws.InstanceOf<OptionsValidationException>().With.Message.Contains("AutoStackDataOptions.Pooler is not set"));
        Assert.That(await named.GetRequiredService<IUserRepository>().FindAsync(Guid.NewGuid(), Token), Is.Null);
    }

    // Shows the fault that the check prevents, with the driver alone: both clients give their first statement the same name.
    [Test]
    public async Task A_pooler_can_run_one_clients_statement_for_another()
    {
        await using var first = await OpenPreparingAsync();
        await using var second = await OpenPreparingAsync();

        await using var one = new NpgsqlCommand("SELECT 1", first);
        await one.PrepareAsync(Token);
        await ForgetPreparedStatementsAsync();
        await using var two = new NpgsqlCommand("SELECT 2", second);
        await two.PrepareAsync(Token);

        Assert.That(await one.ExecuteScalarAsync(Token), Is.EqualTo(2));
        await ForgetPreparedStatementsAsync();
    }

    [Test]
    public async Task Preparing_is_refused_when_the_pooler_shares_prepared_statements()
    {
        await using var provider = Library(transactions, options =>
        {
            options.Pooler = PoolerMode.Transaction;
            options.ConnectionString += ";Max Auto Prepare=50";
        });

        Assert.That(
            () => provider.GetRequiredService<IUserRepository>().FindAsync(Guid.NewGuid(), Token),
            Throws.InstanceOf<OptionsValidationException>().With.Message.Contains("Max Auto Prepare=0"));
        Assert.That(await PreparedStatementsAsync(), Is.Empty);
    }

    [Test]
    public async Task Nothing_is_prepared_through_a_pooler_in_transaction_mode()
    {
        await using var provider = Library(transactions, options => options.Pooler = PoolerMode.Transaction);
        var user = await AddUserAsync();

        for (var i = 0; i < 10; i++)
        {
            Assert.That(await provider.GetRequiredService<IUserRepository>().FindAsync(user.Id, Token), Is.EqualTo(user));
        }

        Assert.That(await PreparedStatementsAsync(), Is.Empty);
    }

    [Test]
    public async Task Two_hosts_sharing_a_server_session_read_their_own_rows()
    {
        await using var one = Library(transactions, options => options.Pooler = PoolerMode.Transaction);
        await using var other = Library(transactions, options => options.Pooler = PoolerMode.Transaction);
        var project = await AddProjectAsync();

        var (first, second) = (one.GetRequiredService<IProjectRepository>(), other.GetRequiredService<IProjectRepository>());

        for (var i = 0; i < 20; i++)
        {
            Assert.That(await first.RemoveAsync(Guid.NewGuid(), project.UserId, Token), Is.False);
            Assert.That(await second.FindAsync(project.Id, project.UserId, Token), Is.EqualTo(project));
        }
    }

    [Test]
    public async Task Statements_work_through_a_pooler_in_session_mode()
    {
        await using var provider = Library(sessions, options => options.Pooler = PoolerMode.Session);
        var user = await AddUserAsync();

        for (var i = 0; i < 10; i++)
        {
            Assert.That(await provider.GetRequiredService<IUserRepository>().FindAsync(user.Id, Token), Is.EqualTo(user));
        }
    }

    [Test]
    public async Task A_pooler_mode_also_works_on_a_direct_connection()
    {
        await using var provider = new ServiceCollection()
            .AddAutoStackData(options => (options.ConnectionString, options.Pooler) = (Database.ConnectionString, PoolerMode.Transaction))
            .BuildServiceProvider();

        Assert.That(await provider.GetRequiredService<IUserRepository>().FindAsync(Guid.NewGuid(), Token), Is.Null);
    }

    [Test]
    public async Task A_direct_connection_listens_past_the_pooler()
    {
        await using var provider = Library(transactions, options =>
            (options.Pooler, options.ListenConnectionString) = (PoolerMode.Transaction, Database.ConnectionString));
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(Token);
        timeout.CancelAfter(TimeSpan.FromSeconds(30));
        var watcher = provider.GetRequiredService<IDeploymentQueueWatcher>();
        var turns = watcher.WatchAsync(TimeSpan.FromDays(1), timeout.Token).GetAsyncEnumerator(timeout.Token);
        await turns.MoveNextAsync();

        // The second turn comes when the listener has connected.
        await turns.MoveNextAsync();
        await EnqueueAsync();

        Assert.That(await turns.MoveNextAsync(), Is.True);
        await turns.DisposeAsync();
    }

    [TestCase("Host=db;Password=se;cret", "cannot be read")]
    [TestCase("Database=autostack;Password=secret", "names no Host")]
    public void An_invalid_listen_connection_string_is_named_in_the_error(string connectionString, string problem)
    {
        using var provider = new ServiceCollection()
            .AddAutoStackData(options => (options.ConnectionString, options.ListenConnectionString) = ("Host=db", connectionString))
            .BuildServiceProvider();

        Assert.That(
            () => provider.GetRequiredService<IUserRepository>(),
            Throws.InstanceOf<OptionsValidationException>()
                .With.Message.Contains($"AutoStackDataOptions.ListenConnectionString {problem}").And.Message.Not.Contains("cret"));
    }

    [Test]
    public void An_undefined_pooler_mode_is_named_in_the_error()
    {
        using var provider = new ServiceCollection()
            .AddAutoStackData(options => (options.ConnectionString, options.Pooler) = ("Host=db", (PoolerMode)7))
            .BuildServiceProvider();

        Assert.That(
            () => provider.GetRequiredService<IUserRepository>(),
            Throws.InstanceOf<OptionsValidationException>().With.Message.Contains("AutoStackDataOptions.Pooler is 7"));
    }

    private static string Through(PgBouncer pooler) =>
        new NpgsqlConnectionStringBuilder(pooler.ConnectionString) { Pooling = true, MinPoolSize = 0, Timezone = "UTC" }.ConnectionString;

    private static ServiceProvider Library(PgBouncer pooler, Action<AutoStackDataOptions> configure) => new ServiceCollection()
        .AddAutoStackData(options =>
        {
            options.ConnectionString = Through(pooler);
            configure(options);
        })
        .AddAutoStackDataWorkers()
        .BuildServiceProvider();

    private async Task<NpgsqlConnection> OpenPreparingAsync()
    {
        var connection = new NpgsqlConnection(transactions.ConnectionString + ";No Reset On Close=true");
        await connection.OpenAsync(Token);
        return connection;
    }

    // A new session of the server has no prepared statements either; a pooler opens one from time to time.
    private async Task ForgetPreparedStatementsAsync()
    {
        await using var connection = new NpgsqlConnection(transactions.ConnectionString);
        await connection.OpenAsync(Token);
        await using var command = new NpgsqlCommand("DEALLOCATE ALL", connection);
        await command.ExecuteNonQueryAsync(Token);
    }

    // The statements that clients have prepared on the single session behind the pooler.
    private async Task<string> PreparedStatementsAsync()
    {
        await using var connection = new NpgsqlConnection(transactions.ConnectionString);
        await connection.OpenAsync(Token);
        await using var command = new NpgsqlCommand(
            "SELECT coalesce(string_agg(name || ': ' || statement, '; '), '') FROM pg_prepared_statements", connection);
        return (string)(await command.ExecuteScalarAsync(Token))!;
    }
}
