using AutoStack.Data.LocalServer;
using AutoStack.Data.Testing;
using AutoStack.Data.Testing.Internal;
using Docker.DotNet;
using Docker.DotNet.Models;
using DotNet.Testcontainers.Configurations;
using Npgsql;

namespace AutoStack.Data.Migrations.Tests.TestServers;

/// <summary>
/// Containers on the Docker engine whose address <c>AUTOSTACK_TEST_DOCKER</c> names, with the image <c>postgres:17-alpine</c>.
/// CONTRIBUTING.md has the command.
/// </summary>
[NonParallelizable]
public sealed class DockerTests
{
    private const string Image = "postgres:17-alpine";

    private static readonly string? Address = Environment.GetEnvironmentVariable("AUTOSTACK_TEST_DOCKER");

    private DockerEngine engine = null!;
    private DockerClient client = null!;

    private static CancellationToken Token => TestContext.CurrentContext.CancellationToken;

    private static DockerPlaces Docker => new(Address, []);

    [OneTimeSetUp]
    public async Task ConnectAsync()
    {
        if (string.IsNullOrEmpty(Address))
        {
            Assert.Ignore("AUTOSTACK_TEST_DOCKER names no Docker engine.");
        }

        engine = await DockerEngine.FindAsync(Docker, Token);
        client = engine.GetDockerClientBuilder().Build();
    }

    [OneTimeTearDown]
    public void Disconnect() => client?.Dispose();

    [Test]
    public async Task A_container_serves_databases_and_is_removed_at_the_end()
    {
        var before = await ContainersAsync();
        await using (var server = await StartAsync())
        {
            await using var database = await server.CreateDatabaseAsync(Token);
            await using var connection = new NpgsqlConnection(database.ConnectionString);
            await connection.OpenAsync(Token);
            await using var command = new NpgsqlCommand("SELECT count(*) FROM users", connection);

            Assert.That(await command.ExecuteScalarAsync(Token), Is.Zero);
            Assert.That(server.Source, Is.EqualTo($"Docker container of {Image}"));
            Assert.That(await ContainersAsync(), Has.Count.EqualTo(before.Count + 1));
        }

        Assert.That(await ContainersAsync(), Is.EquivalentTo(before));
    }

    [Test]
    public async Task A_container_of_a_killed_process_is_removed_by_the_next_start()
    {
        var left = await client.Containers.CreateContainerAsync(
            new CreateContainerParameters
            {
                Image = Image,
                Labels = new Dictionary<string, string>
                {
                    [AbandonedContainers.Label] = (OwnerProcess.Current with { Started = "0" }).ToString(),
                },
            }, Token);

        await (await StartAsync()).DisposeAsync();

        Assert.That(await ContainersAsync(), Does.Not.Contain(left.ID));
    }

    [Test]
    public async Task Ports_that_are_not_reachable_are_reported_with_their_address_and_the_container_is_removed()
    {
        var before = await ContainersAsync();
        TestcontainersSettings.DockerHostOverride = "192.0.2.1";
        try
        {
            Assert.That(
                async () => await StartAsync(),
                Throws.TypeOf<PostgresUnavailableException>().With.Message.Contains("not reachable at 192.0.2.1")
                    .And.Message.Contains("TESTCONTAINERS_HOST_OVERRIDE"));
        }
        finally
        {
            TestcontainersSettings.DockerHostOverride = null;
        }

        Assert.That(await ContainersAsync(), Is.EquivalentTo(before));
    }

    [Test]
    public void An_image_that_cannot_be_pulled_is_named() =>
        Assert.That(
            async () => await StartAsync(new PostgresServerOptions { MinimumMajorVersion = 98 }),
            Throws.TypeOf<PostgresUnavailableException>().With.Message.Contains("Docker: postgres:98-alpine does not start on unix://"));

    private static Task<PostgresServer> StartAsync(PostgresServerOptions? options = null) =>
        PostgresServer.StartAsync(options ?? new PostgresServerOptions(), new SearchPlaces(null, [], []), Docker, Token);

    private async Task<IReadOnlyList<string>> ContainersAsync() =>
        [.. (await client.Containers.ListContainersAsync(new ContainersListParameters { All = true }, Token)).Select(c => c.ID)];
}
