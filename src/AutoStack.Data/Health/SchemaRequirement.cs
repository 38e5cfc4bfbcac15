using AutoStack.Data.Postgres;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace AutoStack.Data.Health;

/// <summary>
/// Keeps a host from starting on a schema that is too old. A host whose database does not answer starts: it may answer later, and the
/// readiness tells.
/// </summary>
internal sealed partial class SchemaRequirement(Readiness readiness, bool isRequired, ILogger logger) : IHostedService
{
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (!isRequired)
        {
            return;
        }

        string? problem;
        try
        {
            problem = await readiness.FindSchemaProblemAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (SqlErrors.IsTransient(exception))
        {
            LogUnknown(logger, exception);
            return;
        }

        if (problem is not null)
        {
            throw new InvalidOperationException($"{problem} AutoStackDataOptions.RequireSchema = false starts without this check.");
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    [LoggerMessage(40, LogLevel.Warning, "The schema could not be checked: the database does not answer.")]
    private static partial void LogUnknown(ILogger logger, Exception exception);
}
