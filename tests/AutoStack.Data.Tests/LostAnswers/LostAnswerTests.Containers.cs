using AutoStack.Data.Containers;
using AutoStack.Data.Deployments;
using Microsoft.Extensions.DependencyInjection;

namespace AutoStack.Data.Tests.LostAnswers;

public sealed partial class LostAnswerTests
{
    private static Dictionary<string, Func<LostAnswerTests, Task<Write>>> OfContainers => new()
    {
        ["IPlatformDeploymentContainerRepository.ReserveAsync"] = async tests =>
        {
            var deployment = await tests.StartedAsync(DeploymentStatus.Building);
            var request = new NewDeploymentContainer
            {
                Id = Guid.NewGuid(),
                DeploymentId = deployment.Id,
                Image = "site:1",
                Host = Unique("node"),
            };
            return new Write(
                async host => await host.GetRequiredService<IPlatformDeploymentContainerRepository>().ReserveAsync(request, Token),
                async (result, _) => Assert.That(
                    await tests.Containers.ListByDeploymentAsync(deployment.Id, deployment.UserId, Token),
                    Is.EqualTo([((ReservationResult)result!).Container])));
        },
        ["IPlatformDeploymentContainerRepository.ConfirmAsync"] = tests => tests.ContainerAsync(
            (containers, id) => containers.ConfirmAsync(id, "c-1", Token), "starting c-1"),
        ["IPlatformDeploymentContainerRepository.ReportRunningAsync"] = tests => tests.ContainerAsync(
            (containers, id) => containers.ReportRunningAsync(id, Token), "running c-2", confirmed: "c-2"),
        ["IPlatformDeploymentContainerRepository.ReportFailedAsync"] = tests => tests.ContainerAsync(
            (containers, id) => containers.ReportFailedAsync(id, Token), "failed c-3", confirmed: "c-3"),
        ["IPlatformDeploymentContainerRepository.ReportStoppedAsync"] = tests => tests.ContainerAsync(
            (containers, id) => containers.ReportStoppedAsync(id, Token), "stopped c-4", confirmed: "c-4"),
    };

    private async Task<Write> ContainerAsync(
        Func<IPlatformDeploymentContainerRepository, Guid, Task<TransitionOutcome>> report, string expected, string? confirmed = null)
    {
        var container = await ReserveForAsync(await StartedAsync(DeploymentStatus.Building));
        if (confirmed is not null)
        {
            await PlatformContainers.ConfirmAsync(container.Id, confirmed, Token);
        }

        return new Write(
            async host => await report(host.GetRequiredService<IPlatformDeploymentContainerRepository>(), container.Id),
            async (result, told) =>
            {
                Assert.That(result, Is.EqualTo(told == Told.Once ? TransitionOutcome.Applied : TransitionOutcome.AlreadyThere));
                Assert.That(
                    await ScalarAsync("SELECT status || ' ' || container_id FROM deployment_containers WHERE id = $1", container.Id),
                    Is.EqualTo(expected));
            });
    }

    private async Task<DeploymentContainer> ReserveForAsync(Deployment deployment) => (await PlatformContainers.ReserveAsync(
        new NewDeploymentContainer { DeploymentId = deployment.Id, Image = "site:1", Host = Unique("node") }, Token)).Container!;
}
