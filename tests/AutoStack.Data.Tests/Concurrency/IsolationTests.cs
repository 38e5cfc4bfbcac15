using System.Text.Json;
using AutoStack.Data.Deployments;
using AutoStack.Data.Logs;
using AutoStack.Data.Tests.Support;
using AutoStack.Data.Webhooks;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace AutoStack.Data.Tests.Concurrency;

/// <summary>A database whose sessions are not READ COMMITTED, through a pool of the library's and through one of the host's.</summary>
[TestFixture("repeatable read", false)]
[TestFixture("repeatable read", true)]
[TestFixture("serializable", false)]
public sealed class IsolationTests(string isolation, bool ofHost) : DatabaseTests
{
    private NpgsqlDataSource? hosts;
    private ServiceProvider strict = null!;

    [OneTimeSetUp]
    public async Task RegisterAsync()
    {
        await ExecuteAsync($"ALTER DATABASE {Database.Name} SET default_transaction_isolation = '{isolation}'");
        var connectionString = new NpgsqlConnectionStringBuilder(Database.ConnectionString) { ApplicationName = "strict" }.ConnectionString;
        hosts = ofHost ? NpgsqlDataSource.Create(connectionString) : null;
        var services = new ServiceCollection().AddSingleton<TimeProvider>(Clock);
        strict = (hosts is null ? services.AddAutoStackData(connectionString) : services.AddAutoStackData(hosts)).AddAutoStackDataWorkers()
            .BuildServiceProvider();
    }

    [OneTimeTearDown]
    public async Task DisposeAsync()
    {
        await strict.DisposeAsync();
        if (hosts is not null)
        {
            await hosts.DisposeAsync();
        }
    }

    [Test]
    public async Task An_append_that_waited_numbers_its_lines_after_the_others()
    {
        var logs = strict.GetRequiredService<IPlatformDeploymentLogRepository>();
        var deployment = await EnqueueAsync();
        await using var connection = await Raw.OpenConnectionAsync(Token);
        await using var transaction = await connection.BeginTransactionAsync(System.Data.IsolationLevel.ReadCommitted, Token);
        await using (var insert = connection.CreateCommand())
        {
            insert.CommandText = $"INSERT INTO deployment_logs (id, deployment_id, timestamp, message, created_at) VALUES "
                + $"(gen_random_uuid(), '{deployment.Id}', now(), 'first', now())";
            await insert.ExecuteNonQueryAsync(Token);
        }

        var append = logs.AppendAsync(deployment.Id, [new NewDeploymentLog { Message = "second" }], Token);
        await UntilSomeoneWaitsAsync();
        await transaction.CommitAsync(Token);
        await append;

        var page = await Logs.ListAsync(deployment.Id, deployment.UserId, Cursor.Start, 10, Token);
        Assert.That(page.Items.Select(line => (line.Seq, line.Message)), Is.EqualTo([(1L, "first"), (2L, "second")]));
    }

    [Test]
    public async Task A_delivery_that_arrives_twice_concurrently_is_stored_once()
    {
        var delivery = Unique("delivery");
        await using var connection = await Raw.OpenConnectionAsync(Token);
        await using var transaction = await connection.BeginTransactionAsync(Token);
        await using (var hold = connection.CreateCommand())
        {
            hold.CommandText = $"SELECT pg_advisory_xact_lock('webhook_payloads'::regclass::oid::int, hashtext('github {delivery}'))";
            await hold.ExecuteNonQueryAsync(Token);
        }

        var calls = new[] { StoreAsync(), StoreAsync() };
        await UntilSomeoneWaitsAsync(2);
        await transaction.CommitAsync(Token);

        Assert.That(
            (await Task.WhenAll(calls)).Select(r => r.Outcome),
            Is.EquivalentTo([WebhookStoreOutcome.Stored, WebhookStoreOutcome.Duplicate]));

        Task<WebhookStoreResult> StoreAsync() => strict.GetRequiredService<IWebhookPayloadRepository>().StoreAsync(
            new NewWebhookPayload
            {
                Provider = WebhookProvider.GitHub,
                PayloadJson = JsonElement.Parse("{}"),
                Headers = JsonSerializer.SerializeToElement(new Dictionary<string, string> { ["X-GitHub-Delivery"] = delivery }),
            }, Token);
    }

    [Test]
    public async Task Batches_work_in_a_unit_of_work_and_keep_the_connections_default()
    {
        var deployment = await StartedAsync(DeploymentStatus.Building);
        await strict.GetRequiredService<IUnitOfWork>().RunAsync(async (tx, ct) =>
        {
            await tx.Get<IPlatformDeploymentLogRepository>().AppendAsync(deployment.Id, [new NewDeploymentLog { Message = "a" }], ct);
            Assert.That(await tx.Get<IDeploymentLifecycle>().SucceedAsync(deployment.Id, null, ct), Is.EqualTo(TransitionOutcome.Applied));
        }, Token);
        if (hosts is not null)
        {
            await using var command = hosts.CreateCommand("SHOW transaction_isolation");
            Assert.That(await command.ExecuteScalarAsync(Token), Is.EqualTo(isolation));
        }
    }
}
