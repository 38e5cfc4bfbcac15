using AutoStack.Data.LocalServer;
using DotNet.Testcontainers.Builders;
using Microsoft.Extensions.Logging.Abstractions;
using Testcontainers.PostgreSql;

namespace AutoStack.Data.Testing.Internal;

/// <summary>A container of the official image. Testcontainers removes the container when this process is killed.</summary>
internal static class DockerServer
{
    private const int PreferredMajor = 17;

    /// <exception cref="UnusableException">No Docker engine answers, or the image does not start.</exception>
    public static async Task<RunningServer> StartAsync(ServerSetup setup, CancellationToken cancellationToken)
    {
        var image = $"postgres:{Math.Max(PreferredMajor, setup.MinimumMajor)}-alpine";
        PostgreSqlContainer? container = null;
        try
        {
            container = new PostgreSqlBuilder(image)
                .WithLogger(NullLogger.Instance)
                .WithCommand([.. setup.Settings.SelectMany(setting => new[] { "-c", setting })])
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
