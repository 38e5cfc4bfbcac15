using AutoStack.Data;
using AutoStack.Data.Containers;
using AutoStack.Data.Monitoring;

namespace Platform.Operations;

/// <summary>
/// Refuses a given database in which another platform may be at work: a worker builds whatever waits, with the programs and on the machine
/// of its own process.
/// </summary>
internal static class GivenDatabase
{
    /// <exception cref="ArgumentsException">Deployments wait or are being built, or containers are not stopped.</exception>
    public static async Task RequireUnusedAsync(IServiceProvider services)
    {
        var containers = services.GetRequiredService<IPlatformDeploymentContainerRepository>();
        var running = await containers.ListRunningAsync(Cursor.Start, limit: 1);
        var orphans = await containers.ListOrphansAsync(Cursor.Start, limit: 1);
        var look = await services.GetRequiredService<IDatabaseMonitor>().MeasureAsync(StatsParts.Queue);
        if (look.Queue is not { Waiting: 0, Running: 0 } || running.Items.Count + orphans.Items.Count > 0)
        {
            throw new ArgumentsException(
                "The database of --connection has deployments that wait or are being built, or containers that are not stopped: another "
                + "platform may be at work in it. When an earlier run on this machine has left them, give --resume as well.");
        }
    }
}
