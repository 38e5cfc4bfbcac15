using AutoStack.Data.Accounts;
using AutoStack.Data.Containers;
using AutoStack.Data.Deployments;
using AutoStack.Data.HealthChecks;
using AutoStack.Data.Platform.Tests.Pages;
using AutoStack.Data.Testing;

namespace AutoStack.Data.Platform.Tests.Sample;

/// <summary>The sample platform on a database that has rows of other platforms, or of an earlier run.</summary>
[CancelAfter(180_000)]
public sealed class GivenDatabaseTests
{
    private TestDatabase database = null!;
    private TestServices services = null!;

    private static CancellationToken Token => TestContext.CurrentContext.CancellationToken;

    [SetUp]
    public async Task CreateAsync()
    {
        database = await TestServer.Current.CreateDatabaseAsync();
        services = database.CreateServices();
    }

    [TearDown]
    public async Task RemoveAsync()
    {
        await services.DisposeAsync();
        await database.DisposeAsync();
    }

    [Test]
    public async Task A_database_whose_queue_is_not_empty_is_refused_and_stays_as_it_is()
    {
        var deployment = await services.Rows.AddDeploymentAsync(project: null, Token);

        await AssertRefusedAsync();
        Assert.That(
            (await services.Get<IDeploymentLifecycle>().FindStatusAsync(deployment.Id, Token))?.Value, Is.EqualTo("queued"));
    }

    [Test]
    public async Task A_database_with_containers_of_another_platform_is_refused_and_with_resume_they_are_left_alone()
    {
        var (other, container) = await AddRunningAsync();
        var orphan = await AddOrphanAsync();

        await AssertRefusedAsync();

        await using var platform =
            await PlatformProcess.StartAsync(database.ConnectionString, path: null, Token, null, "--resume");
        using var ada = await PlatformClient.SignUpAsync(platform);
        var own = await ada.DeployAsync("hello");

        // Each round of the monitor checks the own site once: the other one has been passed over often enough to be reported.
        await ada.UntilAsync(own, details => details.GetProperty("healthChecks").GetArrayLength() >= 6);
        Assert.That(
            await services.Get<IDeploymentHealthCheckRepository>().FindLatestAsync(other.Deployment.Id, other.User.Id, Token), Is.Null);
        Assert.That(await StatusOfAsync(other, container), Is.EqualTo(("success", "running")));
        Assert.That((await StatusOfAsync(orphan.Other, orphan.Container)).Container, Is.EqualTo("running"));
    }

    [Test]
    public async Task After_a_kill_the_deployments_of_the_last_run_stay_successful_with_their_containers_stopped()
    {
        var killed = await PlatformProcess.StartAsync(database.ConnectionString, path: null, Token);
        User owner;
        Guid deployment;
        using (var ada = await PlatformClient.SignUpAsync(killed))
        {
            deployment = await ada.DeployAsync("hello");
            Assert.That((await ada.UntilEndedAsync(deployment)).Status, Is.EqualTo("success"));
            owner = (await services.Get<IPlatformUserRepository>().FindByEmailAsync(ada.Email, Token))!;
        }

        await killed.KillAsync();

        await AssertRefusedAsync();

        await using var platform =
            await PlatformProcess.StartAsync(database.ConnectionString, path: null, Token, null, "--resume");
        DeploymentDetails? details;
        do
        {
            await Task.Delay(100, Token);
            details = await services.Get<IDeploymentRepository>().FindDetailsAsync(deployment, owner.Id, maxLogs: 1, Token);
        }
        while (details!.Containers.Any(container => container.Status.Value != "stopped"));

        using var eve = await PlatformClient.SignUpAsync(platform);
        await eve.UntilAsync(await eve.DeployAsync("hello"), other => other.GetProperty("healthChecks").GetArrayLength() >= 5);
        Assert.That((await services.Get<IDeploymentLifecycle>().FindStatusAsync(deployment, Token))?.Value, Is.EqualTo("success"));
    }

    [Test]
    public async Task Log_lines_of_a_given_database_go_only_when_asked()
    {
        // Written by a clock that is more than 30 days slow.
        var old = await services.Rows.AddFinishedDeploymentAsync(project: null, failure: null, ["one", "two", "three"], Token);
        await using (var platform = await PlatformProcess.StartAsync(database.ConnectionString, path: null, Token))
        {
            using var ada = await PlatformClient.SignUpAsync(platform);
            await ada.UntilAsync(await ada.DeployAsync("hello"), details => details.GetProperty("healthChecks").GetArrayLength() >= 2);
            Assert.That(await LinesAsync(), Is.EqualTo(3));
        }

        await using (await PlatformProcess.StartAsync(database.ConnectionString, path: null, Token, null, "--retention"))
        {
            while (await LinesAsync() == 3)
            {
                await Task.Delay(100, Token);
            }
        }

        async Task<int> LinesAsync()
        {
            var details = await services.Get<IDeploymentRepository>().FindDetailsAsync(
                old.Deployment.Id, old.User.Id, IDeploymentRepository.MaxDetailLogs, Token);
            return details!.Logs.Count;
        }
    }

    private async Task AssertRefusedAsync()
    {
        var (exitCode, errors) = await PlatformProcess.RunAsync(["--connection", database.ConnectionString], Token);
        Assert.That(errors, Has.Length.EqualTo(1));
        Assert.That(errors[0], Does.Contain("--connection").And.Contain("--resume"));
        Assert.That(exitCode, Is.EqualTo(2));
    }

    private async Task<(FinishedDeployment Other, Guid Container)> AddRunningAsync()
    {
        var other = await services.Rows.AddFinishedDeploymentAsync(project: null, failure: null, lines: null, Token);
        var containers = services.Get<IPlatformDeploymentContainerRepository>();
        var reservation = await containers.ReserveAsync(
            new NewDeploymentContainer { DeploymentId = other.Deployment.Id, Image = "site:1", Host = "127.0.0.1" }, Token);
        var id = reservation.Container!.Id;
        await containers.ConfirmAsync(id, $"engine-{id}", Token);
        await containers.ReportRunningAsync(id, Token);
        return (other, id);
    }

    private async Task<(FinishedDeployment Other, Guid Container)> AddOrphanAsync()
    {
        var added = await AddRunningAsync();
        await services.Get<IDeploymentMaintenance>().ReportUnhealthyAsync(added.Other.Deployment.Id, "It does not answer.", Token);
        return added;
    }

    private async Task<(string Deployment, string Container)> StatusOfAsync(FinishedDeployment other, Guid container)
    {
        var details = await services.Get<IDeploymentRepository>().FindDetailsAsync(other.Deployment.Id, other.User.Id, 1, Token);
        return (details!.Deployment.Status.Value, details.Containers.Single(one => one.Id == container).Status.Value);
    }
}
