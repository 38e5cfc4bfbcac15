using System.Text;
using System.Text.Json;
using AutoStack.Data.Tests.Support;
using AutoStack.Data.Webhooks;

namespace AutoStack.Data.Tests.Webhooks;

/// <summary>Bodies of many megabytes. The projects of a hostile host and of a pooler leave these tests out, for their time.</summary>
public sealed class LargeBodyTests : DatabaseTests
{
    [Test]
    public async Task A_body_beyond_the_maximum_is_replaced_by_the_reason()
    {
        var tooLong = $"\"{new string('x', IWebhookPayloadRepository.MaxPayloadBytes - 1)}\"";
        var tooMany = $"[{string.Join(',', Enumerable.Repeat('1', IWebhookPayloadRepository.MaxValues))}]";

        Assert.That(Stored(tooLong), Is.EqualTo("""{"not_stored":"The body is 26214401 bytes long; at most 26214400 are stored."}"""));
        Assert.That(Stored(tooMany), Is.EqualTo("""{"not_stored":"The body has more than 2000000 values."}"""));
        Assert.That(Stored(tooMany[..^3] + "]"), Has.Length.EqualTo(tooMany.Length - 2));
        var found = (await Webhooks.FindAsync(await StoreAsync(tooLong), Token))!.PayloadJson;
        Assert.That(found.GetProperty("not_stored").GetString(), Does.StartWith("The body is"));
    }

    // Texts for which a search of addresses with backtracking or state would not end.
    [TestCase("://:@?token=")]
    [TestCase("?a.token=b&")]
    [TestCase("://x:y@")]
    [TestCase("tokentoken")]
    [TestCase("=")]
    public void The_largest_hostile_text_is_edited_in_bounded_memory(string part)
    {
        var text = $"\"{string.Concat(Enumerable.Repeat(part, 24_000_000 / part.Length))}&token=hunter2\"";
        var before = GC.GetAllocatedBytesForCurrentThread();

        var stored = Stored(text);

        Assert.That(stored.Contains("hunter2", StringComparison.Ordinal), Is.False);
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(40L * text.Length));
    }

    private static string Stored(string json) => Encoding.UTF8.GetString(WebhookBody.ToStore(JsonElement.Parse(json), "body"));

    private async Task<Guid> StoreAsync(string json) => (await Webhooks.StoreAsync(
        new NewWebhookPayload
        {
            Provider = WebhookProvider.GitHub,
            PayloadJson = JsonElement.Parse(json),
            Headers = JsonElement.Parse("{}"),
        },
        Token)).PayloadId;
}
