using System.Diagnostics;
using System.Net.Sockets;
using AutoStack.Data.LocalServer;
using DotNet.Testcontainers.Configurations;
using DotNet.Testcontainers.Containers;
using Microsoft.Extensions.Logging.Abstractions;
using Testcontainers.PostgreSql;

namespace AutoStack.Data.Testing.Internal;

/// <summary>
/// A container of the official image. When this process is killed, Testcontainers' Ryuk removes the container; without Ryuk the next run
/// does.
/// </summary>
internal static class DockerServer
{
    private const int PreferredMajor = 17;
    private const int Port = 5432;
    private static readonly TimeSpan Reachable = TimeSpan.FromSeconds(5);

    /// <exception cref="UnusableException">No Docker engine answers, or the image does not start.</exception>
    public static async Task<RunningServer> StartAsync(ServerSetup setup, DockerPlaces places, CancellationToken cancellationToken)
    {
        var engine = await DockerEngine.FindAsync(places, cancellationToken).ConfigureAwait(false);
        await AbandonedContainers.RemoveAsync(engine, cancellationToken).ConfigureAwait(false);
        var container = new PostgreSqlBuilder($"postgres:{Math.Max(PreferredMajor, setup.MinimumMajor)}-alpine")
            .WithDockerEndpoint(engine)
            .WithLabel(AbandonedContainers.Label, OwnerProcess.Current.ToString())
            .WithLogger(NullLogger.Instance)
            .WithCommand([.. setup.Settings.SelectMany(setting => new[] { "-c", setting })])
            .Build();
        using var reaper = new ReaperWatch(cancellationToken);
        try
        {
            await container.StartAsync(reaper.Token).ConfigureAwait(false);
            await EnsureReachableAsync(container.Hostname, container.GetMappedPublicPort(Port), Reachable, cancellationToken)
                .ConfigureAwait(false);
            return new RunningServer(
                $"Docker container of {container.Image.FullName}", container.GetConnectionString(), new Lifetime(engine, container));
        }
        catch (Exception exception)
        {
            await new Lifetime(engine, container).DisposeAsync().ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
            throw exception as UnusableException ?? new UnusableException(Explain(exception, container, engine, reaper));
        }
    }

    /// <summary>Connects to the published port of a container.</summary>
    /// <exception cref="UnusableException">The port is not reachable; the message names the variable that corrects the address.</exception>
    public static async Task EnsureReachableAsync(string host, int port, TimeSpan patience, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        for (Exception? last = null; ;)
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var left = patience - Stopwatch.GetElapsedTime(started);
            if (left <= TimeSpan.Zero)
            {
                throw new UnusableException($"{NotReachable($"{host}:{port}")} ({last?.Message ?? "no answer"})");
            }

            try
            {
                limit.CancelAfter(left);
                using var client = new TcpClient();
                await client.ConnectAsync(host, port, limit.Token).ConfigureAwait(false);
                return;
            }
            catch (SocketException exception)
            {
                last = exception;
                await Task.Delay(TimeSpan.FromMilliseconds(200), cancellationToken).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                // No answer until the end of the time, which the next turn reports.
            }
        }
    }

    private static string Explain(
        Exception exception, PostgreSqlContainer container, DockerEngine engine, ReaperWatch reaper) => reaper switch
    {
        { IsUnreachable: true } => NotReachable(container.Hostname),
        { IsStarting: true } =>
            $"{TestcontainersSettings.ResourceReaperImage?.FullName ?? "testcontainers/ryuk"}, which removes containers of killed "
            + $"processes, does not start on {engine.Endpoint} ({DockerEngine.Reason(exception)}); TESTCONTAINERS_RYUK_DISABLED=true does without",
        _ => $"{container.Image.FullName} does not start on {engine.Endpoint} ({DockerEngine.Reason(exception)})",
    };

    private static string NotReachable(string address) =>
        $"containers start, but their published ports are not reachable at {address}: set TESTCONTAINERS_HOST_OVERRIDE to the address at "
        + "which this process reaches the engine's ports";

    /// <summary>
    /// Ends the wait for Ryuk's port after ten seconds; Testcontainers would wait for a minute, and then not say for what.
    /// </summary>
    private sealed class ReaperWatch : IDisposable
    {
        private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

        private readonly CancellationToken outer;
        private readonly CancellationTokenSource limit;

        public ReaperWatch(CancellationToken cancellationToken)
        {
            outer = cancellationToken;
            limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            ResourceReaper.StateChanged += Follow;
        }

        public CancellationToken Token => limit.Token;

        public bool IsStarting { get; private set; }

        public bool IsUnreachable => limit.IsCancellationRequested && !outer.IsCancellationRequested;

        public void Dispose()
        {
            ResourceReaper.StateChanged -= Follow;
            limit.Dispose();
        }

        private void Follow(object? sender, ResourceReaperStateEventArgs change)
        {
            IsStarting = change.State is ResourceReaperState.Created or ResourceReaperState.InitializingConnection;
            limit.CancelAfter(change.State == ResourceReaperState.InitializingConnection ? Patience : Timeout.InfiniteTimeSpan);
        }
    }

    // Without Ryuk, Testcontainers stops the container and leaves it.
    private sealed class Lifetime(DockerEngine engine, PostgreSqlContainer container) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            if (container.State != TestcontainersStates.Undefined)
            {
                await AbandonedContainers.RemoveAsync(engine, container.Id).ConfigureAwait(false);
            }

            await container.DisposeAsync().ConfigureAwait(false);
        }
    }
}
