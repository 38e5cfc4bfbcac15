using System.Net.Http.Json;
using System.Text.Json;
using AutoStack.Data.Accounts;
using AutoStack.Data.Platform.Tests.Service;
using AutoStack.Data.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace AutoStack.Data.Platform.Tests.Package;

/// <summary>A fixture with the service of docs/aspnet.md on a port of this machine, and a database of its own.</summary>
public abstract class ServiceTests
{
    protected const string WebhookSecret = "a secret that no tenant knows";

    private static int sequence;

    private TestDatabase database = null!;

    protected WebApplication App { get; private set; } = null!;

    protected HttpClient Http { get; private set; } = null!;

    protected static CancellationToken Token => TestContext.CurrentContext.CancellationToken;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        database = await TestServer.Current.CreateDatabaseAsync();
        App = AspNetService.Build(NewBuilder(), database.ConnectionString, WebhookSecret);
        Map(App);
        await App.StartAsync();
        Http = NewClient(App);
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        Http.Dispose();
        await App.DisposeAsync();
        await database.DisposeAsync();
    }

    /// <summary>Maps endpoints of the fixture.</summary>
    protected virtual void Map(WebApplication app)
    {
    }

    protected static WebApplicationBuilder NewBuilder()
    {
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.Configure<PasswordHasherOptions>(options => options.WorkFactor = 10);
        return builder;
    }

    // Without a container of cookies: a test says which it sends. The cookies are Secure, which a container does not send over HTTP.
    protected static HttpClient NewClient(WebApplication app) => new(new SocketsHttpHandler
    {
        UseProxy = false,
        UseCookies = false,
        AllowAutoRedirect = false,
    })
    {
        BaseAddress = new Uri(app.Urls.First()),
    };

    protected T Get<T>()
        where T : notnull => App.Services.GetRequiredService<T>();

    protected static string NewEmail() => $"ada{Interlocked.Increment(ref sequence)}@example.com";

    /// <summary>Signs up with a password, and returns the cookies that the browser has then.</summary>
    protected async Task<string> SignUpAsync(string email)
    {
        using var response = await Http.PostAsJsonAsync("/account", new { name = "Ada", email, password = "correct horse" }, Token);
        response.EnsureSuccessStatusCode();
        return CookiesOf(response);
    }

    /// <summary>A new user's cookie, without the time that hashing a password takes.</summary>
    protected async Task<string> NewUserAsync()
    {
        var user = await Get<IUserRepository>().AddAsync(new NewUser { Name = "Ada", Email = NewEmail() }, Token);
        var issued = await Get<ISessionRepository>().AddAsync(new NewSession { UserId = user.Id }, Token);
        return $"__Host-autostack-session={issued.Token.Reveal()}";
    }

    protected static string CookiesOf(HttpResponseMessage response) =>
        string.Join("; ", SetCookiesOf(response).Select(cookie => cookie.Split(';')[0]));

    protected static IEnumerable<string> SetCookiesOf(HttpResponseMessage response) =>
        response.Headers.TryGetValues("Set-Cookie", out var cookies) ? cookies : [];

    /// <summary>Sends a request with cookies and further headers.</summary>
    protected async Task<HttpResponseMessage> SendAsync(
        HttpMethod method, string path, string? cookies = null, object? body = null, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : JsonContent.Create(body) };
        foreach (var (name, value) in cookies is null ? headers : headers.Append(("Cookie", cookies)))
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return await Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Token);
    }

    protected static async Task<JsonElement> JsonOf(HttpResponseMessage response) =>
        await response.Content.ReadFromJsonAsync<JsonElement>(Token);

    protected async Task<(Guid Project, Guid Deployment)> DeployAsync(string cookies)
    {
        var site = new { name = "site", repository = "https://github.com/ada/site" };
        using var project = await SendAsync(HttpMethod.Post, "/projects", cookies, site);
        var projectId = (await JsonOf(project)).GetProperty("id").GetGuid();
        using var deployment = await SendAsync(HttpMethod.Post, $"/projects/{projectId}/deployments", cookies);
        return (projectId, (await JsonOf(deployment)).GetProperty("id").GetGuid());
    }
}
