using System.Net;
using System.Net.Http.Json;
using AutoStack.Data.Platform.Tests.Pages;

namespace AutoStack.Data.Platform.Tests.Sample;

/// <summary>The host names that the sample platform answers to: a page of another site may let its name resolve to this machine.</summary>
public sealed class HostTests
{
    private static CancellationToken Token => TestContext.CurrentContext.CancellationToken;

    [TestCase("http://127.0.0.1:0", new[] { "127.0.0.1", "localhost", "[::1]" })]
    [TestCase("http://0.0.0.0:0", new[] { "127.0.0.1", "localhost", "[::1]" })]
    [TestCase("http://*:0", new[] { "127.0.0.1", "localhost", "[::1]" })]
    [TestCase("http://platform.internal:0", new[] { "127.0.0.1", "localhost", "[::1]", "platform.internal" })]
    [CancelAfter(120_000)]
    public async Task A_request_for_the_host_of_another_site_is_refused(string urls, string[] own)
    {
        await using var platform = await PlatformProcess.StartAsync(connectionString: null, path: null, Token, null, "--urls", urls);
        var port = new Uri(platform.Address.Replace("[::]", "127.0.0.1", StringComparison.Ordinal)).Port;
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false })
        {
            BaseAddress = new Uri($"http://127.0.0.1:{port}"),
        };

        foreach (var host in own)
        {
            Assert.That(await SignUpAsync($"{host}:{port}"), Is.EqualTo(HttpStatusCode.OK), host);
        }

        foreach (var host in new[] { "evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "0.0.0.0" })
        {
            Assert.That(await SignUpAsync($"{host}:{port}"), Is.EqualTo(HttpStatusCode.BadRequest), host);
        }

        // As a browser sends it for a page of the host.
        async Task<HttpStatusCode> SignUpAsync(string host)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/api/account")
            {
                Headers = { Host = host },
                Content = JsonContent.Create(
                    new { name = "Ada", email = $"ada-{Guid.NewGuid():N}@example.com", password = "correct horse" }),
            };
            request.Headers.Add("Origin", $"http://{host}");
            request.Headers.Add("Sec-Fetch-Site", "same-origin");
            using var response = await http.SendAsync(request, Token);
            return response.StatusCode;
        }
    }
}
