using System.Net.Http.Json;
using System.Text.Json;
using AutoStack.Data.Platform.Tests.Pages;

namespace AutoStack.Data.Platform.Tests.Sample;

/// <summary>A user of the sample platform without a browser.</summary>
internal sealed class PlatformClient : IDisposable
{
    private readonly HttpClient http;

    private PlatformClient(string address) =>
        http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new Uri(address) };

    public string Email { get; } = $"ada-{Guid.NewGuid():N}@example.com";

    private static CancellationToken Token => TestContext.CurrentContext.CancellationToken;

    public static async Task<PlatformClient> SignUpAsync(PlatformProcess platform)
    {
        var client = new PlatformClient(platform.Address);
        await client.PostAsync("/api/account", new { name = "Ada", email = client.Email, password = "correct horse" });
        return client;
    }

    /// <summary>Adds a project of a bundled example and deploys it.</summary>
    public async Task<Guid> DeployAsync(string example, string name = "site") =>
        await DeployAsync(await AddProjectAsync(new { name, example }));

    /// <summary>Adds a project of a repository and deploys it.</summary>
    public async Task<Guid> DeployAsync(string repository, string command, string outputDir) =>
        await DeployAsync(await AddProjectAsync(new { name = "site", repository, branch = "trunk", buildCommand = command, outputDir }));

    public async Task<Guid> DeployAsync(Guid project) => IdOf(await PostAsync($"/api/projects/{project}/deployments"));

    public async Task<Guid> AddProjectAsync(object project) => IdOf(await PostAsync("/api/projects", project));

    public async Task RemoveProjectAsync(Guid project)
    {
        using var response = await http.DeleteAsync($"/api/projects/{project}", Token);
        response.EnsureSuccessStatusCode();
    }

    public Task CancelAsync(Guid deployment) => PostAsync($"/api/deployments/{deployment}/cancel");

    public Task<JsonElement> FindAsync(Guid deployment) => http.GetFromJsonAsync<JsonElement>($"/api/deployments/{deployment}", Token);

    /// <summary>Waits until a deployment is as the test needs it.</summary>
    public async Task<JsonElement> UntilAsync(Guid deployment, Func<JsonElement, bool> isReached)
    {
        while (true)
        {
            var details = await FindAsync(deployment);
            if (isReached(details))
            {
                return details;
            }

            await Task.Delay(100, Token);
        }
    }

    /// <summary>Waits until a deployment has ended.</summary>
    /// <returns>Its status and, when it failed, the reason.</returns>
    public async Task<(string Status, string? Reason)> UntilEndedAsync(Guid deployment)
    {
        var details = await UntilAsync(deployment, details => StatusOf(details) is "success" or "failed" or "cancelled");
        return (StatusOf(details), details.GetProperty("deployment").GetProperty("failedReason").GetString());
    }

    /// <summary>Reads the messages of a log: all of them when the deployment has ended, otherwise until one fits.</summary>
    public async Task<List<string>> ReadLogAsync(Guid deployment, Predicate<string>? isLast = null)
    {
        var messages = new List<string>();
        await using var stream = await http.GetStreamAsync($"/api/deployments/{deployment}/log", Token);
        using var reader = new StreamReader(stream);
        while (await reader.ReadLineAsync(Token) is { } line)
        {
            if (line.StartsWith("data:", StringComparison.Ordinal)
                && JsonElement.Parse(line["data:".Length..]).TryGetProperty("message", out var message))
            {
                messages.Add(message.GetString()!);
                if (isLast?.Invoke(messages[^1]) == true)
                {
                    break;
                }
            }
        }

        return messages;
    }

    public static string StatusOf(JsonElement details) => details.GetProperty("deployment").GetProperty("status").GetString()!;

    public void Dispose() => http.Dispose();

    private static Guid IdOf(JsonElement row) => row.GetProperty("id").GetGuid();

    private async Task<JsonElement> PostAsync(string path, object? body = null)
    {
        using var response = await http.PostAsync(path, body is null ? null : JsonContent.Create(body), Token);
        var text = await response.Content.ReadAsStringAsync(Token);
        Assert.That(response.IsSuccessStatusCode, Is.True, text);
        return text.Length == 0 ? default : JsonElement.Parse(text);
    }
}
