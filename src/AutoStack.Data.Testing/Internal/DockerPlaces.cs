using System.Text.Json;
using Docker.DotNet;

namespace AutoStack.Data.Testing.Internal;

/// <summary>Where a Docker engine may answer.</summary>
/// <param name="Host">The value of <c>DOCKER_HOST</c>; null when the variable is not set.</param>
/// <param name="Defaults">The addresses that are asked when the variable is not set, in this order.</param>
/// <param name="IsConfiguredElsewhere">
/// True when the engine is reached over TLS, or Testcontainers has a file of settings: then only Testcontainers knows the address and the
/// certificates.
/// </param>
internal sealed record DockerPlaces(string? Host, IReadOnlyList<Uri> Defaults, bool IsConfiguredElsewhere = false)
{
    public const string Variable = "DOCKER_HOST";

    private const string StandardSocket = "/var/run/docker.sock";

    /// <summary>How long an address is waited for.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(3);

    private static string Home => Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);

    public static DockerPlaces OfThisMachine() => new(
        Value(Variable),
        [.. Sockets().Concat(ContextOfTheCommand()).Distinct()],
        Value("DOCKER_TLS") is not null || Value("DOCKER_TLS_VERIFY") is not null
            || File.Exists(Path.Combine(Home, ".testcontainers.properties")));

    // The standard socket, and those of engines without root and of Docker Desktop.
    private static IEnumerable<Uri> Sockets()
    {
        if (OperatingSystem.IsWindows())
        {
            return [new Uri("npipe://./pipe/docker_engine")];
        }

        var sockets = new[]
        {
            StandardSocket,
            Path.Combine(Value("XDG_RUNTIME_DIR") ?? "/nonexistent", "docker.sock"),
            Path.Combine(Home, ".docker", "run", "docker.sock"),
            Path.Combine(Home, ".docker", "desktop", "docker.sock"),
        };
        return sockets.Where(File.Exists).Select(path => new Uri($"unix://{path}"));
    }

    // Where the docker command of this user connects to.
    private static IEnumerable<Uri> ContextOfTheCommand()
    {
        try
        {
            var endpoint = DockerConfig.Instance.GetEndpoint();
            return endpoint.AbsolutePath == StandardSocket ? [] : [endpoint];
        }
        catch (Exception exception) when (exception is DockerConfigurationException or IOException or UnauthorizedAccessException
            or JsonException or FormatException)
        {
            return [];
        }
    }

    private static string? Value(string variable) =>
        Environment.GetEnvironmentVariable(variable) is { } value && !string.IsNullOrWhiteSpace(value) ? value : null;
}
