using System.Text.Json;
using AutoStack.Data.AspNetCore;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace AutoStack.Data.Platform.Tests.Package;

/// <summary>The answers of the package in an OpenAPI description of a service.</summary>
public sealed class DescriptionTests
{
    [Test]
    public async Task An_answer_of_its_own_type_has_its_statuses_in_OpenAPI()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddAutoStackProblemDetails().AddOpenApi();
        await using var app = builder.Build();
        app.MapOpenApi();
        app.MapPost("/session", () =>
            new PasswordSignInResult(PasswordSignInOutcome.WrongCredentials, Issued: null, LockedUntil: null).ToHttpResult());
        app.MapGet("/log", () => AutoStackResults.LogEvents(Guid.NewGuid(), Guid.NewGuid()));
        await app.StartAsync();

        using var client = new HttpClient { BaseAddress = new Uri(app.Urls.Single()) };
        var paths = JsonSerializer.Deserialize<JsonElement>(await client.GetStringAsync("/openapi/v1.json")).GetProperty("paths");

        Assert.That(
            AnswersOf("/session", "post"),
            Is.EqualTo(new[]
            {
                "204", "401 application/problem+json", "403 application/problem+json", "409 application/problem+json",
                "429 application/problem+json",
            }));
        Assert.That(
            AnswersOf("/log", "get"),
            Is.EqualTo(new[] { "200 text/event-stream", "400 application/problem+json", "404 application/problem+json" }));

        IEnumerable<string> AnswersOf(string path, string method) =>
            paths.GetProperty(path).GetProperty(method).GetProperty("responses").EnumerateObject().Select(answer =>
                answer.Value.TryGetProperty("content", out var content)
                    ? $"{answer.Name} {string.Join(' ', content.EnumerateObject().Select(type => type.Name))}"
                    : answer.Name);
    }
}
