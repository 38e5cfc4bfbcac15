using System.Security.Cryptography;
using System.Text;
using AutoStack.Data.Webhooks;

namespace AutoStack.Data.Platform.Tests.Package;

/// <summary>Signatures as the providers document them.</summary>
public sealed class WebhookSignatureTests
{
    // The example of GitHub's documentation.
    private const string Secret = "It's a Secret to Everybody";
    private const string Body = "Hello, World!";
    private const string Hash = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";

    // The example of the specification of Standard Webhooks, which GitLab's signing tokens follow.
    private const string SigningSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    private const string SignedBody = """{"test": 2432232314}""";
    private const string Signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
    private const long SignedAt = 1614265330;

    [TestCase("github", "x-hub-signature-256", Hash, true)]
    [TestCase("github", "x-hub-signature-256", "sha256=757107EA0EB2509FC211221CCE984B8A37570B6D7586C22C46F4379C8B043E17", true)]
    [TestCase("github", "x-hub-signature-256", "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17", false)]
    [TestCase("github", "x-hub-signature-256", "sha256=", false)]
    [TestCase("github", "x-hub-signature-256", "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e18", false)]
    [TestCase("github", "x-hub-signature", Hash, false)]
    [TestCase("bitbucket", "x-hub-signature", Hash, true)]
    [TestCase("bitbucket", "x-hub-signature-256", Hash, false)]
    [TestCase("gitlab", "x-gitlab-token", Secret, true)]
    [TestCase("gitlab", "x-gitlab-token", "it's a Secret to Everybody", false)]
    [TestCase("gitlab", "x-gitlab-token", "", false)]
    [TestCase("gitlab", "x-hub-signature-256", Hash, false)]
    public void A_signature_is_that_of_its_provider(string provider, string header, string value, bool expected) =>
        Assert.That(IsValid(provider, name => name == header ? value : null, [Secret]), Is.EqualTo(expected));

    [TestCase("github")]
    [TestCase("gitlab")]
    [TestCase("bitbucket")]
    public void A_delivery_without_a_signature_is_refused(string provider) =>
        Assert.That(IsValid(provider, _ => null, [Secret]), Is.False);

    [Test]
    public void While_a_secret_is_replaced_both_count()
    {
        Assert.That(IsValid("github", name => name == "x-hub-signature-256" ? Hash : null, ["new", Secret]), Is.True);
        Assert.That(IsValid("github", name => name == "x-hub-signature-256" ? Hash : null, [Secret, Secret]), Is.True);
    }

    [TestCase(0, Signature, true)]
    [TestCase(299, "v1,other " + Signature, true)]
    [TestCase(-299, Signature, true)]
    [TestCase(300, Signature, true)]
    [TestCase(-300, Signature, true)]
    [TestCase(301, Signature, false)]
    [TestCase(-301, Signature, false)]
    [TestCase(0, "v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", false)]
    [TestCase(0, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OF=", false)]
    public void A_signing_token_signs_id_time_and_body_for_five_minutes(int secondsLater, string signature, bool expected)
    {
        var headers = new Dictionary<string, string>
        {
            ["webhook-id"] = "msg_p5jXN8AQM9LWM0D4loKWxJek",
            ["webhook-timestamp"] = $"{SignedAt}",
            ["webhook-signature"] = signature,
        };
        var clock = new FixedClock(DateTimeOffset.FromUnixTimeSeconds(SignedAt + secondsLater));

        Assert.That(
            WebhookSignature.IsValid(
                WebhookProvider.GitLab, Encoding.UTF8.GetBytes(SignedBody), headers.GetValueOrDefault, [SigningSecret], clock),
            Is.EqualTo(expected));
    }

    // Anybody can sign with the key of no bytes.
    [TestCase("whsec_")]
    [TestCase("whsec_not base64")]
    public void A_signing_token_without_a_key_is_refused(string secret)
    {
        var hash = HMACSHA256.HashData(""u8, Encoding.UTF8.GetBytes($"1.{SignedAt}.{Body}"));
        var signature = $"v1,{Convert.ToBase64String(hash)}";
        var clock = new FixedClock(DateTimeOffset.FromUnixTimeSeconds(SignedAt));

        Assert.That(
            WebhookSignature.IsValid(
                WebhookProvider.GitLab,
                Encoding.UTF8.GetBytes(Body),
                name => name switch { "webhook-timestamp" => $"{SignedAt}", "webhook-id" => "1", _ => signature },
                [secret],
                clock),
            Is.False);
    }

    [TestCase("-1")]
    [TestCase("99999999999999999999")]
    [TestCase("now")]
    public void A_time_that_is_none_is_refused(string time) =>
        Assert.That(
            IsValid("gitlab", name => name switch { "webhook-timestamp" => time, "webhook-id" => "1", _ => Signature }, [SigningSecret]),
            Is.False);

    [Test]
    public void Bad_arguments_are_named()
    {
        Assert.That(
            () => IsValid("gitea", _ => null, [Secret]),
            Throws.ArgumentException.With.Property("ParamName").EqualTo("provider").And.Message.Contains("provider is not known."));
        Assert.That(() => IsValid("github", _ => null, []), Throws.ArgumentException.With.Property("ParamName").EqualTo("secrets"));
        Assert.That(
            () => IsValid("github", _ => null, [Secret, ""]),
            Throws.ArgumentException.With.Property("ParamName").EqualTo("secrets").And.Message.Contains("has a blank secret"));
        Assert.That(() => IsValid("github", null!, [Secret]), Throws.ArgumentNullException.With.Property("ParamName").EqualTo("header"));
        Assert.That(() => IsValid("github", _ => null, null!), Throws.ArgumentNullException.With.Property("ParamName").EqualTo("secrets"));
    }

    private static bool IsValid(string provider, Func<string, string?> header, Secret[] secrets) =>
        WebhookSignature.IsValid(WebhookProvider.From(provider), Encoding.UTF8.GetBytes(Body), header, secrets);

    private sealed class FixedClock(DateTimeOffset now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => now;
    }
}
