using System.Net;
using System.Net.Http.Json;
using AutoStack.Data.AspNetCore;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace AutoStack.Data.Platform.Tests.Package;

public sealed class SessionTests : ServiceTests
{
    [Test]
    public async Task A_request_without_a_session_gets_401_as_a_problem_also_from_a_browser()
    {
        using var response = await SendAsync(HttpMethod.Get, "/session", headers: ("Accept", "text/html,application/json"));

        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.Unauthorized));
        Assert.That(response.Headers.WwwAuthenticate.ToString(), Is.EqualTo("Bearer"));
        Assert.That(response.Content.Headers.ContentType?.MediaType, Is.EqualTo("application/problem+json"));
    }

    [Test]
    public async Task The_cookies_are_out_of_reach_of_scripts_plain_HTTP_other_hosts_and_other_sites()
    {
        using var response = await Http.PostAsJsonAsync(
            "/account", new { name = "Ada", email = NewEmail(), password = "correct horse" }, Token);
        var cookies = SetCookiesOf(response).Order(StringComparer.Ordinal).ToList();

        Assert.That(cookies, Has.Count.EqualTo(2));
        Assert.That(cookies[0], Does.StartWith("__Host-autostack-client=").And.Contains("max-age=31536000"));
        Assert.That(cookies[1], Does.StartWith("__Host-autostack-session=").And.Contains("expires="));
        Assert.That(cookies, Is.All.Contains("path=/; secure").And.All.Contains("samesite=lax; httponly").And.Not.Contains("domain"));
    }

    [TestCase("short12")]
    [TestCase(null)]
    public async Task A_sign_up_with_a_short_password_or_none_is_refused(string? password)
    {
        using var response = await Http.PostAsJsonAsync("/account", new { name = "Ada", email = NewEmail(), password }, Token);

        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.BadRequest));
        Assert.That(SetCookiesOf(response), Is.Empty);
    }

    [Test]
    public async Task The_token_counts_in_the_cookie_and_as_a_bearer_token_until_the_sign_out()
    {
        var email = NewEmail();
        var cookies = await SignUpAsync(email);
        var token = cookies.Split("__Host-autostack-session=")[1].Split(';')[0];
        var bearer = ("Authorization", $"Bearer {token}");

        using var byCookie = await SendAsync(HttpMethod.Get, "/session", cookies);
        using var byHeader = await SendAsync(HttpMethod.Get, "/session", headers: bearer);
        using var signOut = await SendAsync(HttpMethod.Delete, "/session", cookies);
        using var after = await SendAsync(HttpMethod.Get, "/session", cookies);
        using var afterByHeader = await SendAsync(HttpMethod.Get, "/session", headers: bearer);

        Assert.That((await JsonOf(byCookie)).GetProperty("email").GetString(), Is.EqualTo(email));
        Assert.That((await JsonOf(byHeader)).GetProperty("email").GetString(), Is.EqualTo(email));
        Assert.That(SetCookiesOf(signOut).Single(), Does.StartWith("__Host-autostack-session=;").And.Contains("expires=Thu, 01 Jan 1970"));
        Assert.That((after.StatusCode, afterByHeader.StatusCode), Is.EqualTo((HttpStatusCode.Unauthorized, HttpStatusCode.Unauthorized)));
    }

    [TestCase("same-origin", null, HttpStatusCode.OK)]
    [TestCase("none", null, HttpStatusCode.OK)]
    [TestCase("cross-site", "https://evil.example", HttpStatusCode.Unauthorized)]
    [TestCase("same-site", "https://a-users-site.example.com", HttpStatusCode.Unauthorized)]
    [TestCase(null, "https://evil.example", HttpStatusCode.Unauthorized)]
    [TestCase(null, "null", HttpStatusCode.Unauthorized)]
    [TestCase(null, "own", HttpStatusCode.OK)]
    [TestCase(null, null, HttpStatusCode.OK)]
    public async Task A_change_with_the_cookie_comes_from_the_service_s_own_pages(string? site, string? origin, HttpStatusCode expected)
    {
        var cookies = await NewUserAsync();
        var headers = new List<(string, string)>();
        if (site is not null)
        {
            headers.Add(("Sec-Fetch-Site", site));
        }

        if (origin is not null)
        {
            headers.Add(("Origin", origin == "own" ? Http.BaseAddress!.ToString().TrimEnd('/') : origin));
        }

        var body = new { name = "site", repository = "ada/site" };
        using var change = await SendAsync(HttpMethod.Post, "/projects", cookies, body, [.. headers]);
        using var read = await SendAsync(HttpMethod.Get, "/projects", cookies, headers: [.. headers]);

        Assert.That(change.StatusCode, Is.EqualTo(expected));
        Assert.That(read.StatusCode, Is.EqualTo(HttpStatusCode.OK));
    }

    [Test]
    public async Task A_bearer_token_counts_from_any_origin()
    {
        var token = (await NewUserAsync()).Split("__Host-autostack-session=")[1].Split(';')[0];
        using var change = await SendAsync(
            HttpMethod.Post, "/projects", body: new { name = "site", repository = "ada/site" },
            headers: [("Authorization", $"Bearer {token}"), ("Sec-Fetch-Site", "cross-site"), ("Origin", "https://evil.example")]);

        Assert.That(change.StatusCode, Is.EqualTo(HttpStatusCode.OK));
    }

    [Test]
    public async Task A_password_signs_in_until_too_many_were_wrong()
    {
        var email = NewEmail();
        await SignUpAsync(email);
        using var right = await Http.PostAsJsonAsync("/session", new { email, password = "correct horse" }, Token);
        var wrong = new List<HttpStatusCode>();
        for (var i = 0; i < 5; i++)
        {
            using var response = await Http.PostAsJsonAsync("/session", new { email, password = "wrong" }, Token);
            wrong.Add(response.StatusCode);
        }

        using var lockedOut = await Http.PostAsJsonAsync("/session", new { email, password = "correct horse" }, Token);
        using var session = await SendAsync(HttpMethod.Get, "/session", CookiesOf(right));

        Assert.That((right.StatusCode, session.StatusCode), Is.EqualTo((HttpStatusCode.NoContent, HttpStatusCode.OK)));
        Assert.That(wrong, Is.All.EqualTo(HttpStatusCode.Unauthorized));
        Assert.That(lockedOut.StatusCode, Is.EqualTo(HttpStatusCode.TooManyRequests));
        Assert.That(lockedOut.Headers.RetryAfter?.Delta, Is.GreaterThan(TimeSpan.Zero).And.LessThanOrEqualTo(TimeSpan.FromMinutes(5)));
        Assert.That((await JsonOf(lockedOut)).GetProperty("type").GetString(), Is.EqualTo("urn:autostack:problem:locked-out"));
        Assert.That(CookiesOf(lockedOut), Does.Not.Contain("session"));
    }

    [Test]
    public async Task A_rotation_exchanges_the_cookie_and_a_second_one_of_the_same_browser_gets_the_next_too()
    {
        var email = NewEmail();
        var old = await SignUpAsync(email);
        using var first = await SendAsync(HttpMethod.Post, "/session/renewal", old);
        using var second = await SendAsync(HttpMethod.Post, "/session/renewal", old);
        using var before = await SendAsync(HttpMethod.Get, "/session", old);
        using var after = await SendAsync(HttpMethod.Get, "/session", CookiesOf(first));
        using var none = await SendAsync(HttpMethod.Post, "/session/renewal");

        Assert.That((first.StatusCode, before.StatusCode, after.StatusCode),
            Is.EqualTo((HttpStatusCode.NoContent, HttpStatusCode.Unauthorized, HttpStatusCode.OK)));
        Assert.That((second.StatusCode, none.StatusCode), Is.EqualTo((HttpStatusCode.NoContent, HttpStatusCode.Unauthorized)));
        Assert.That(CookiesOf(first), Does.Contain("__Host-autostack-session="));
        Assert.That(CookiesOf(second), Is.EqualTo(CookiesOf(first)));
    }

    [Test]
    public async Task A_page_is_redirected_to_the_sign_in_where_one_is_set_and_a_script_is_not()
    {
        await using var app = BuildWith(options => options.SignInPath = "/sign-in");
        await app.StartAsync(Token);
        using var http = NewClient(app);

        using var page = new HttpRequestMessage(HttpMethod.Get, "/private?a=1") { Headers = { { "Sec-Fetch-Mode", "navigate" } } };
        using var opened = await http.SendAsync(page, Token);
        using var script = new HttpRequestMessage(HttpMethod.Get, "/private")
        {
            Headers = { { "Sec-Fetch-Mode", "cors" }, { "Accept", "text/html" } },
        };
        using var refused = await http.SendAsync(script, Token);

        Assert.That(opened.Headers.Location?.OriginalString, Is.EqualTo("/sign-in?returnUrl=%2Fprivate%3Fa%3D1"));
        Assert.That(refused.StatusCode, Is.EqualTo(HttpStatusCode.Unauthorized));
    }

    [Test]
    public async Task While_the_database_is_away_a_session_gets_503_and_is_not_taken_for_none()
    {
        await using var app = BuildWith(_ => { });
        await app.StartAsync(Token);
        using var http = NewClient(app);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/private")
        {
            Headers = { { "Authorization", $"Bearer {new string('A', 43)}" } },
        };
        using var response = await http.SendAsync(request, Token);
        var problem = await JsonOf(response);

        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.ServiceUnavailable));
        Assert.That(response.Headers.RetryAfter?.Delta, Is.EqualTo(TimeSpan.FromSeconds(5)));
        Assert.That(problem.GetProperty("type").GetString(), Is.EqualTo("urn:autostack:problem:unavailable"));
        Assert.That(problem.GetProperty("outcomeUnknown").GetBoolean(), Is.False);
    }

    private static readonly TestCaseData[] WrongOptions =
    [
        Wrong("Lifetime", "Lifetime", options => options.Lifetime = TimeSpan.Zero),
        Wrong("Cookie", "Name", options => options.Cookie.Name = " "),
        Wrong("Cookie", "HttpOnly", options => options.Cookie.HttpOnly = false),
        Wrong("Cookie", "Domain", options => options.Cookie.Domain = "example.com"),
        Wrong("ClientCookie", "SecurePolicy", options => options.ClientCookie.SecurePolicy = CookieSecurePolicy.None),
        Wrong("TrustedOrigins", "path", options => options.TrustedOrigins.Add("https://app.example.com/")),
    ];

    [TestCaseSource(nameof(WrongOptions))]
    public void A_wrong_setting_is_named(Action<SessionAuthenticationOptions> configure, string setting)
    {
        using var provider = new ServiceCollection().AddLogging().AddAutoStackSessions(configure).Services.BuildServiceProvider();
        var options = provider.GetRequiredService<IOptionsMonitor<SessionAuthenticationOptions>>();

        Assert.That(
            () => options.Get(SessionAuthenticationOptions.Scheme),
            Throws.InvalidOperationException.With.Message.StartsWith($"SessionAuthenticationOptions.{setting} "));
    }

    [Test]
    public async Task A_trusted_origin_may_use_the_cookie()
    {
        await using var app = BuildWith(options => options.TrustedOrigins.Add("https://app.example.com"));
        await app.StartAsync(Token);
        using var http = NewClient(app);

        // The database is away: 503 says that the cookie was looked up, 401 that it was not.
        async Task<HttpStatusCode> AskAsync(string origin)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/private")
            {
                Headers =
                {
                    { "Cookie", $"__Host-autostack-session={new string('A', 43)}" },
                    { "Origin", origin },
                    { "Sec-Fetch-Site", "same-site" },
                },
            };
            using var response = await http.SendAsync(request, Token);
            return response.StatusCode;
        }

        Assert.That(await AskAsync("https://app.example.com"), Is.EqualTo(HttpStatusCode.ServiceUnavailable));
        Assert.That(await AskAsync("https://other.example.com"), Is.EqualTo(HttpStatusCode.Unauthorized));
    }

    private static TestCaseData Wrong(string setting, string what, Action<SessionAuthenticationOptions> configure) =>
        new TestCaseData(configure, setting).SetArgDisplayNames(setting, what);

    // An application whose database is away.
    internal static WebApplication BuildWith(
        Action<SessionAuthenticationOptions> configure, Action<WebApplicationBuilder>? build = null, Action<WebApplication>? use = null)
    {
        var builder = NewBuilder();
        build?.Invoke(builder);
        builder.Services.AddAutoStackData(options =>
        {
            options.ConnectionString = "Host=127.0.0.1;Port=1;Username=nobody;Database=none";
            options.OperationTimeout = TimeSpan.FromSeconds(1);
            (options.RequireSchema, options.MinPoolSize) = (false, 0);
        });
        builder.Services.AddAutoStackSessions(configure);
        builder.Services.AddAutoStackProblemDetails();
        var app = builder.Build();
        app.UseExceptionHandler();
        app.UseStatusCodePages();
        use?.Invoke(app);
        app.UseAuthentication();
        app.UseAuthorization();
        app.Map("/private", () => "private").RequireAuthorization();
        return app;
    }
}
