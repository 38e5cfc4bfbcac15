using System.Text.Json;
using AutoStack.Data.Webhooks;
using Microsoft.Extensions.DependencyInjection;

namespace AutoStack.Data.Tests.LostAnswers;

public sealed partial class LostAnswerTests
{
    private const string Sha = "6113728f27ae82c7b1a177c8d03f9e96e0adf246";

    private static Dictionary<string, Func<LostAnswerTests, Task<Write>>> OfWebhooks => new()
    {
        ["IWebhookPayloadRepository.StoreAsync"] = tests =>
        {
            var delivery = Delivery("{}") with { Id = Guid.NewGuid() };
            return Task.FromResult(new Write(
                async host => await host.GetRequiredService<IWebhookPayloadRepository>().StoreAsync(delivery, Token),
                async (result, _) =>
                {
                    Assert.That(result, Is.EqualTo(new WebhookStoreResult(WebhookStoreOutcome.Stored, delivery.Id.Value, null)));
                    Assert.That(await tests.CountAsync(delivery), Is.EqualTo(1));
                }));
        },
        ["IWebhookPayloadRepository.StoreAsync, without an id"] = tests =>
        {
            var delivery = Delivery("{}");
            return Task.FromResult(new Write(
                async host => await host.GetRequiredService<IWebhookPayloadRepository>().StoreAsync(delivery, Token),
                async (result, told) =>
                {
                    Assert.That(
                        ((WebhookStoreResult)result!).Outcome,
                        Is.EqualTo(told == Told.AgainByTheCaller ? WebhookStoreOutcome.Duplicate : WebhookStoreOutcome.Stored));
                    Assert.That(await tests.CountAsync(delivery), Is.EqualTo(1));
                }));
        },
        ["IWebhookPayloadRepository.AttachDeploymentAsync"] = async tests =>
        {
            var deployment = await tests.EnqueueAsync();
            var stored = await tests.Webhooks.StoreAsync(Delivery("{}"), Token);
            return new Write(
                async host => await host.GetRequiredService<IWebhookPayloadRepository>().AttachDeploymentAsync(
                    stored.PayloadId, deployment.Id, Token),
                async (result, _) =>
                {
                    Assert.That(result, Is.EqualTo(AttachOutcome.Attached));
                    Assert.That((await tests.Webhooks.FindAsync(stored.PayloadId, Token))!.DeploymentId, Is.EqualTo(deployment.Id));
                });
        },
        ["IWebhookPayloadRepository.PurgeAsync"] = async tests =>
        {
            var ids = new List<Guid>();
            for (var day = 1; day <= 3; day++)
            {
                var stored = await tests.Webhooks.StoreAsync(Delivery("{}"), Token);
                await tests.ExecuteAsync(
                    "UPDATE webhook_payloads SET received_at = $2 WHERE id = $1", stored.PayloadId, new DateTime(2001, 1, day));
                ids.Add(stored.PayloadId);
            }

            return new Write(
                async host => await host.GetRequiredService<IWebhookPayloadRepository>().PurgeAsync(
                    new DateTimeOffset(2001, 1, 3, 0, 0, 0, TimeSpan.Zero), 10, Token),
                async (result, told) =>
                {
                    Assert.That(result, Is.EqualTo(told == Told.Once ? 2 : 0));
                    Assert.That(await tests.CountAsync("webhook_payloads WHERE id = ANY ($1)", ids.ToArray()), Is.EqualTo(1));
                });
        },
        ["IPushes.HandleAsync"] = async tests =>
        {
            var (repositoryId, projectIds) = await tests.AddTargetsAsync();
            var delivery = Delivery(Push(repositoryId)) with { Id = Guid.NewGuid() };
            return new Write(
                async host => await host.GetRequiredService<IPushes>().HandleAsync(delivery, PushOptions.Default, Token),
                (result, _) => tests.CheckAsync((PushResult)result!, PushOutcome.Queued, delivery, projectIds));
        },
        ["IPushes.HandleAsync, without an id"] = async tests =>
        {
            var (repositoryId, projectIds) = await tests.AddTargetsAsync();
            var delivery = Delivery(Push(repositoryId));
            return new Write(
                async host => await host.GetRequiredService<IPushes>().HandleAsync(delivery, PushOptions.Default, Token),
                (result, told) => tests.CheckAsync(
                    (PushResult)result!,
                    told == Told.AgainByTheCaller ? PushOutcome.Duplicate : PushOutcome.Queued,
                    delivery,
                    projectIds));
        },
    };

    private static NewWebhookPayload Delivery(string body) => new()
    {
        Provider = WebhookProvider.GitHub,
        PayloadJson = JsonElement.Parse(body),
        Headers = JsonSerializer.SerializeToElement(new Dictionary<string, string> { ["x-github-delivery"] = Unique("delivery") }),
    };

    private static string Push(string repositoryId) => $$"""
        { "ref": "refs/heads/main", "before": "0000000000000000000000000000000000000000", "after": "{{Sha}}",
          "repository": { "id": {{repositoryId}}, "clone_url": "https://github.com/ada/{{repositoryId}}.git" },
          "head_commit": { "id": "{{Sha}}", "message": "fix", "timestamp": "2019-05-15T15:20:41-07:00", "author": { "name": "Ada" } } }
        """;

    private Task<long> CountAsync(NewWebhookPayload delivery) =>
        CountAsync("webhook_payloads WHERE headers ->> 'x-github-delivery' = $1", DeliveryId(delivery));

    private static string DeliveryId(NewWebhookPayload delivery) => delivery.Headers.GetProperty("x-github-delivery").GetString()!;

    private async Task CheckAsync(PushResult result, PushOutcome outcome, NewWebhookPayload delivery, Guid[] projectIds)
    {
        Assert.That(result.Outcome, Is.EqualTo(outcome));
        Assert.That(result.Push!.RepositoryId, Is.EqualTo(delivery.PayloadJson.GetProperty("repository").GetProperty("id").ToString()));
        Assert.That(result.Deployments.Select(deployment => deployment.ProjectId), Is.EqualTo(projectIds));
        Assert.That(await CountAsync(delivery), Is.EqualTo(1));
        Assert.That(await CountAsync("deployments WHERE project_id = ANY ($1)", projectIds), Is.EqualTo(projectIds.Length));
        Assert.That((await Webhooks.FindAsync(result.PayloadId, Token))!.DeploymentId, Is.EqualTo(result.Deployments[0].Id));
    }

    private async Task<(string RepositoryId, Guid[] ProjectIds)> AddTargetsAsync()
    {
        var repositoryId = $"{Random.Shared.NextInt64(long.MaxValue)}";
        var ids = new Guid[3];
        for (var i = 0; i < ids.Length; i++)
        {
            var project = NewProject(await AddUserAsync()) with { AutoDeployEnabled = true };
            await Projects.AddAsync(project, Token);
            await PlatformProjects.RecordAccessAsync(
                project.Id!.Value, project.Repository, Access with { RepositoryId = repositoryId }, Token);
            ids[i] = project.Id.Value;
        }

        return (repositoryId, ids);
    }
}
