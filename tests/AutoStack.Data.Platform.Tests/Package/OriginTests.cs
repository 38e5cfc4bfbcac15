using System.Net;
using System.Net.WebSockets;
using System.Text;
using AutoStack.Data.AspNetCore;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace AutoStack.Data.Platform.Tests.Package;

/// <summary>Requests of a browser for a page of another origin: WebSockets, sign-ins, sign-outs, rotations.</summary>
public sealed class OriginTests : ServiceTests
{
    private static readonly (string Name, string Value)[] Neighbour =
        [("Origin", "https://evil.apps.example.com"), ("Sec-Fetch-Site", "same-site")];

    protected override void Map(WebApplication app)
    {
        app.UseWebSockets();
        app.Map("/ws", async (HttpContext context, CurrentSession current) =>
        {
            using var socket = await context.WebSockets.AcceptWebSocketAsync();
            await socket.SendAsync(
                Encoding.UTF8.GetBytes(current.User.Email), WebSocketMessageType.Text, endOfMessage: true, context.RequestAborted);
        }).RequireAuthorization();
        app.MapMethods("/sign-out", ["GET", "POST"], async (HttpContext context, SessionSignIn signIn, CancellationToken token) =>
            await signIn.SignOutAsync(context, token));
        app.MapPost("/rotation", async (HttpContext context, SessionSignIn signIn, CancellationToken token) =>
            (await signIn.RotateAsync(context, token)).Outcome.ToString());
    }

    [TestCase("same-site", "https://evil.apps.example.com", "websocket", HttpStatusCode.Unauthorized)]
    [TestCase("same-site", "https://evil.apps.example.com", "WebSocket", HttpStatusCode.Unauthorized)]
    [TestCase("same-site", "https://evil.apps.example.com", "h2c, websocket", HttpStatusCode.Unauthorized)]
    [TestCase("same-site", "https://evil.apps.example.com", "websocket,h2c", HttpStatusCode.Unauthorized)]
    [TestCase("cross-site", null, "websocket", HttpStatusCode.Unauthorized)]
    [TestCase(null, "https://evil.example", "websocket", HttpStatusCode.Unauthorized)]
    [TestCase(null, "null", "websocket", HttpStatusCode.Unauthorized)]
    [TestCase("same-origin", "own", "websocket", HttpStatusCode.SwitchingProtocols)]
    [TestCase(null, "own", "websocket", HttpStatusCode.SwitchingProtocols)]
    [TestCase(null, null, "websocket", HttpStatusCode.SwitchingProtocols)]
    public async Task A_WebSocket_with_the_cookie_is_opened_by_the_service_s_own_pages(
        string? site, string? origin, string upgrade, HttpStatusCode expected)
    {
        var own = Http.BaseAddress!.ToString().TrimEnd('/');
        using var response = await OpenAsync(
            await NewUserAsync(), upgrade, [("Sec-Fetch-Site", site), ("Origin", origin == "own" ? own : origin)]);

        Assert.That(response.StatusCode, Is.EqualTo(expected));
    }

    [Test]
    public async Task A_bearer_token_opens_a_WebSocket_from_any_origin()
    {
        var bearer = ("Authorization", $"Bearer {TokenOf(await NewUserAsync())}");
        using var response = await OpenAsync(cookies: null, "websocket", [bearer, .. Neighbour]);

        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.SwitchingProtocols));
    }

    // Many configurations of nginx send the header Connection with every request.
    [Test]
    public async Task A_read_through_a_proxy_that_offers_no_protocol_is_no_upgrade()
    {
        using var response = await SendAsync(
            HttpMethod.Get, "/session", await NewUserAsync(), headers: [("Connection", "upgrade"), ("Upgrade", ""), .. Neighbour]);

        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.OK));
    }

    // Over HTTP/2 the handshake is an extended CONNECT, which a middleware may turn into a GET. The database is away: 503 means that the
    // cookie was looked up, 401 that it was not.
    [TestCase("https://evil.apps.example.com", "CONNECT", HttpStatusCode.Unauthorized)]
    [TestCase("https://evil.apps.example.com", "GET", HttpStatusCode.Unauthorized)]
    [TestCase("https://app.example.com", "CONNECT", HttpStatusCode.ServiceUnavailable)]
    [TestCase("https://app.example.com", "GET", HttpStatusCode.ServiceUnavailable)]
    [TestCase(null, "CONNECT", HttpStatusCode.ServiceUnavailable)]
    public async Task A_WebSocket_over_HTTP_2_is_opened_by_a_trusted_origin(string? origin, string method, HttpStatusCode expected)
    {
        await using var app = SessionTests.BuildWith(
            options => options.TrustedOrigins.Add("https://app.example.com"),
            builder => builder.WebHost.ConfigureKestrel(
                kestrel => kestrel.ConfigureEndpointDefaults(endpoint => endpoint.Protocols = HttpProtocols.Http2)),
            app => app.Use((context, next) =>
            {
                Assert.That(context.Features.Get<IHttpExtendedConnectFeature>()?.Protocol, Is.EqualTo("websocket"));
                context.Request.Method = method;
                return next(context);
            }));
        await app.StartAsync(Token);
        using var invoker = new HttpMessageInvoker(new SocketsHttpHandler { UseProxy = false });
        using var socket = new ClientWebSocket();
        (socket.Options.HttpVersion, socket.Options.HttpVersionPolicy) = (HttpVersion.Version20, HttpVersionPolicy.RequestVersionExact);
        socket.Options.CollectHttpResponseDetails = true;
        socket.Options.SetRequestHeader("Cookie", $"__Host-autostack-session={new string('A', 43)}");
        if (origin is not null)
        {
            socket.Options.SetRequestHeader("Origin", origin);
            socket.Options.SetRequestHeader("Sec-Fetch-Site", "same-site");
        }

        var address = new UriBuilder(app.Urls.First()) { Scheme = "ws", Path = "/private" }.Uri;
        Assert.That(() => socket.ConnectAsync(address, invoker, Token), Throws.InstanceOf<WebSocketException>());
        Assert.That(socket.HttpStatusCode, Is.EqualTo(expected));
    }

    [TestCase("https://app.example.com", HttpStatusCode.ServiceUnavailable)]
    [TestCase("https://other.example.com", HttpStatusCode.Unauthorized)]
    public async Task A_WebSocket_is_opened_by_a_trusted_origin(string origin, HttpStatusCode expected)
    {
        await using var app = SessionTests.BuildWith(options => options.TrustedOrigins.Add("https://app.example.com"));
        await app.StartAsync(Token);
        using var http = NewClient(app);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/private")
        {
            Headers =
            {
                { "Cookie", $"__Host-autostack-session={new string('A', 43)}" },
                { "Connection", "Upgrade" },
                { "Upgrade", "websocket" },
                { "Origin", origin },
                { "Sec-Fetch-Site", "same-site" },
            },
        };
        using var response = await http.SendAsync(request, Token);

        Assert.That(response.StatusCode, Is.EqualTo(expected));
    }

    // A form of a page can do so: the attempts would also lock the visitor's own browser out.
    [Test]
    public async Task A_page_of_another_origin_signs_nobody_in()
    {
        var email = NewEmail();
        var client = (await SignUpAsync(email)).Split("; ").Single(cookie => cookie.Contains("-client=", StringComparison.Ordinal));
        for (var i = 0; i < 20; i++)
        {
            using var neighbour = await SendAsync(
                HttpMethod.Post, "/session", client, new { email, password = "correct horse" }, Neighbour);
            Assert.That(neighbour.StatusCode, Is.EqualTo(HttpStatusCode.Forbidden));
            Assert.That(SetCookiesOf(neighbour), Is.Empty);
        }

        using var own = await SendAsync(
            HttpMethod.Post, "/session", client, new { email, password = "correct horse" }, ("Sec-Fetch-Site", "same-origin"));
        Assert.That(own.StatusCode, Is.EqualTo(HttpStatusCode.NoContent));
    }

    // A browser asks before it sends JSON for a page of another origin, and sends a form or a text without asking.
    [TestCase("text/plain")]
    [TestCase("application/x-www-form-urlencoded")]
    [TestCase("multipart/form-data")]
    public async Task A_page_of_another_origin_signs_nobody_up(string mediaType)
    {
        var body = $$"""{"name":"Ada","email":"{{NewEmail()}}","password":"correct horse"}""";
        using var content = new StringContent(body, Encoding.UTF8, mediaType);
        using var refused = await Http.PostAsync(new Uri("/account", UriKind.Relative), content, Token);
        using var asked = await SendAsync(
            HttpMethod.Options, "/account", headers: [("Access-Control-Request-Method", "POST"), .. Neighbour]);

        Assert.That(refused.StatusCode, Is.EqualTo(HttpStatusCode.UnsupportedMediaType));
        Assert.That(SetCookiesOf(refused), Is.Empty);
        Assert.That(asked.Headers.Contains("Access-Control-Allow-Origin"), Is.False);
    }

    [TestCase("GET")]
    [TestCase("POST")]
    public async Task A_page_of_another_origin_signs_nobody_out(string method)
    {
        var cookies = await NewUserAsync();
        using var withCookie = await SendAsync(new HttpMethod(method), "/sign-out", cookies, headers: Neighbour);
        using var withoutCookie = await SendAsync(new HttpMethod(method), "/sign-out", headers: Neighbour);
        using var session = await SendAsync(HttpMethod.Get, "/session", cookies);

        Assert.That(session.StatusCode, Is.EqualTo(HttpStatusCode.OK));
        Assert.That((await TextOf(withCookie), await TextOf(withoutCookie)), Is.EqualTo(("false", "false")));
        Assert.That(SetCookiesOf(withCookie).Concat(SetCookiesOf(withoutCookie)), Is.Empty);
    }

    [Test]
    public async Task The_service_answers_a_sign_out_of_another_origin_with_403()
    {
        var cookies = await NewUserAsync();
        using var neighbour = await SendAsync(HttpMethod.Delete, "/session", cookies, headers: Neighbour);
        using var own = await SendAsync(HttpMethod.Delete, "/session", cookies, headers: ("Sec-Fetch-Site", "same-origin"));
        using var session = await SendAsync(HttpMethod.Get, "/session", cookies);

        Assert.That((neighbour.StatusCode, own.StatusCode, session.StatusCode),
            Is.EqualTo((HttpStatusCode.Forbidden, HttpStatusCode.NoContent, HttpStatusCode.Unauthorized)));
    }

    [Test]
    public async Task A_bearer_token_is_signed_out_from_any_origin_and_the_cookie_stays()
    {
        var bearer = ("Authorization", $"Bearer {TokenOf(await NewUserAsync())}");
        using var signOut = await SendAsync(HttpMethod.Post, "/sign-out", headers: [bearer, .. Neighbour]);
        using var session = await SendAsync(HttpMethod.Get, "/session", headers: bearer);

        Assert.That((await TextOf(signOut), session.StatusCode), Is.EqualTo(("true", HttpStatusCode.Unauthorized)));
        Assert.That(SetCookiesOf(signOut), Is.Empty);
    }

    [Test]
    public async Task A_page_of_another_origin_rotates_no_cookie()
    {
        var cookies = await NewUserAsync();
        using var neighbour = await SendAsync(HttpMethod.Post, "/rotation", cookies, headers: Neighbour);
        using var session = await SendAsync(HttpMethod.Get, "/session", cookies);
        using var bearer = await SendAsync(
            HttpMethod.Post, "/rotation", headers: [("Authorization", $"Bearer {TokenOf(cookies)}"), .. Neighbour]);

        Assert.That((await TextOf(neighbour), session.StatusCode), Is.EqualTo(("Unknown", HttpStatusCode.OK)));
        Assert.That(await TextOf(bearer), Is.EqualTo("Rotated"));
        Assert.That(SetCookiesOf(neighbour).Concat(SetCookiesOf(bearer)), Is.Empty);
    }

    private static string TokenOf(string cookies) => cookies.Split("__Host-autostack-session=")[1].Split(';')[0];

    private static async Task<string> TextOf(HttpResponseMessage response) => await response.Content.ReadAsStringAsync(Token);

    // The handshake of a browser.
    private Task<HttpResponseMessage> OpenAsync(string? cookies, string upgrade, (string Name, string? Value)[] headers) =>
        SendAsync(HttpMethod.Get, "/ws", cookies, body: null,
        [
            ("Connection", "Upgrade"),
            ("Upgrade", upgrade),
            ("Sec-WebSocket-Key", Convert.ToBase64String(new byte[16])),
            ("Sec-WebSocket-Version", "13"),
            .. headers.Where(header => header.Value is not null).Select(header => (header.Name, header.Value!)),
        ]);
}
