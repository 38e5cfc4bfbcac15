using System.Text.Json;
using AutoStack.Data.Deployments;
using AutoStack.Data.Projects;
using AutoStack.Data.Tests.Support;
using AutoStack.Data.Webhooks;

namespace AutoStack.Data.Tests.Webhooks;

/// <summary>A push as a service handles it: stored, its targets queued and noted, in one unit of work.</summary>
public sealed class PushTests : DatabaseTests
{
    [Test]
    public async Task A_push_queues_a_deployment_of_every_user_and_is_noted_with_the_first()
    {
        var repository = $"https://github.com/ada/{Unique("site")}.git";
        var first = await AddTargetAsync(repository);
        var second = await AddTargetAsync(repository);

        var (stored, queued) = await PushAsync(repository, Unique("d"));

        Assert.That(queued.Select(d => (d.ProjectId, d.UserId)), Is.EqualTo(new[] { (first.Id, first.UserId), (second.Id, second.UserId) }));
        Assert.That(queued, Is.All.Property("Status").EqualTo(DeploymentStatus.Queued).And.All.Property("CommitHash").EqualTo("abc"));
        Assert.That((await Webhooks.FindAsync(stored.PayloadId, Token))!.DeploymentId, Is.EqualTo(queued[0].Id));
    }

    [Test]
    public async Task A_redelivery_queues_nothing()
    {
        var repository = $"ada/{Unique("site")}";
        var project = await AddTargetAsync(repository);
        var delivery = Unique("d");
        var (stored, queued) = await PushAsync(repository, delivery);

        var (again, queuedAgain) = await PushAsync(repository, delivery);

        Assert.That(again, Is.EqualTo(new WebhookStoreResult(WebhookStoreOutcome.Duplicate, stored.PayloadId, queued[0].Id)));
        Assert.That(queuedAgain, Is.Empty);
        Assert.That(await Deployments.ListByProjectAsync(project.Id, project.UserId, 10, DeploymentCursor.Start, Token), Has.Count.EqualTo(1));
    }

    [Test]
    public async Task A_redelivery_that_comes_while_the_first_is_handled_waits_and_queues_nothing()
    {
        var repository = $"ada/{Unique("site")}";
        var project = await AddTargetAsync(repository);
        var delivery = Unique("d");
        Task<(WebhookStoreResult Stored, List<Deployment> Queued)> second = null!;

        var (_, queued) = await PushAsync(repository, delivery, async () =>
        {
            second = PushAsync(repository, delivery);
            await UntilSomeoneWaitsAsync();
        });

        Assert.That((await second).Stored.DeploymentId, Is.EqualTo(queued[0].Id));
        Assert.That((await second).Queued, Is.Empty);
        Assert.That(await Deployments.ListByProjectAsync(project.Id, project.UserId, 10, DeploymentCursor.Start, Token), Has.Count.EqualTo(1));
    }

    [Test]
    public async Task A_push_that_fails_on_the_way_leaves_nothing_and_is_handled_when_it_comes_again()
    {
        var repository = $"ada/{Unique("site")}";
        await AddTargetAsync(repository);
        var delivery = Unique("d");

        Assert.That(() => PushAsync(repository, delivery, () => throw new InvalidOperationException("power")), Throws.InvalidOperationException);

        Assert.That((await PushAsync(repository, delivery)).Queued, Has.Count.EqualTo(1));
    }

    private Task<(WebhookStoreResult Stored, List<Deployment> Queued)> PushAsync(string repository, string delivery, Func<Task>? beforeCommit = null)
    {
        var payload = new NewWebhookPayload
        {
            Provider = WebhookProvider.GitHub,
            PayloadJson = JsonSerializer.SerializeToElement(new { @ref = "refs/heads/feature/x", after = "abc" }),
            Headers = JsonSerializer.SerializeToElement(new Dictionary<string, string> { ["X-GitHub-Delivery"] = delivery }),
        };
        return UnitOfWork.RunAsync(async (tx, token) =>
        {
            var queued = new List<Deployment>();
            var stored = await tx.Get<IWebhookPayloadRepository>().StoreAsync(payload, token);
            if (stored.Outcome == WebhookStoreOutcome.Duplicate)
            {
                return (stored, queued);
            }

            foreach (var project in await tx.Get<IProjectRepository>().ListAutoDeployTargetsAsync(repository, "refs/heads/feature/x", 100, Guid.Empty, token))
            {
                queued.Add((await tx.Get<IDeploymentRepository>().EnqueueAsync(
                    new NewDeployment { ProjectId = project.Id, UserId = project.UserId, Commit = new CommitInfo("abc"), CreatorType = CreatorType.Webhook, IsProduction = true }, token))!);
            }

            Assert.That(await tx.Get<IWebhookPayloadRepository>().AttachDeploymentAsync(stored.PayloadId, queued[0].Id, token), Is.True);
            await (beforeCommit?.Invoke() ?? Task.CompletedTask);
            return (stored, queued);
        }, Token);
    }

    private async Task<Project> AddTargetAsync(string repository) =>
        await Projects.AddAsync(
            new NewProject { UserId = (await AddUserAsync()).Id, Name = "Site", Repository = repository, Branch = "feature/x", AutoDeployEnabled = true }, Token);
}
