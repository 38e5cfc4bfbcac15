using System.Text.Json;
using AutoStack.Data.Tests.Support;
using AutoStack.Data.Webhooks;

namespace AutoStack.Data.Tests.Webhooks;

/// <summary>Bodies as rows hold them, and as they are read back.</summary>
public sealed class WebhookBodyTests : DatabaseTests
{
    [Test]
    public async Task Numbers_cannot_grow_a_row_beyond_what_can_be_read()
    {
        var numbers = string.Join(',', Enumerable.Repeat("1e131000,1e300,1e-300,9e99", 20_000));

        var stored = await StoreAsync($"[{numbers}]");

        var length = (int)(await ScalarAsync("SELECT octet_length(payload_json::text) FROM webhook_payloads WHERE id = $1", stored))!;
        Assert.That(length, Is.LessThan(numbers.Length + 2_000_000));
        var found = (await Webhooks.FindAsync(stored, Token))!.PayloadJson;
        Assert.That((found[0].GetString(), found[1].GetDouble(), found.GetArrayLength()), Is.EqualTo(("1e131000", 1e300, 80_000)));
    }

    // The reader of documents itself takes a time that grows with the square of the depth.
    [Test]
    public async Task A_body_of_ten_thousand_levels_is_stored() =>
        Assert.That(await StoreAsync(WebhookBodyTextTests.Nested(10_000, "")), Is.Not.EqualTo(Guid.Empty));

    [Test]
    public async Task The_deepest_body_is_read_by_a_server_with_the_smallest_stack()
    {
        var stored = await StoreAsync(WebhookBodyTextTests.Nested(200, "1"));
        await using var connection = await Raw.OpenConnectionAsync(Token);
        await using var command = new Npgsql.NpgsqlCommand("SET max_stack_depth = '100kB'", connection);
        await command.ExecuteNonQueryAsync(Token);
        command.CommandText = $"SELECT length((payload_json::text)::jsonb::text) FROM webhook_payloads WHERE id = '{stored}'";

        Assert.That(await command.ExecuteScalarAsync(Token), Is.EqualTo(401));
    }

    [TestCaseSource(typeof(WebhookBodyTextTests), nameof(WebhookBodyTextTests.WithSecrets))]
    public async Task Secrets_are_neither_stored_nor_shown_from_other_writers(string json, string expected)
    {
        var id = Guid.CreateVersion7();
        await ExecuteAsync(
            "INSERT INTO webhook_payloads (id, provider, payload_json, headers, received_at) VALUES ($1, 'gitlab', $2::jsonb, '{}', now())",
            id,
            json);
        var found = (await Webhooks.FindAsync(id, Token))!.PayloadJson;
        Assert.That(JsonElement.DeepEquals(found, JsonElement.Parse(expected)), Is.True, found.GetRawText());
    }

    private async Task<Guid> StoreAsync(string json) => (await Webhooks.StoreAsync(
        new NewWebhookPayload
        {
            Provider = WebhookProvider.GitHub,
            PayloadJson = JsonElement.Parse(json, new JsonDocumentOptions { MaxDepth = int.MaxValue }),
            Headers = JsonElement.Parse("{}"),
        }, Token)).PayloadId;
}
