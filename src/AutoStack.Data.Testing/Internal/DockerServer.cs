using DotNet.Testcontainers.Builders;
using Microsoft.Extensions.Logging.Abstractions;
using Testcontainers.PostgreSql;

namespace AutoStack.Data.Testing.Internal;

/// <summary>A container of the official image. Testcontainers removes it when this process dies without doing so.</summary>
internal static class DockerServer
{
    private const int PreferredMajor = 17;

    /// <exception cref="UnusableException">No engine answers, or it cannot run the image.</exception>
    public static async Task<RunningServer> StartAsync(PostgresServerOptions options, CancellationToken cancellationToken)
    {
        var image = $"postgres:{Math.Max(PreferredMajor, options.MinimumMajorVersion)}-alpine";
        PostgreSqlContainer? container = null;
        try
        {
            container = new PostgreSqlBuilder(image)
                .WithLogger(NullLogger.Instance)
                .WithCommand([.. options.ServerSettings().SelectMany(setting => new[] { "-c", setting })])
                .Build();
            await container.StartAsync(cancellationToken).ConfigureAwait(false);
            return new RunningServer($"Docker container of {image}", container.GetConnectionString(), container);
        }
        catch (DockerUnavailableException)
        {
            throw new UnusableException("no engine answers");
        }
        catch (Exception exception)
        {
            if (container is not null)
            {
                await container.DisposeAsync().ConfigureAwait(false);
            }

            cancellationToken.ThrowIfCancellationRequested();
            throw new UnusableException($"{image} does not start ({exception.Message})");
        }
    }
}
