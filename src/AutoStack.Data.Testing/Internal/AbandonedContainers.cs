using AutoStack.Data.LocalServer;
using Docker.DotNet;
using Docker.DotNet.Models;

namespace AutoStack.Data.Testing.Internal;

/// <summary>
/// Containers whose process was killed while Ryuk, which removes them at once, was disabled. Each container has its process in a label; a
/// container is removed only when that process is known to be dead.
/// </summary>
internal static class AbandonedContainers
{
    public const string Label = "autostack.data.testing.owner";

    /// <summary>Removes the containers of dead processes of this machine.</summary>
    public static async Task RemoveAsync(DockerEngine engine, CancellationToken cancellationToken)
    {
        using var client = engine.GetDockerClientBuilder().Build();
        IList<ContainerListResponse> containers;
        try
        {
            containers = await client.Containers.ListContainersAsync(
                new ContainersListParameters
                {
                    All = true,
                    Filters = new Dictionary<string, IDictionary<string, bool>>
                    {
                        ["label"] = new Dictionary<string, bool> { [Label] = true },
                    },
                }, cancellationToken).ConfigureAwait(false);
        }
        catch (DockerApiException)
        {
            return; // an engine that lists no containers may still start one
        }

        foreach (var container in containers.Where(found => OwnerProcess.Parse(found.Labels[Label]) is { IsDead: true }))
        {
            await RemoveAsync(client, container.ID, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Removes a container of this process, running or not.</summary>
    public static async Task RemoveAsync(DockerEngine engine, string id)
    {
        using var client = engine.GetDockerClientBuilder().Build();
        await RemoveAsync(client, id, CancellationToken.None).ConfigureAwait(false);
    }

    private static async Task RemoveAsync(DockerClient client, string id, CancellationToken cancellationToken)
    {
        try
        {
            await client.Containers.RemoveContainerAsync(
                id, new ContainerRemoveParameters { Force = true, RemoveVolumes = true }, cancellationToken).ConfigureAwait(false);
        }
        catch (DockerApiException)
        {
            // Another process, or Ryuk, is removing the container, or has removed it.
        }
    }
}
