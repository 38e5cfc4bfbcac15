using System.Net;
using System.Text.Json;
using AutoStack.Data.AspNetCore;
using AutoStack.Data.Logs;
using Microsoft.AspNetCore.Builder;

namespace AutoStack.Data.Platform.Tests.Package;

public sealed class LogEventTests : ServiceTests
{
    protected override void Map(WebApplication app) =>
        app.MapGet("/quick/{id:guid}", (Guid id, CurrentSession current) =>
            AutoStackResults.LogEvents(id, current.UserId, TimeSpan.FromMilliseconds(20))).RequireAuthorization();

    [Test]
    public async Task A_log_comes_line_by_line_and_ends_with_its_deployment()
    {
        var cookies = await NewUserAsync();
        var (_, deployment) = await DeployAsync(cookies);
        await AppendAsync(deployment, "first", "<script>alert(1)</script>\r\nid: 9\n\ndata: forged");
        using var response = await SendAsync(HttpMethod.Get, $"/deployments/{deployment}/log", cookies);
        using var stream = new EventReader(await response.Content.ReadAsStreamAsync(Token));

        var stored = new[] { await stream.ReadAsync(Token), await stream.ReadAsync(Token) };
        await AppendAsync(deployment, "live");
        var live = await stream.ReadAsync(Token);
        using var cancel = await SendAsync(HttpMethod.Post, $"/deployments/{deployment}/cancel", cookies);
        var end = await stream.ReadAsync(Token);

        Assert.That(response.Content.Headers.ContentType?.MediaType, Is.EqualTo("text/event-stream"));
        Assert.That(response.Headers.CacheControl?.NoStore, Is.True);
        Assert.That(stored.Select(line => (line!.Type, line.Id)), Is.EqualTo(new[] { ("line", "s.1"), ("line", "s.2") }));
        Assert.That(
            stored[1]!.Data.GetProperty("message").GetString(), Is.EqualTo("<script>alert(1)</script>\r\nid: 9\n\ndata: forged"));
        Assert.That((live!.Id, live.Data.GetProperty("message").GetString()), Is.EqualTo(("s.3", "live")));
        Assert.That((live.Data.GetProperty("seq").GetInt64(), live.Data.GetProperty("level").GetString()), Is.EqualTo((3, "info")));
        Assert.That((end!.Type, end.Data.GetProperty("status").GetString()), Is.EqualTo(("end", "cancelled")));
        Assert.That(await stream.ReadAsync(Token), Is.Null);
    }

    [Test]
    public async Task A_reader_resumes_after_the_last_event_it_received()
    {
        var cookies = await NewUserAsync();
        var (_, deployment) = await DeployAsync(cookies);
        await AppendAsync(deployment, "first", "second", "third");
        using var cancel = await SendAsync(HttpMethod.Post, $"/deployments/{deployment}/cancel", cookies);

        async Task<string?[]> IdsAsync(string query, params (string, string)[] headers)
        {
            using var response = await SendAsync(HttpMethod.Get, $"/deployments/{deployment}/log{query}", cookies, headers: headers);
            using var stream = new EventReader(await response.Content.ReadAsStreamAsync(Token));
            var ids = new List<string?>();
            while (await stream.ReadAsync(Token) is { } sent)
            {
                ids.Add(sent.Id);
            }

            return [.. ids];
        }

        Assert.That(await IdsAsync("", ("Last-Event-ID", "s.1")), Is.EqualTo(new[] { "s.2", "s.3", null }));
        Assert.That(await IdsAsync("?cursor=s.2"), Is.EqualTo(new[] { "s.3", null }));
        Assert.That(await IdsAsync("?cursor=s.1", ("Last-Event-ID", "s.3")), Is.EqualTo(new string?[] { null }));
    }

    [Test]
    public async Task A_stranger_s_log_is_404_and_a_place_that_is_none_400()
    {
        var cookies = await NewUserAsync();
        var (_, deployment) = await DeployAsync(cookies);
        using var foreign = await SendAsync(HttpMethod.Get, $"/deployments/{deployment}/log", await NewUserAsync());
        using var wrong = await SendAsync(
            HttpMethod.Get, $"/deployments/{deployment}/log", cookies, headers: ("Last-Event-ID", "nine"));
        using var anonymous = await SendAsync(HttpMethod.Get, $"/deployments/{deployment}/log");

        Assert.That((foreign.StatusCode, wrong.StatusCode, anonymous.StatusCode),
            Is.EqualTo((HttpStatusCode.NotFound, HttpStatusCode.BadRequest, HttpStatusCode.Unauthorized)));
    }

    [Test]
    [CancelAfter(60_000)]
    public async Task Comments_keep_a_silent_stream_alive()
    {
        var cookies = await NewUserAsync();
        var (_, deployment) = await DeployAsync(cookies);
        using var response = await SendAsync(HttpMethod.Get, $"/quick/{deployment}", cookies);
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync(Token));

        var comments = 0;
        while (comments < 3)
        {
            comments += await lines.ReadLineAsync(Token) == ":" ? 1 : 0;
        }

        Assert.That(comments, Is.EqualTo(3));
    }

    [Test]
    public void The_interval_of_comments_is_checked() =>
        Assert.That(
            () => AutoStackResults.LogEvents(Guid.Empty, Guid.Empty, TimeSpan.Zero),
            Throws.InstanceOf<ArgumentOutOfRangeException>().With.Property("ParamName").EqualTo("heartbeat"));

    private async Task AppendAsync(Guid deployment, params string[] messages) =>
        await Get<IPlatformDeploymentLogRepository>().AppendAsync(
            deployment, [.. messages.Select(message => new NewDeploymentLog { Level = DeploymentLogLevel.Info, Message = message })], Token);

    /// <summary>An event of a stream.</summary>
    private sealed record Sent(string Type, string? Id, JsonElement Data);

    private sealed class EventReader(Stream stream) : IDisposable
    {
        private readonly StreamReader reader = new(stream);

        /// <summary>Reads the next event; null at the end.</summary>
        public async Task<Sent?> ReadAsync(CancellationToken cancellationToken)
        {
            var fields = new Dictionary<string, string>();
            while (await reader.ReadLineAsync(cancellationToken) is { } line)
            {
                if (line.Length > 0)
                {
                    var colon = line.IndexOf(':', StringComparison.Ordinal);
                    fields[line[..colon]] = line[(colon + 1)..].TrimStart(' ');
                }
                else if (fields.TryGetValue("data", out var data))
                {
                    return new Sent(fields["event"], fields.GetValueOrDefault("id"), JsonElement.Parse(data));
                }
                else
                {
                    fields.Clear();
                }
            }

            return null;
        }

        public void Dispose() => reader.Dispose();
    }
}
