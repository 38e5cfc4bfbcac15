using System.Text.Json;
using AutoStack.Data.LocalServer;
using Docker.DotNet;
using Docker.DotNet.Handler.Abstractions;
using DotNet.Testcontainers.Configurations;
using Testcontainers.PostgreSql;

namespace AutoStack.Data.Testing.Internal;

/// <summary>
/// A Docker engine that has answered, and the version of its interface that Testcontainers is to speak: the engine's own when that is older
/// than the one that Testcontainers would ask for.
/// </summary>
internal sealed class DockerEngine : IDockerEndpointAuthenticationConfiguration
{
    private readonly IDockerEndpointAuthenticationConfiguration configuration;

    private DockerEngine(IDockerEndpointAuthenticationConfiguration configuration, Version version) =>
        (this.configuration, Version) = (configuration, version);

    public Version Version { get; }

    public Uri Endpoint => configuration.Endpoint;

    public IAuthProvider AuthProvider => configuration.AuthProvider;

    public DockerClientBuilder GetDockerClientBuilder(Guid sessionId = default) =>
        configuration.GetDockerClientBuilder(sessionId).WithApiVersion(Version);

    /// <summary>Asks each address, for a bounded time, and returns the first engine that answers.</summary>
    /// <exception cref="UnusableException">No engine answers; the message has the reason for each address.</exception>
    public static async Task<DockerEngine> FindAsync(DockerPlaces places, CancellationToken cancellationToken)
    {
        if (places.IsConfiguredElsewhere)
        {
            return await FindWithTestcontainersAsync(places.Patience, cancellationToken).ConfigureAwait(false);
        }

        if (places is { Host: null, Defaults: [] })
        {
            throw new UnusableException(
                $"no engine was found: {DockerPlaces.Variable} is not set, and no engine has a socket on this machine");
        }

        var reasons = new List<string>();
        foreach (var (endpoint, name) in Endpoints(places))
        {
            try
            {
                return await AskAsync(
                    new DockerEndpointAuthenticationConfiguration(endpoint), name, places.Patience, cancellationToken)
                    .ConfigureAwait(false);
            }
            catch (Exception exception) when (exception is not (OperationCanceledException or UnusableException))
            {
                reasons.Add($"the engine at {name} cannot be used ({Reason(exception)})");
            }
        }

        throw new UnusableException(string.Join(", ", reasons));
    }

    /// <summary>The reason of a failure: the engine's own words when it has answered, otherwise those of the innermost exception.</summary>
    public static string Reason(Exception exception) => exception switch
    {
        DockerApiException refused => $"it answers {(int)refused.StatusCode}: {Words(refused.ResponseBody)}",
        AggregateException { InnerExceptions: { Count: > 0 } all } => string.Join(", ", all.Select(Reason).Distinct()),
        { InnerException: { } inner } => Reason(inner),
        _ => exception.Message,
    };

    // A path alone would be taken for a file.
    private static IEnumerable<(Uri Endpoint, string Name)> Endpoints(DockerPlaces places)
    {
        if (places.Host is not { } host)
        {
            return places.Defaults.Select(endpoint => (endpoint, endpoint.ToString()));
        }

        return Uri.TryCreate(host, UriKind.Absolute, out var named) && host.Contains("://", StringComparison.Ordinal)
            ? [(named, $"{host} ({DockerPlaces.Variable})")]
            : throw new UnusableException($"{DockerPlaces.Variable} is not an address such as unix:///var/run/docker.sock: '{host}'");
    }

    // An engine that accepts a connection and does not answer ends the search: Testcontainers asks every address at its first use, and
    // waits for minutes.
    private static async Task<DockerEngine> AskAsync(
        IDockerEndpointAuthenticationConfiguration configuration, string name, TimeSpan patience, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(patience);
        if (configuration.Endpoint.Scheme == "unix" && !File.Exists(configuration.Endpoint.LocalPath))
        {
            throw new FileNotFoundException("there is no such socket");
        }

        try
        {
            using var client = new DockerClientBuilder()
                .WithEndpoint(configuration.Endpoint)
                .WithAuthProvider(configuration.AuthProvider)
                .WithApiVersion(null)
                .Build();
            var answer = await client.System.GetVersionAsync(limit.Token).WaitAsync(limit.Token).ConfigureAwait(false);
            return new DockerEngine(configuration, Choose(configuration.Version, answer.APIVersion, answer.MinAPIVersion));
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new UnusableException($"the engine at {name} does not answer within {patience.TotalSeconds:0.#} seconds");
        }
    }

    private static Version Choose(Version wanted, string? newest, string? oldest) =>
        Version.TryParse(newest, out var highest) && highest < wanted ? highest
        : Version.TryParse(oldest, out var lowest) && lowest > wanted ? lowest
        : wanted;

    private static async Task<DockerEngine> FindWithTestcontainersAsync(TimeSpan patience, CancellationToken cancellationToken)
    {
        const string Where = "the address of the TLS settings or of ~/.testcontainers.properties";
        try
        {
            var found = await Task.Run(Discover, cancellationToken).WaitAsync(patience, cancellationToken).ConfigureAwait(false);
            return await AskAsync(found, found.Endpoint.ToString(), patience, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            throw new UnusableException($"the engine at {Where} does not answer within {patience.TotalSeconds:0.#} seconds");
        }
        catch (Exception exception) when (exception is not (OperationCanceledException or UnusableException))
        {
            throw new UnusableException($"the engine at {Where} cannot be used ({Reason(exception)})");
        }
    }

    // A container that is built, and not started, fails with the reason for each address when no engine was found.
    private static IDockerEndpointAuthenticationConfiguration Discover()
    {
        _ = new PostgreSqlBuilder("postgres:17").Build();
        return TestcontainersSettings.OS.DockerEndpointAuthConfig;
    }

    private static string Words(string? body)
    {
        try
        {
            using var json = JsonDocument.Parse(body ?? "");
            return json.RootElement.GetProperty("message").GetString() ?? "";
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return body is { Length: > 200 } ? body[..200] : body ?? "";
        }
    }
}
