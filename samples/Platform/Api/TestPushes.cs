using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using AutoStack.Data.AspNetCore;
using AutoStack.Data.Projects;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace Platform.Api;

/// <summary>
/// Sends this service the push that GitHub would send it, so that webhooks can be tried without an account there: signed with the service's
/// secret, or wrongly.
/// </summary>
internal static class TestPushes
{
    public static void MapTestPushes(this WebApplication app) =>
        app.MapPost("/api/projects/{id:guid}/test-push", SendAsync).RequireAuthorization();

    private static async Task<IResult> SendAsync(
        Guid id,
        bool signed,
        CurrentSession current,
        IProjectRepository projects,
        WebhookSecret secret,
        IHttpClientFactory clients,
        IServer server,
        CancellationToken token)
    {
        if (await projects.FindAsync(id, current.UserId, token) is not { } project)
        {
            return AutoStackResults.OkOrNotFound<Project>(null);
        }

        var body = JsonSerializer.SerializeToUtf8Bytes(BodyOf(project));
        var key = signed ? secret.Value.Reveal() : "not the secret";
        var hash = Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(key), body));
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{AddressOf(server)}/webhooks/github")
        {
            Content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } },
            Headers =
            {
                { "X-GitHub-Event", "push" },
                { "X-GitHub-Delivery", Guid.NewGuid().ToString() },
                { "X-Hub-Signature-256", $"sha256={hash}" },
            },
        };
        using var response = await clients.CreateClient(Loopback.Client).SendAsync(request, token);
        return TypedResults.Ok(new
        {
            Status = (int)response.StatusCode,
            Answer = JsonElement.Parse(await response.Content.ReadAsStringAsync(token)),
        });
    }

    // The parts of GitHub's body that the library reads.
    private static object BodyOf(Project project)
    {
        var commit = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(20));
        return new
        {
            @ref = $"refs/heads/{project.AutoDeployBranch ?? project.Branch}",
            before = new string('0', 40),
            after = commit,
            repository = new { id = project.ProviderRepositoryId ?? "1", clone_url = project.Repository },
            head_commit = new { id = commit, message = "A push of the test button", author = new { name = "Ada" } },
        };
    }

    private static string AddressOf(IServer server) => server.Features.Get<IServerAddressesFeature>()!.Addresses.First().TrimEnd('/');
}
