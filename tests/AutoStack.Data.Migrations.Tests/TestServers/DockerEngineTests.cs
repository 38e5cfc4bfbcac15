using System.Net;
using System.Net.Sockets;
using AutoStack.Data.LocalServer;
using AutoStack.Data.Testing;
using AutoStack.Data.Testing.Internal;

namespace AutoStack.Data.Migrations.Tests.TestServers;

/// <summary>The search for a Docker engine, on sockets of the tests.</summary>
[Platform(Exclude = "Win", Reason = "The engines answer on Unix sockets.")]
public sealed class DockerEngineTests
{
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(300);

    private static CancellationToken Token => TestContext.CurrentContext.CancellationToken;

    [Test]
    public async Task A_hung_engine_is_given_up_and_named_beside_the_other_sources()
    {
        await using var engine = new FakeEngine(_ => null);
        var docker = new DockerPlaces(engine.Address.ToString(), []) { Patience = Moment };

        var exception = Assert.ThrowsAsync<PostgresUnavailableException>(
            () => PostgresServer.StartAsync(new PostgresServerOptions(), new SearchPlaces(null, [], []), docker, Token));

        Assert.Multiple(() =>
        {
            Assert.That(exception!.Message, Does.Contain(
                $"Docker: the engine at {engine.Address} (DOCKER_HOST) does not answer within 0.3 seconds; binaries: "));
            Assert.That(engine.Asked, Is.EqualTo(new[] { "GET /version" }));
            Assert.That(DockerPlaces.OfThisMachine().Patience, Is.EqualTo(TimeSpan.FromSeconds(3)));
        });
    }

    [Test]
    public async Task A_cancelled_search_ends_as_cancelled()
    {
        await using var engine = new FakeEngine(_ => null);
        using var cancelling = new CancellationTokenSource(Moment);

        Assert.That(
            () => DockerEngine.FindAsync(new DockerPlaces(null, [engine.Address]), cancelling.Token),
            Throws.InstanceOf<OperationCanceledException>());
    }

    [TestCase("1.41", "1.12", "1.41")]
    [TestCase("1.44", "1.24", "1.44")]
    [TestCase("1.52", "1.44", "1.44")]
    [TestCase("1.60", "1.50", "1.50")]
    [TestCase("unknown", "", "1.44")]
    public async Task The_engine_is_spoken_to_in_a_version_that_both_sides_know(string newest, string oldest, string spoken)
    {
        await using var engine = FakeEngine.OfVersion(newest, oldest, _ => (200, "OK"));

        var found = await DockerEngine.FindAsync(new DockerPlaces(null, [engine.Address]), Token);
        using var client = found.GetDockerClientBuilder().Build();
        await client.System.PingAsync(Token);

        Assert.Multiple(() =>
        {
            Assert.That(found.Version, Is.EqualTo(Version.Parse(spoken)));
            Assert.That(engine.Asked, Is.EqualTo(new[] { "GET /version", $"GET /v{spoken}/_ping" }));
        });
    }

    [TestCase("""{"message":"client denied by policy"}""", "it answers 403: client denied by policy")]
    [TestCase("no json", "it answers 403: no json")]
    public async Task The_words_of_an_engine_that_refuses_are_passed_on(string body, string reason)
    {
        await using var engine = new FakeEngine(_ => (403, body));

        Assert.That(
            () => DockerEngine.FindAsync(new DockerPlaces(null, [engine.Address]), Token),
            Throws.TypeOf<UnusableException>().With.Message.EqualTo($"the engine at {engine.Address} cannot be used ({reason})"));
    }

    [Test]
    public async Task An_engine_that_has_ended_is_skipped_for_the_next_address()
    {
        await using var ended = FakeEngine.OfVersion("1.44");
        await using var running = FakeEngine.OfVersion("1.44");
        ended.Kill();

        var found = await DockerEngine.FindAsync(new DockerPlaces(null, [ended.Address, running.Address]), Token);
        var exception = Assert.ThrowsAsync<UnusableException>(
            () => DockerEngine.FindAsync(new DockerPlaces(null, [ended.Address]), Token));

        Assert.Multiple(() =>
        {
            Assert.That(found.Endpoint, Is.EqualTo(running.Address));
            Assert.That(exception!.Message, Does.StartWith($"the engine at {ended.Address} cannot be used (").And.Contain("refused"));
        });
    }

    [TestCase(null, "no engine was found: DOCKER_HOST is not set, and no engine has a socket on this machine")]
    [TestCase("unix:///nonexistent/docker.sock",
        "the engine at unix:///nonexistent/docker.sock (DOCKER_HOST) cannot be used (there is no such socket)")]
    [TestCase("/run/docker.sock", "DOCKER_HOST is not an address such as unix:///var/run/docker.sock: '/run/docker.sock'")]
    public void A_missing_or_wrong_address_is_named(string? host, string message) =>
        Assert.That(
            () => DockerEngine.FindAsync(new DockerPlaces(host, []), Token),
            Throws.TypeOf<UnusableException>().With.Message.EqualTo(message));

    [Test]
    public void A_published_port_that_is_not_reachable_is_named_with_the_variable_that_corrects_it()
    {
        int port;
        using (var free = new TcpListener(IPAddress.Loopback, 0))
        {
            free.Start();
            port = ((IPEndPoint)free.LocalEndpoint).Port;
        }

        Assert.That(
            () => DockerServer.EnsureReachableAsync("127.0.0.1", port, Moment, Token),
            Throws.TypeOf<UnusableException>().With.Message.Contains($"127.0.0.1:{port}")
                .And.Message.Contains("TESTCONTAINERS_HOST_OVERRIDE").And.Message.Contains("refused"));
    }

    [Test]
    public async Task Only_containers_of_dead_processes_are_removed()
    {
        var dead = OwnerProcess.Current with { Started = "0" };
        var elsewhere = dead with { Scope = "another machine" };
        var list = string.Join(',', new[] { OwnerProcess.Current, dead, elsewhere }.Select((owner, index) =>
            $$$"""{"Id":"c{{{index}}}","Labels":{"{{{AbandonedContainers.Label}}}":"{{{owner}}}"}}"""));
        await using var engine = FakeEngine.OfVersion(
            "1.41", others: question => question.StartsWith("GET", StringComparison.Ordinal) ? (200, $"[{list}]") : (204, ""));
        var found = await DockerEngine.FindAsync(new DockerPlaces(null, [engine.Address]), Token);

        await AbandonedContainers.RemoveAsync(found, Token);

        Assert.That(engine.Asked.Skip(2).Select(question => question.Split('?')[0]), Is.EqualTo(new[] { "DELETE /v1.41/containers/c1" }));
    }

    [Test]
    public async Task An_engine_that_lists_no_containers_is_used_all_the_same()
    {
        await using var engine = FakeEngine.OfVersion("1.41", others: _ => (403, """{"message":"not for you"}"""));
        var found = await DockerEngine.FindAsync(new DockerPlaces(null, [engine.Address]), Token);

        await AbandonedContainers.RemoveAsync(found, Token);

        Assert.That(engine.Asked, Has.Count.EqualTo(2));
    }
}
