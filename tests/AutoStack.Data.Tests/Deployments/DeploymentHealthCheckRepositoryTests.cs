using AutoStack.Data.Deployments;
using AutoStack.Data.Tests.Support;

namespace AutoStack.Data.Tests.Deployments;

public sealed class DeploymentHealthCheckRepositoryTests : DatabaseTests
{
    [Test]
    public async Task The_latest_checks_come_first()
    {
        var deployment = await EnqueueAsync();
        var start = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        var checks = new List<DeploymentHealthCheck>();
        for (var i = 0; i < 5; i++)
        {
            checks.Insert(0, await HealthChecks.AddAsync(
                new NewDeploymentHealthCheck
                {
                    DeploymentId = deployment.Id,
                    Url = "http://localhost:30000/",
                    HttpStatus = i == 0 ? null : 200,
                    LatencyMs = i == 0 ? null : i,
                    IsLive = i > 0,
                    CheckedAt = start.AddMinutes(i),
                }, Token));
        }

        Assert.That(await HealthChecks.ListLatestAsync(deployment.Id, deployment.UserId, 3, Token), Is.EqualTo(checks.Take(3)));
        Assert.That((await HealthChecks.ListLatestAsync(deployment.Id, deployment.UserId, 10, Token))[^1], Is.EqualTo(checks[^1]));
    }

    [Test]
    public async Task Add_repeated_with_the_same_id_is_one_check_and_never_another_deployments()
    {
        var deployment = await EnqueueAsync();
        var other = await EnqueueAsync();
        var request = new NewDeploymentHealthCheck { Id = Guid.CreateVersion7(), DeploymentId = deployment.Id, Url = "http://localhost", IsLive = true };

        var first = await HealthChecks.AddAsync(request, Token);

        Assert.That(await HealthChecks.AddAsync(request with { IsLive = false }, Token), Is.EqualTo(first));
        Assert.That(() => HealthChecks.AddAsync(request with { DeploymentId = other.Id }, Token), Throws.TypeOf<DuplicateException>());
    }

    [Test]
    public async Task What_is_wrong_is_named()
    {
        var stranger = await AddUserAsync();
        var deployment = await EnqueueAsync();
        var good = new NewDeploymentHealthCheck { DeploymentId = deployment.Id, Url = "http://localhost", IsLive = true };
        await HealthChecks.AddAsync(good, Token);

        Assert.That(() => HealthChecks.AddAsync(good with { Url = " " }, Token), Throws.ArgumentException);
        Assert.That(() => HealthChecks.AddAsync(good with { DeploymentId = Guid.NewGuid() }, Token), Throws.TypeOf<MissingReferenceException>());
        Assert.That(() => HealthChecks.ListLatestAsync(deployment.Id, deployment.UserId, 0, Token), Throws.TypeOf<ArgumentOutOfRangeException>());
        Assert.That(await HealthChecks.ListLatestAsync(deployment.Id, stranger.Id, 10, Token), Is.Empty);
    }
}
