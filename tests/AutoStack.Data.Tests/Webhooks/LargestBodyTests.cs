using System.Text.Json;
using AutoStack.Data.Tests.Support;
using AutoStack.Data.Webhooks;

namespace AutoStack.Data.Tests.Webhooks;

/// <summary>The longest body, in both column types. Left out like <see cref="LargeBodyTests"/>.</summary>
[TestFixture("jsonb")]
[TestFixture("json")]
public sealed class LargestBodyTests(string columnType) : DatabaseTests
{
    [OneTimeSetUp]
    public async Task ChooseColumnTypeAsync() =>
        await ExecuteAsync($"ALTER TABLE webhook_payloads ALTER COLUMN payload_json TYPE {columnType} USING payload_json::{columnType}");

    [Test]
    public async Task The_longest_body_is_stored()
    {
        var longest = new string('x', IWebhookPayloadRepository.MaxPayloadBytes - 2);
        var payload = new NewWebhookPayload
        {
            Provider = WebhookProvider.GitHub,
            PayloadJson = JsonElement.Parse($"\"{longest}\""),
            Headers = JsonElement.Parse("{}"),
        };

        var stored = await Webhooks.StoreAsync(payload, Token);

        Assert.That((await Webhooks.FindAsync(stored.PayloadId, Token))!.PayloadJson.GetString(), Is.EqualTo(longest));
    }
}
