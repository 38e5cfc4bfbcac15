using System.Text;
using System.Text.Json;
using AutoStack.Data.Webhooks;

namespace AutoStack.Data.Tests.Webhooks;

/// <summary>Which headers of a delivery are stored and shown, and which of them identifies the delivery.</summary>
public sealed class WebhookHeadersTests
{
    [Test]
    public void Headers_of_the_event_are_stored_in_lower_case_and_all_others_are_dropped()
    {
        var (json, delivery) = Store(WebhookProvider.GitHub, """
            {"X-GitHub-Event":"push","x-github-delivery":"d1","Content-Length":42,"Authorization":"Bearer hunter2","Cookie":"hunter2",
             "X-Hub-Signature-256":"sha256=hunter2","x-hub-signature":"hunter2","User-Agent":null,"content-type":["a","b"],
             "x-request-id":{"a":1},"idempotency-key":["a",{}],"x-event-key":true}
            """);

        Assert.That(json, Is.EqualTo(
            """{"content-length":"42","content-type":"a, b","user-agent":"","x-event-key":"true","""
                + "\"x-github-delivery\":\"d1\","
                + "\"x-github-event\":\"push\",\"x-hub-signature-256\":\"sha256\"}"));
        Assert.That(delivery, Is.EqualTo("d1"));
    }

    [Test]
    public void Headers_that_name_event_delivery_and_sender_are_stored()
    {
        string[] names =
        [
            "content-length", "content-type", "idempotency-key", "user-agent", "webhook-id", "webhook-timestamp", "x-attempt-number",
            "x-event-key", "x-event-time", "x-gitea-delivery", "x-gitea-event", "x-github-delivery", "x-github-enterprise-host",
            "x-github-enterprise-version", "x-github-event", "x-github-hook-id", "x-github-hook-installation-target-id",
            "x-github-hook-installation-target-type", "x-gitlab-event", "x-gitlab-event-uuid", "x-gitlab-instance",
            "x-gitlab-webhook-uuid", "x-hook-uuid", "x-request-id", "x-request-uuid",
        ];
        var headers = $"{{{string.Join(',', names.Select(name => $"\"{name}\":\"v\""))}}}";

        Assert.That(Store(WebhookProvider.GitHub, headers).Json, Is.EqualTo(headers));
    }

    [TestCase("x-hub-signature-256", "sha256=0a", "sha256")]
    [TestCase("webhook-signature", "v1,g0hM9SsE+OTPJTGt", "v1")]
    [TestCase("x-gitea-signature", "sha256=0a", "sha256")]
    [TestCase("x-hub-signature", "sha1=0a", "sha1")]
    [TestCase("x-hub-signature", "Sha1=0a", null)]
    [TestCase("x-hub-signature", "abcdefghijklmnopq=0a", null)]
    public void Of_a_signature_the_algorithm_is_stored(string header, string value, string? stored) =>
        Assert.That(
            Store(WebhookProvider.GitHub, $$"""{"{{header}}":"{{value}}"}""").Json,
            Is.EqualTo(stored is null ? "{}" : $$"""{"{{header}}":"{{stored}}"}"""));

    [Test]
    public void A_value_of_more_than_1024_characters_is_dropped()
    {
        var longest = new string('v', IWebhookPayloadRepository.MaxHeaderLength);

        Assert.That(
            Store(WebhookProvider.GitHub, $$"""{"user-agent":"{{longest}}","x-event-key":"{{longest}}v"}""").Json,
            Is.EqualTo($$"""{"user-agent":"{{longest}}"}"""));
    }

    [TestCase("github", """{"x-github-delivery":"a","idempotency-key":"b","x-request-uuid":"c"}""", "a")]
    [TestCase("gitlab", """{"x-github-delivery":"a","idempotency-key":"b","x-gitlab-event-uuid":"c"}""", "b")]
    [TestCase("gitlab", """{"x-gitlab-event-uuid":"c"}""", "c")]
    [TestCase("gitlab", """{"idempotency-key":" ","x-gitlab-event-uuid":"c"}""", "c")]
    [TestCase("bitbucket", """{"x-github-delivery":"a","x-request-uuid":"c","x-request-id":"d"}""", "c")]
    [TestCase("bitbucket", """{"x-request-id":"d"}""", null)]
    [TestCase("github", """{"x-github-delivery":""}""", null)]
    public void A_delivery_is_identified_by_the_header_of_its_provider(string provider, string headers, string? expected) =>
        Assert.That(Store(WebhookProvider.From(provider), headers).Delivery, Is.EqualTo(expected));

    [Test]
    public void A_blank_header_that_would_identify_the_delivery_is_not_stored() =>
        Assert.That(
            Store(WebhookProvider.GitLab, """{"idempotency-key":" ","x-event-key":" "}""").Json,
            Is.EqualTo("""{"x-event-key":" "}"""));

    [TestCase("[]")]
    [TestCase("null")]
    [TestCase("\"x-github-event: push\"")]
    public void Headers_that_are_not_an_object_are_refused_by_name(string headers) =>
        Assert.That(
            () => Store(WebhookProvider.GitHub, headers),
            Throws.ArgumentException.With.Property("ParamName").EqualTo("headers").And.Message.Contains("headers is not a JSON object."));

    [Test]
    public void An_address_in_a_header_is_stored_and_shown_without_its_password()
    {
        const string Headers = """{"user-agent":"bot https://ada:hunter2@example.com"}""";
        const string Masked = """{"user-agent":"bot https://[redacted]@example.com"}""";

        Assert.That(Store(WebhookProvider.GitHub, Headers).Json, Is.EqualTo(Masked));
        Assert.That(WebhookHeaders.Redact(JsonElement.Parse(Headers)).GetRawText(), Is.EqualTo(Masked));
    }

    [Test]
    public void Headers_of_other_writers_are_shown_by_name_and_without_what_may_be_secret()
    {
        var shown = WebhookHeaders.Redact(JsonElement.Parse("""
            {"X-Gitlab-Token":"hunter2","X-Gitlab-Event":"one","X-Gitlab-Event":"two","x-hub-signature":"sha1=hunter2","Content-Type":{}}
            """));

        Assert.That(shown.GetRawText(), Is.EqualTo(
            """{"X-Gitlab-Token":"[redacted]","X-Gitlab-Event":"two","x-hub-signature":"sha1","Content-Type":"[redacted]"}"""));
        Assert.That(WebhookHeaders.Redact(JsonElement.Parse("[1]")).GetRawText(), Is.EqualTo("[1]"));
    }

    private static (string Json, string? Delivery) Store(WebhookProvider provider, string headers)
    {
        var (json, delivery) = WebhookHeaders.ToStore(JsonElement.Parse(headers), provider, "headers");
        return (Encoding.UTF8.GetString(json), delivery);
    }
}
