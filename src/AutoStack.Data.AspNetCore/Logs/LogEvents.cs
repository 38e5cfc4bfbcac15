using System.IO.Pipelines;
using System.Reflection;
using AutoStack.Data.Deployments;
using AutoStack.Data.Logs;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace AutoStack.Data.AspNetCore;

/// <summary>
/// The log of a deployment as server-sent events: <see cref="AutoStackResults.LogEvents"/>. The stream starts after the cursor of the
/// header <c>Last-Event-ID</c> or of the parameter <c>cursor</c>, waits while the database is away, and ends without an event when the host
/// stops, so that the browser resumes at another process.
/// </summary>
public sealed class LogEvents : IResult, IEndpointMetadataProvider
{
    private const string ContentType = "text/event-stream";

    // Lines are sent together up to this many bytes.
    private const int BatchBytes = 32 * 1024;

    private readonly Guid deploymentId;
    private readonly Guid ownerId;
    private readonly TimeSpan heartbeat;

    internal LogEvents(Guid deploymentId, Guid ownerId, TimeSpan heartbeat) =>
        (this.deploymentId, this.ownerId, this.heartbeat) = (deploymentId, ownerId, heartbeat);

    /// <inheritdoc/>
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        ArgumentNullException.ThrowIfNull(httpContext);
        var services = httpContext.RequestServices;
        var aborted = httpContext.RequestAborted;
        if (FindCursor(httpContext.Request) is not { } cursor)
        {
            await Problem.InvalidArgument.ToResult("Last-Event-ID, or cursor, is not a cursor of a log.").ExecuteAsync(httpContext)
                .ConfigureAwait(false);
            return;
        }

        var stopping = services.GetService<IHostApplicationLifetime>()?.ApplicationStopping ?? CancellationToken.None;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(aborted, stopping);
        try
        {
            var follower = services.GetRequiredService<IDeploymentLogFollower>();
            if (await follower.FindAsync(deploymentId, ownerId, cursor, stop.Token).ConfigureAwait(false) is not { } lines)
            {
                await Problem.NotFound.ToResult().ExecuteAsync(httpContext).ConfigureAwait(false);
                return;
            }

            Begin(httpContext);
            await SendAsync(lines, httpContext.Response.BodyWriter, stop).ConfigureAwait(false);
            var deployments = services.GetRequiredService<IDeploymentRepository>();
            var ended = await deployments.FindAsync(deploymentId, ownerId, stop.Token).ConfigureAwait(false);
            EventText.WriteEnd(httpContext.Response.BodyWriter, ended);
            await httpContext.Response.BodyWriter.FlushAsync(stop.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (aborted.IsCancellationRequested || stopping.IsCancellationRequested)
        {
            // The reader has gone, or the host stops.
        }
    }

    static void IEndpointMetadataProvider.PopulateMetadata(MethodInfo method, EndpointBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Metadata.Add(new ProducesResponseTypeMetadata(StatusCodes.Status200OK, typeof(string), [ContentType]));
        Problem.Describe(builder, Problem.InvalidArgument.Status, Problem.NotFound.Status);
    }

    private static void Begin(HttpContext context)
    {
        context.Response.ContentType = ContentType;
        context.Response.Headers.CacheControl = "no-cache, no-store";
        context.Response.Headers["X-Accel-Buffering"] = "no";
        context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        EventText.WriteRetry(context.Response.BodyWriter);
    }

    private static Cursor? FindCursor(HttpRequest request)
    {
        string? text = request.Headers["Last-Event-ID"];
        text = string.IsNullOrEmpty(text) ? request.Query["cursor"] : text;
        return string.IsNullOrEmpty(text) ? Cursor.Start : Cursor.TryParse(text, out var cursor) ? cursor : null;
    }

    private async Task SendAsync(IAsyncEnumerable<DeploymentLog> lines, PipeWriter output, CancellationTokenSource stop)
    {
        var reader = lines.GetAsyncEnumerator(stop.Token);
        var next = Task.FromResult(false);
        try
        {
            while (true)
            {
                next = reader.MoveNextAsync().AsTask();
                if (!next.IsCompleted)
                {
                    await output.FlushAsync(stop.Token).ConfigureAwait(false);
                    await WaitAsync(next, output, stop.Token).ConfigureAwait(false);
                }

                if (!await next.ConfigureAwait(false))
                {
                    return;
                }

                EventText.WriteLine(output, reader.Current);
                if (output.UnflushedBytes > BatchBytes)
                {
                    await output.FlushAsync(stop.Token).ConfigureAwait(false);
                }
            }
        }
        finally
        {
            // A write that failed leaves the reader waiting, and a reader that waits cannot be disposed.
            if (!next.IsCompleted)
            {
                await stop.CancelAsync().ConfigureAwait(false);
                await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            await reader.DisposeAsync().ConfigureAwait(false);
        }
    }

    private async Task WaitAsync(Task next, PipeWriter output, CancellationToken cancellationToken)
    {
        while (true)
        {
            await next.WaitAsync(heartbeat, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (next.IsCompleted)
            {
                return;
            }

            cancellationToken.ThrowIfCancellationRequested();
            EventText.WriteComment(output);
            await output.FlushAsync(cancellationToken).ConfigureAwait(false);
        }
    }
}
