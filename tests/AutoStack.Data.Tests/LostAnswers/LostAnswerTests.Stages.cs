using AutoStack.Data.Deployments;
using Microsoft.Extensions.DependencyInjection;

namespace AutoStack.Data.Tests.LostAnswers;

public sealed partial class LostAnswerTests
{
    private static readonly StageChange Deployed = new() { Name = StageName.Deploying, Status = StageStatus.Completed };

    private static Dictionary<string, Func<LostAnswerTests, Task<Write>>> OfStages => new()
    {
        ["IPlatformDeploymentStageRepository.PlanAsync"] = tests => tests.StageAsync(
            (stages, claim) => stages.PlanAsync(claim, [StageName.Deploying], Token), "pending"),
        ["IPlatformDeploymentStageRepository.SetAsync"] = tests => tests.StageAsync(
            (stages, claim) => stages.SetAsync(claim, Deployed, Token), "completed"),
        ["IPlatformDeploymentStageRepository.StartAsync"] = tests => tests.StageAsync(
            (stages, claim) => stages.StartAsync(claim, StageName.Deploying, Token), "in_progress"),
        ["IPlatformDeploymentStageRepository.CompleteAsync"] = tests => tests.StageAsync(
            (stages, claim) => stages.CompleteAsync(claim, StageName.Deploying, Token), "completed", isStarted: true),
        ["IPlatformDeploymentStageRepository.FailAsync"] = tests => tests.StageAsync(
            (stages, claim) => stages.FailAsync(claim, StageName.Deploying, "no route", Token), "failed", isStarted: true),
    };

    private async Task<Write> StageAsync(
        Func<IPlatformDeploymentStageRepository, DeploymentClaim, Task<TransitionOutcome>> change, string status, bool isStarted = false)
    {
        var claim = await LeasedAsync(DeploymentStatus.Cloning);
        if (isStarted)
        {
            await PlatformStages.StartAsync(claim, StageName.Deploying, Token);
        }

        return new Write(
            async host => await change(host.GetRequiredService<IPlatformDeploymentStageRepository>(), claim),
            async (result, told) =>
            {
                Assert.That(result, Is.EqualTo(told == Told.Once ? TransitionOutcome.Applied : TransitionOutcome.AlreadyThere));
                Assert.That(await StagesOfAsync(claim.DeploymentId), Is.EqualTo($"cloning in_progress, deploying {status}"));
            });
    }
}
