using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using AutoStack.Data.Accounts;
using AutoStack.Data.Projects;
using AutoStack.Data.Webhooks;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

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
    public async Task A_body_that_arrives_in_chunks_is_checked_and_stored_whole()
    {
        var body = Body("chunks", id: "1003") + new string(' ', 300_000);
        using var response = await PushAsync("/webhooks/github", body, WebhookSecret, chunked: true);

        Assert.That((await JsonOf(response)).GetProperty("outcome").GetString(), Is.EqualTo("NoTarget"));
    }

    [TestCase(false, 0, HttpStatusCode.Unauthorized)]
    [TestCase(true, 0, HttpStatusCode.Unauthorized)]
    [TestCase(true, 1, HttpStatusCode.RequestEntityTooLarge)]
    public async Task A_body_of_the_maximum_is_read_and_one_more_byte_is_not(bool chunked, int more, HttpStatusCode expected)
    {
        var body = new string(' ', IWebhookPayloadRepository.MaxPayloadBytes + more);
        using var response = await PushAsync("/webhooks/github", body, "another secret", chunked: chunked);

        Assert.That(response.StatusCode, Is.EqualTo(expected));
    }

    [TestCase(0, 1, StatusCodes.Status401Unauthorized)]
    [TestCase(10, IWebhookPayloadRepository.MaxPayloadBytes, StatusCodes.Status401Unauthorized)]
    [TestCase(10, IWebhookPayloadRepository.MaxPayloadBytes + 1, StatusCodes.Status413PayloadTooLarge)]
    [TestCase(IWebhookPayloadRepository.MaxPayloadBytes, 1, StatusCodes.Status401Unauthorized)]
    public async Task A_claimed_length_reserves_little_memory_and_does_not_count(int claimed, int sent, int expected)
    {
        var endpoint = ((IEndpointRouteBuilder)App).DataSources.SelectMany(source => source.Endpoints).OfType<RouteEndpoint>()
            .Single(endpoint => endpoint.RoutePattern.RawText == "/webhooks/github");
        await using var scope = App.Services.CreateAsyncScope();
        using var body = new Spaces(sent);
        var context = new DefaultHttpContext { RequestServices = scope.ServiceProvider };
        var request = context.Request;
        (request.Method, request.ContentType, request.ContentLength, request.Body) = ("POST", "application/json", claimed, body);
        var before = GC.GetAllocatedBytesForCurrentThread();
        await endpoint.RequestDelegate!(context);

        Assert.That(context.Response.StatusCode, Is.EqualTo(expected));
        Assert.That(body.AllocatedAtFirstRead - before, Is.LessThan(1024 * 1024));
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

    [TestCase(0, null, "options.MaxDeployments")]
    [TestCase(1, "https://git.example.com", "options.Host")]
    public void An_endpoint_whose_options_would_fail_every_delivery_is_not_mapped(int most, string? host, string named) =>
        Assert.That(
            () => App.MapAutoStackWebhooks("/wrong", WebhookProvider.GitHub, options =>
            {
                options.Secrets.Add("secret");
                options.Push = new PushOptions { MaxDeployments = most, Host = host };
            }),
            Throws.InstanceOf<ArgumentException>().With.Property("ParamName").EqualTo(named));

    [Test]
    public async Task An_endpoint_without_the_services_of_a_push_is_not_mapped()
    {
        var builder = NewBuilder();
        builder.Services.AddAutoStackData("Host=127.0.0.1");
        await using var app = builder.Build();

        Assert.That(
            () => app.MapAutoStackWebhooks("/github", WebhookProvider.GitHub, options => options.Secrets.Add("secret")),
            Throws.InvalidOperationException.With.Message.Contains("AddAutoStackDataWorkers"));
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
        string path, string body, string? secret, string? delivery = null, string mediaType = "application/json", bool chunked = false)
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

        request.Headers.TransferEncodingChunked = chunked;
        return await Http.SendAsync(request, Token);
    }

    /// <summary>A body of spaces, which arrive at once. The first read happens on the thread of the caller.</summary>
    private sealed class Spaces(int length) : MemoryStream(Encoding.ASCII.GetBytes(new string(' ', length)))
    {
        public long? AllocatedAtFirstRead { get; private set; }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            AllocatedAtFirstRead ??= GC.GetAllocatedBytesForCurrentThread();
            return base.ReadAsync(buffer, cancellationToken);
        }
    }
}
