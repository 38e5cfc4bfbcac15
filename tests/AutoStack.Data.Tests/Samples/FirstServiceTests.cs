using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using AutoStack.Data.Tests.Support;

namespace AutoStack.Data.Tests.Samples;

/// <summary>The service of the tutorial, as its reader runs and asks it.</summary>
public sealed class FirstServiceTests
{
    private Process service = null!;
    private HttpClient http = null!;

    private static CancellationToken Token => TestContext.CurrentContext.CancellationToken;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        var configuration = Path.GetFileName(
            Path.GetDirectoryName(TestContext.CurrentContext.TestDirectory.TrimEnd(Path.DirectorySeparatorChar)))!;
        var program = Path.Combine(SourceRoot.Path, "samples", "FirstService", "bin", configuration, "net10.0", "FirstService.dll");
        var start = new ProcessStartInfo("dotnet", [program, "--urls", "http://127.0.0.1:0"])
        {
            RedirectStandardOutput = true,
            RedirectStandardInput = true,
            Environment = { ["AUTOSTACK_TEST_POSTGRES"] = TestServer.Current.ConnectionString },
        };
        service = Process.Start(start)!;
        const string Listening = "Now listening on: ";
        string? line;
        do
        {
            line = await service.StandardOutput.ReadLineAsync(Token);
        }
        while (line is not null && !line.Contains(Listening, StringComparison.Ordinal));

        Assert.That(line, Is.Not.Null, "The service ended before it listened.");
        http = new HttpClient { BaseAddress = new Uri(line![(line.IndexOf(Listening, StringComparison.Ordinal) + Listening.Length)..]) };

        // The pipe must not fill up.
        _ = service.StandardOutput.ReadToEndAsync(CancellationToken.None);
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        http?.Dispose();
        service.Kill(entireProcessTree: true);
        await service.WaitForExitAsync(CancellationToken.None);
        service.Dispose();
    }

    [Test]
    public async Task The_tutorial_runs_from_sign_up_to_a_resumed_log()
    {
        var user = await PostAsync("/users", new { name = "Ada", email = $"{Guid.NewGuid():N}@example.com" });
        var project = await PostAsync($"/users/{user}/projects", new { name = "site", repository = "ada/site" });
        var deployment = await PostAsync($"/users/{user}/projects/{project}/deployments", new { });

        var log = await http.GetStringAsync($"/users/{user}/deployments/{deployment}/log", Token);
        var rest = await http.GetStringAsync($"/users/{user}/deployments/{deployment}/log?cursor=s.1", Token);
        var list = await http.GetFromJsonAsync<JsonElement>($"/users/{user}/deployments", Token);

        Assert.That(log, Is.EqualTo("s.1  checkout…\ns.2  installing…\ns.3  building…\n"));
        Assert.That(rest, Is.EqualTo("s.2  installing…\ns.3  building…\n"));
        Assert.That(list.GetProperty("items")[0].GetProperty("deployment").GetProperty("status").GetString(), Is.EqualTo("success"));
        Assert.That(list.GetProperty("next").ValueKind, Is.EqualTo(JsonValueKind.Null));
    }

    [Test]
    public async Task A_foreign_project_and_a_wrong_cursor_are_refused()
    {
        var user = await PostAsync("/users", new { name = "Eve", email = $"{Guid.NewGuid():N}@example.com" });

        using var foreign = await http.PostAsync($"/users/{user}/projects/{Guid.NewGuid()}/deployments", content: null, Token);
        using var wrong = await http.GetAsync($"/users/{user}/deployments?cursor=nonsense", Token);

        Assert.That((foreign.StatusCode, wrong.StatusCode), Is.EqualTo((HttpStatusCode.NotFound, HttpStatusCode.BadRequest)));
    }

    private async Task<Guid> PostAsync(string path, object body)
    {
        using var response = await http.PostAsJsonAsync(path, body, Token);
        response.EnsureSuccessStatusCode();
        return (await response.Content.ReadFromJsonAsync<JsonElement>(Token)).GetProperty("id").GetGuid();
    }
}
