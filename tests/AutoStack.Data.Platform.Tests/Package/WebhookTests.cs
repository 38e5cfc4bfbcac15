using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using AutoStack.Data.Accounts;
using AutoStack.Data.Projects;
using AutoStack.Data.Webhooks;
using Microsoft.AspNetCore.Builder;

namespace AutoStack.Data.Platform.Tests.Package;

public sealed class WebhookTests : ServiceTests
{
    private const string TenantSecret = "a secret that a tenant knows";

    private readonly List<PushResult> handled = [];

    protected override void Map(WebApplication app)
    {
        app.MapAutoStackWebhooks("/webhooks/tenant", WebhookProvider.GitHub, options =>
        {
            options.Secrets.Add(TenantSecret);
            options.Accept = (_, push) => ValueTask.FromResult(push.RepositoryId == "7");
            options.Handled = (_, result) =>
            {
                handled.Add(result);
                return ValueTask.CompletedTask;
            };
        });
    }

    [Test]
    public async Task A_signed_push_queues_the_deployment_of_a_proven_project()
    {
        await AddProvenProjectAsync("signed", id: "1001");
        using var response = await PushAsync("/webhooks/github", Body("signed", id: "1001"), WebhookSecret);
        var answer = await JsonOf(response);

        Assert.That((response.StatusCode, answer.GetProperty("outcome").GetString(), answer.GetProperty("deployments").GetInt32()),
            Is.EqualTo((HttpStatusCode.OK, "Queued", 1)));
    }

    [Test]
    public async Task A_forged_or_unsigned_push_is_not_stored()
    {
        await AddProvenProjectAsync("forged", id: "1002");
        var body = Body("forged", id: "1002");
        using var forged = await PushAsync("/webhooks/github", body, "another secret", delivery: "forged-1");
        using var unsigned = await PushAsync("/webhooks/github", body, secret: null, delivery: "forged-2");
        var stored = await Get<IWebhookPayloadRepository>().ListAsync(WebhookPayloadFilter.All, Cursor.Start, 100, Token);

        Assert.That((forged.StatusCode, unsigned.StatusCode), Is.EqualTo((HttpStatusCode.Unauthorized, HttpStatusCode.Unauthorized)));
        Assert.That(stored.Items.Select(payload => payload.DeliveryId), Has.None.StartsWith("forged"));
    }

    [Test]
    public async Task A_tenant_s_secret_signs_pushes_of_its_own_repository_only()
    {
        using var own = await PushAsync("/webhooks/tenant", Body("own", id: "7"), TenantSecret);
        using var other = await PushAsync("/webhooks/tenant", Body("other", id: "8"), TenantSecret);

        Assert.That((own.StatusCode, other.StatusCode), Is.EqualTo((HttpStatusCode.OK, HttpStatusCode.Forbidden)));
        Assert.That(handled.Select(result => result.Push?.RepositoryId), Is.EqualTo(new[] { "7" }));
    }

    [Test]
    public async Task Another_media_type_a_body_that_is_no_JSON_and_a_large_one_are_refused()
    {
        const string Form = "application/x-www-form-urlencoded";
        var tooLarge = new string(' ', IWebhookPayloadRepository.MaxPayloadBytes + 1);
        using var form = await PushAsync("/webhooks/github", "payload=%7B%7D", WebhookSecret, mediaType: Form);
        using var text = await PushAsync("/webhooks/github", "{", WebhookSecret);
        using var large = await PushAsync("/webhooks/github", tooLarge, WebhookSecret);

        Assert.That((form.StatusCode, text.StatusCode, large.StatusCode),
            Is.EqualTo((HttpStatusCode.UnsupportedMediaType, HttpStatusCode.BadRequest, HttpStatusCode.RequestEntityTooLarge)));
    }

    [Test]
    public void An_endpoint_without_a_secret_is_not_mapped()
    {
        Assert.That(
            () => App.MapAutoStackWebhooks("/open", WebhookProvider.GitHub, _ => { }),
            Throws.ArgumentException.With.Message.StartsWith("Secrets is empty"));
        Assert.That(
            () => App.MapAutoStackWebhooks("/open", WebhookProvider.GitHub, options => options.Secrets.Add(" ")),
            Throws.ArgumentException.With.Message.StartsWith("Secrets is empty"));
        Assert.That(
            () => App.MapAutoStackWebhooks("/open", WebhookProvider.From("gitea"), options => options.Secrets.Add("secret")),
            Throws.ArgumentException.With.Message.StartsWith("provider is not known"));
    }

    private static string Body(string name, string id) =>
        $$$"""
        {"ref":"refs/heads/main","before":"{{{new string('0', 40)}}}","after":"{{{new string('a', 40)}}}",
         "repository":{"id":{{{id}}},"clone_url":"https://github.com/ada/{{{name}}}.git"}}
        """;

    private async Task AddProvenProjectAsync(string name, string id)
    {
        var user = await Get<IUserRepository>().AddAsync(new NewUser { Name = "Ada", Email = NewEmail() }, Token);
        var project = await Get<IProjectRepository>().AddAsync(
            new NewProject { UserId = user.Id, Name = name, Repository = $"ada/{name}", AutoDeployEnabled = true }, Token);
        var access = new RepositoryAccess { Provider = WebhookProvider.GitHub, Host = "github.com", RepositoryId = id };
        await Get<IPlatformProjectRepository>().RecordAccessAsync(project.Id, project.Repository, access, Token);
    }

    private async Task<HttpResponseMessage> PushAsync(
        string path, string body, string? secret, string? delivery = null, string mediaType = "application/json")
    {
        var bytes = Encoding.UTF8.GetBytes(body);
        using var request = new HttpRequestMessage(HttpMethod.Post, path)
        {
            Content = new ByteArrayContent(bytes) { Headers = { ContentType = new MediaTypeHeaderValue(mediaType) } },
            Headers = { { "X-GitHub-Event", "push" }, { "X-GitHub-Delivery", delivery ?? Guid.NewGuid().ToString() } },
        };
        if (secret is not null)
        {
            var hash = HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), bytes);
            request.Headers.Add("X-Hub-Signature-256", $"sha256={Convert.ToHexStringLower(hash)}");
        }

        return await Http.SendAsync(request, Token);
    }
}
