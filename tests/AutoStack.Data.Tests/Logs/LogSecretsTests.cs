using System.Text;
using System.Text.Json;
using AutoStack.Data.Deployments;
using AutoStack.Data.Logs;
using AutoStack.Data.Tests.Support;

namespace AutoStack.Data.Tests.Logs;

public sealed class LogSecretsTests : DatabaseTests
{
    private const string Value = "s3cr3t/välue+42";

    private ILogSecrets Secrets => Get<ILogSecrets>();

    private static IEnumerable<TestCaseData> Lines()
    {
        var bytes = Encoding.UTF8.GetBytes(Value);
        yield return Case("token s3cr3t/välue+42!", "token ***!");
        yield return Case("s3cr3t/välue+42s3cr3t/välue+42", "******");
        yield return Case("s3cr3t/välue+4", "s3cr3t/välue+4");
        yield return Case($"https://x/?t={Uri.EscapeDataString(Value)}&a=1", "https://x/?t=***&a=1");
        yield return Case($"{{\"t\":{JsonSerializer.Serialize(Value)}}}", "{\"t\":\"***\"}");
        foreach (var (front, behind) in new[]
        {
            ("", ""), ("a", "z"), ("ab", "yz"), ("abc", "xyz"), ("user:", ""), ("longer ", " and more"),
        })
        {
            // A character stands for six bits: those of the value alone go.
            var base64 = Convert.ToBase64String(Encoding.UTF8.GetBytes(front + Value + behind));
            var (first, last) = (((front.Length * 8) + 5) / 6, (front.Length + bytes.Length) * 8 / 6);
            yield return Case($"b64 {base64}", $"b64 {base64[..first]}***{base64[last..]}");
            var ofUrls = base64.Replace('+', '-').Replace('/', '_');
            yield return Case($"url {ofUrls}", $"url {ofUrls[..first]}***{ofUrls[last..]}");
        }

        yield return Case("nothing", "nothing");
        yield return Case("", "");

        static TestCaseData Case(string line, string masked) => new(line, masked);
    }

    [TestCaseSource(nameof(Lines))]
    public async Task A_value_is_masked_in_each_of_its_forms(string line, string masked)
    {
        var deployment = await EnqueueAsync();
        using var secrets = Secrets.Add(deployment.Id, [Secret.From(Value)]);

        var stored = await StoredAsync(deployment, line);

        Assert.That(stored, Is.EqualTo(masked));
    }

    [Test]
    public async Task Every_writer_masks_the_deployments_values_and_no_others()
    {
        var (deployment, other) = (await EnqueueAsync(), await EnqueueAsync());
        using var secrets = Secrets.Add(deployment.Id, [Secret.From(Value)]);
        var writer = Get<IDeploymentLogWriter>();
        foreach (var id in new[] { deployment.Id, other.Id })
        {
            await PlatformLogs.AppendAsync(id, [new NewDeploymentLog { Message = Value }], Token);
            await writer.WriteAsync(id, new NewDeploymentLog { Message = Value }, Token);
            await writer.FlushAsync(id, Token);
            await PlatformRuntimeLogs.AppendAsync(
                id, RuntimeLogSource.Docker, [new NewDeploymentRuntimeLog(Clock.GetUtcNow(), Value)], Token);
            await UnitOfWork.RunAsync(
                (tx, ct) => tx.Get<IPlatformDeploymentLogRepository>().AppendAsync(id, [new NewDeploymentLog { Message = Value }], ct),
                Token);
        }

        Assert.That(await MessagesAsync(deployment), Is.EqualTo(new[] { "***", "***", "***", "***" }));
        Assert.That(await MessagesAsync(other), Is.EqualTo(new[] { Value, Value, Value, Value }));
    }

    [Test]
    public async Task Overlapping_values_are_both_masked_completely()
    {
        var deployment = await EnqueueAsync();
        using var secrets = Secrets.Add(deployment.Id, [.. new[] { "abcdef", "abcdefgh", "efghijkl", "klmnop" }.Select(Secret.From)]);

        Assert.That(await StoredAsync(deployment, "<abcdefghijklmnop>"), Is.EqualTo("<***>"));
        Assert.That(await StoredAsync(deployment, "<abcdefg>"), Is.EqualTo("<***g>"));
    }

    [Test]
    public async Task Each_line_of_a_value_of_several_lines_is_masked()
    {
        var deployment = await EnqueueAsync();
        using var secrets = Secrets.Add(deployment.Id, [Secret.From("-----BEGIN KEY-----\r\nMIIEvQIBADAN\nab\n-----END KEY-----\n")]);

        Assert.That(await StoredAsync(deployment, "| MIIEvQIBADAN"), Is.EqualTo("| ***"));
        Assert.That(await StoredAsync(deployment, "a tab"), Is.EqualTo("a tab"), "a line that is part of ordinary words");
        Assert.That(
            await StoredAsync(deployment, "key=-----BEGIN KEY-----\\r\\nMIIEvQIBADAN\\nab\\n-----END KEY-----"),
            Is.EqualTo("key=***"),
            "as JSON");
    }

    [Test]
    public async Task Disposing_a_registration_ends_only_its_own_masking()
    {
        var deployment = await EnqueueAsync();
        var first = Secrets.Add(deployment.Id, [Secret.From("first-value"), Secret.From("both-value")]);
        using (Secrets.Add(deployment.Id, [Secret.From("second-value"), Secret.From("both-value")]))
        {
            first.Dispose();
            first.Dispose();
            Assert.That(await StoredAsync(deployment, "first-value second-value both-value"), Is.EqualTo("first-value *** ***"));
        }

        Assert.That(await StoredAsync(deployment, "second-value both-value"), Is.EqualTo("second-value both-value"));
    }

    [Test]
    public async Task Short_values_are_not_masked_and_invalid_values_refused()
    {
        var deployment = await EnqueueAsync();
        using var secrets = Secrets.Add(deployment.Id, [.. new[] { "", " ", "true", "  abc  ", "12345", "\0\0" }.Select(Secret.From)]);

        Assert.That(await StoredAsync(deployment, "true abc 12345 dHJ1ZQ=="), Is.EqualTo("true abc 12345 dHJ1ZQ=="));
        Assert.That(() => Secrets.Add(deployment.Id, null!), Throws.ArgumentNullException);
        Assert.That(() => Secrets.Add(deployment.Id, [null!]), Throws.ArgumentException);
        Assert.That(
            () => Secrets.Add(deployment.Id, [Secret.From(new string('x', ILogSecrets.MaxLength + 1))]),
            Throws.ArgumentException.With.Message.Not.Contains("xxx"));
    }

    [Test]
    public async Task A_value_is_masked_in_cleaned_lines_before_they_are_cut()
    {
        var deployment = await EnqueueAsync();
        using var secrets = Secrets.Add(deployment.Id, [Secret.From("pass\0word\uD800")]);
        var long1 = new string('x', DeploymentRuntimeLog.MaxMessageLength - 3);

        Assert.That(await StoredAsync(deployment, "pass\0word\uD800"), Is.EqualTo("***"));
        await PlatformRuntimeLogs.AppendAsync(
            deployment.Id, RuntimeLogSource.Docker, [new NewDeploymentRuntimeLog(Clock.GetUtcNow(), long1 + "pass\0word\uD800")], Token);
        Assert.That(
            (await RuntimeLogs.ListAsync(deployment.Id, deployment.UserId, Cursor.Start, 1, Token)).Items.Single().Message,
            Is.EqualTo(long1 + "***"));
    }

    private async Task<string> StoredAsync(Deployment deployment, string line)
    {
        await PlatformLogs.AppendAsync(deployment.Id, [new NewDeploymentLog { Message = line }], Token);
        return (await Logs.ListTailAsync(deployment.Id, deployment.UserId, Cursor.Start, 1, Token)).Items.Single().Message;
    }

    private async Task<IEnumerable<string>> MessagesAsync(Deployment deployment) =>
        (await Logs.ListAsync(deployment.Id, deployment.UserId, Cursor.Start, 100, Token)).Items.Select(l => l.Message)
        .Concat((await RuntimeLogs.ListAsync(deployment.Id, deployment.UserId, Cursor.Start, 100, Token)).Items.Select(l => l.Message));
}
