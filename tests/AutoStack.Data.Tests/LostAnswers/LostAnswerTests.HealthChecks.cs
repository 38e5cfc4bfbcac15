using AutoStack.Data.HealthChecks;
using Microsoft.Extensions.DependencyInjection;

namespace AutoStack.Data.Tests.LostAnswers;

public sealed partial class LostAnswerTests
{
    private static Dictionary<string, Func<LostAnswerTests, Task<Write>>> OfHealthChecks => new()
    {
        ["IPlatformDeploymentHealthCheckRepository.AddAsync"] = async tests =>
        {
            var check = NewCheck((await tests.EnqueueAsync()).Id);
            return new Write(
                async host => await host.GetRequiredService<IPlatformDeploymentHealthCheckRepository>().AddAsync(check, Token),
                async (result, _) =>
                {
                    Assert.That(result, Has.Property("Id").EqualTo(check.Id));
                    Assert.That(await tests.CountChecksAsync(check.DeploymentId), Is.EqualTo(1));
                });
        },
        ["IPlatformDeploymentHealthCheckRepository.AddAsync, without an id"] = async tests =>
        {
            var check = NewCheck((await tests.EnqueueAsync()).Id) with { Id = null };
            return new Write(
                async host => await host.GetRequiredService<IPlatformDeploymentHealthCheckRepository>().AddAsync(check, Token),
                async (_, told) => Assert.That(
                    await tests.CountChecksAsync(check.DeploymentId), Is.EqualTo(told == Told.AgainByTheCaller ? 2 : 1)));
        },
        ["IPlatformDeploymentHealthCheckRepository.AddManyAsync"] = async tests =>
        {
            var deployment = await tests.EnqueueAsync();
            NewDeploymentHealthCheck[] checks = [NewCheck(deployment.Id), NewCheck(deployment.Id), NewCheck(Guid.NewGuid())];
            return new Write(
                async host => await host.GetRequiredService<IPlatformDeploymentHealthCheckRepository>().AddManyAsync(checks, Token),
                async (result, _) =>
                {
                    Assert.That(result, Is.EqualTo(2));
                    Assert.That(await tests.CountChecksAsync(deployment.Id), Is.EqualTo(2));
                });
        },
        ["IPlatformDeploymentHealthCheckRepository.PurgeAsync"] = async tests =>
        {
            var deployment = await tests.EnqueueAsync();
            await tests.PlatformHealthChecks.AddManyAsync(
                [
                    NewCheck(deployment.Id) with { CheckedAt = Day(1) },
                    NewCheck(deployment.Id) with { CheckedAt = Day(2) },
                    NewCheck(deployment.Id) with { CheckedAt = Day(3) },
                ],
                Token);
            return new Write(
                async host => await host.GetRequiredService<IPlatformDeploymentHealthCheckRepository>().PurgeAsync(Day(3), 10, Token),
                async (result, told) =>
                {
                    // Nothing, when the lost answer was that of the removal.
                    Assert.That(result, Is.EqualTo(2).Or.EqualTo(told == Told.Once ? 2 : 0));
                    Assert.That(await tests.CountChecksAsync(deployment.Id), Is.EqualTo(1));
                });
        },
    };

    private static DateTimeOffset Day(int day) => new(2001, 1, day, 0, 0, 0, TimeSpan.Zero);

    private static NewDeploymentHealthCheck NewCheck(Guid deploymentId) =>
        new() { Id = Guid.NewGuid(), DeploymentId = deploymentId, Url = "https://site.example", IsLive = true };

    private Task<long> CountChecksAsync(Guid deploymentId) => CountAsync("deployment_health_checks WHERE deployment_id = $1", deploymentId);
}
