using System.Text;
using System.Text.Json;
using AutoStack.Data.Values;
using AutoStack.Data.Webhooks;

namespace AutoStack.Data.Tests.Webhooks;

/// <summary>What of a body is replaced before it is stored, and that everything else is kept byte by byte.</summary>
public sealed class WebhookBodyTextTests
{
    /// <summary>Bodies with secrets, and what is stored and shown of each.</summary>
    internal static readonly string[][] WithSecrets =
    [
        [
            """{"object_attributes":{"variables":[{"key":"TOKEN","value":"hunter2"},{"key":"B","value":7,"masked":true}]}}""",
            """{"object_attributes":{"variables":[{"key":"TOKEN","value":"[redacted]"},{"key":"B","value":"[redacted]","masked":true}]}}""",
        ],
        [
            """{"build_variables":{"A":"hunter2","name":"hunter2","B":{"C":"hunter2"}},"after":"x"}""",
            """{"build_variables":{"A":"[redacted]","name":"[redacted]","B":{"C":"[redacted]"}},"after":"x"}""",
        ],
        [
            """{"variables":["A=hunter2"],"env_vars":"A=hunter2"}""", """{"variables":["[redacted]"],"env_vars":"[redacted]"}""",
        ],
        [
            """{"hook":{"config":{"url":"https://ci.example.com/x?secret=hunter2","secret":"hunter2","oauth_token_x":"hunter2","content"""
                + """_type":"json"}}}""",
            """{"hook":{"config":{"url":"https://ci.example.com/x?secret=[redacted]","secret":"[redacted]","oauth_token_x":"[redacted"""
                + """]","content_type":"json"}}}""",
        ],
        [
            """{"repository":{"temp_clone_token":"hunter2"},"installation":{"token":"hunter2"}"""
                + ""","private-token":"hunter2","clientSecret":"hunter2","tokens":["hunter2"]}""",
            """{"repository":{"temp_clone_token":"[redacted]"},"installation":{"token":"[redacted]"}"""
                + ""","private-token":"[redacted]","clientSecret":"[redacted]","tokens":["[redacted]"]}""",
        ],
        [
            """{"secret":{"value":"hunter2","is_active":true},"tokens":{"a":"hunter2","b":[{"c":7}]},"after":"x"}""",
            """{"secret":{"value":"[redacted]","is_active":true},"tokens":{"a":"[redacted]","b":[{"c":"[redacted]"}]},"after":"x"}""",
        ],
        [
            """{"config":{"url":"https://x.y","headers":{"Authorization":"Bearer hunter2","Accept":"json"},"secret":{"v":"hunter2"}"""
                + ""","list":[{"api_token_2":"hunter2"}]},"author":"Ada"}""",
            """{"config":{"url":"https://x.y","headers":{"Authorization":"[redacted]","Accept":"json"},"secret":{"v":"[redacted]"}"""
                + ""","list":[{"api_token_2":"[redacted]"}]},"author":"Ada"}""",
        ],
        [
            $$"""{"{{new string('x', 300)}}_token":"hunter2","{{new string('x', 300)}}":"y"}""",
            $$"""{"{{new string('x', 300)}}_token":"[redacted]","{{new string('x', 300)}}":"y"}""",
        ],
        [
            """{"to\u006ben":"hunter2"}""", """{"to\u006ben":"[redacted]"}""",
        ],
        [
            """{"a":"https://x:hunter2@github.com/a/b.git and https://hunter2:@x.y, https://ghp_hunter2@github.com"}""",
            """{"a":"https://[redacted]@github.com/a/b.git and https://hunter2:@x.y, https://[redacted]@github.com"}""",
        ],
        [
            """{"a":"https:\/\/x:hunter2\u0040github.com\/a"}""", """{"a":"https://[redacted]@github.com/a"}""",
        ],
        [
            """{"a":"https://x.y/z?b=1\u0026access_token=hunter2\u0026c=2&X-Amz-Signature=hunter2&sig=hunter2&PRIVATE_TOKEN=hunter2#x"}""",
            """{"a":"https://x.y/z?b=1&access_token=[redacted]&c=2&X-Amz-Signature=[redacted]&sig=[redacted]"""
                + """&PRIVATE_TOKEN=[redacted]#x"}""",
        ],
    ];

    [TestCase("0")]
    [TestCase("-0")]
    [TestCase("9007199254740993")]
    [TestCase("-12.50e-3")]
    [TestCase("1.7976931348623157E+308")]
    [TestCase("5e-324")]
    [TestCase("1e398")]
    [TestCase("1e-397")]
    [TestCase("\"1e131000\"")]
    [TestCase("""{"a":1,"a":2,"":3}""")]
    [TestCase("""[ 1 , {"token" : null, "secret":"", "has_password": true, "access_tokens_url":"https:\/\/api.github.com\/x"} ]""")]
    [TestCase(
        """{"compare":"https://github.com/a/b/compare/1...2","email":"ada@example.com","ssh_url":"git@github.com:a/b.git","text":"x = """
            + """1 & y == 2; a@b"}""")]
    [TestCase(
        """{"head_commit":{"id":"x","author":{"name":"Ada","username":"ada"},"tree_id":"y"},"pusher":{"name":"ada"}"""
            + ""","authorTimestamp":1557958841000}""")]
    [TestCase(
        """{"key":{"id":1,"title":"deploy"},"security_and_analysis":{"secret_scanning":{"status":"on"}}"""
            + ""","secret_scanning_alert":{"number":7}}""")]
    [TestCase("""{"secret_type":"x","alert":{"secret_scanning":{"status":"on"}},"key":{"key":"ssh-rsa AAAA"}}""")]
    public void A_harmless_body_is_kept_byte_by_byte(string json) => Assert.That(Stored(json), Is.EqualTo(json));

    [TestCase("1e131000")]
    [TestCase("1E+131071")]
    [TestCase("-1e-16000")]
    [TestCase("1e401")]
    [TestCase("0e999999999999999999999999")]
    [TestCase("0.1e-2147483649")]
    [TestCase("123456789012345678901234567890e380")]
    public void A_number_that_grows_when_written_out_becomes_a_text(string number)
    {
        Assert.That(Stored(number), Is.EqualTo($"\"{number}\""));
        Assert.That(Stored($"{{\"a\":[{number},2]}}"), Is.EqualTo($"{{\"a\":[\"{number}\",2]}}"));
    }

    [Test]
    public void A_number_of_many_digits_becomes_a_text()
    {
        foreach (var number in new[] { new string('9', 401), $"0.{new string('0', 16_400)}1", $"1{new string('0', 200_000)}" })
        {
            Assert.That(Stored(number), Is.EqualTo($"\"{number}\""));
        }
    }

    [Test]
    public void A_value_nested_too_deeply_is_replaced_at_its_start()
    {
        var deep = Nested(200, "1");

        Assert.That(Stored(deep), Is.EqualTo(deep));
        Assert.That(Stored(Nested(201, "1")), Is.EqualTo(Nested(200, $"\"{WebhookBody.TooDeep}\"")));
        Assert.That(
            Stored($$"""{"ref":"x","a":{{Nested(5000, "")}},"b":2}"""),
            Is.EqualTo($$"""{"ref":"x","a":{{Nested(199, $"\"{WebhookBody.TooDeep}\"")}},"b":2}"""));
    }

    // Written out, each of these numbers is 256 characters longer, and all together may be a MiB longer.
    [Test]
    public void Numbers_that_grow_too_much_together_become_texts()
    {
        var stored = JsonElement.Parse(Stored($"[{string.Join(',', Enumerable.Repeat("1e259", 4100))}]"));

        Assert.That(
            stored.EnumerateArray().Select(value => value.ValueKind),
            Is.EqualTo(Enumerable.Repeat(JsonValueKind.Number, 4096).Concat(Enumerable.Repeat(JsonValueKind.String, 4))));
        Assert.That(Stored("1e0000001"), Is.EqualTo("1e0000001"));
    }

    [Test]
    [Category("Long")]
    public void A_body_with_too_many_values_is_replaced_by_the_reason()
    {
        var most = "[1" + string.Concat(Enumerable.Repeat(""",{"a":[]}""", (IWebhookPayloadRepository.MaxValues / 2) - 1)) + "]";

        Assert.That(Stored(most), Is.EqualTo(most));
        Assert.That(Stored(most[..^1] + ",1]"), Is.EqualTo("""{"not_stored":"The body has more than 2000000 values."}"""));
    }

    [Test]
    [Category("Long")]
    public void A_body_that_is_too_long_is_replaced_by_the_reason()
    {
        var longest = $"\"{new string('x', IWebhookPayloadRepository.MaxPayloadBytes - 2)}\"";

        Assert.That(Stored(longest), Is.EqualTo(longest));
        Assert.That(
            Stored(longest[..^1] + "x\""),
            Is.EqualTo("""{"not_stored":"The body is 26214401 bytes long; at most 26214400 are stored."}"""));
    }

    [Test]
    public void A_stored_body_is_shown_whole()
    {
        var stored = $"[{Nested(300, "1e131000")},{new string('9', 401)}]";

        Assert.That(
            WebhookBody.Shown(JsonElement.Parse(stored, new JsonDocumentOptions { MaxDepth = int.MaxValue })).GetRawText(),
            Is.EqualTo(stored));
    }

    [TestCase("[1, /* hunter2 */ 2,]", "[1,2]")]
    [TestCase("{\"a\": \"\\ud800\", // x\n }", @"{""a"":""\ufffd""}")]
    [TestCase(@"{/*\u*/}", "{}")]
    [TestCase(@"[/*\*/]", "[]")]
    [TestCase("[1 //\\ud800\n,/*\\u0000*/\n]", "[1]")]
    [TestCase(@"[""/*\u0000*/"",""a,]"",/*"",\*/]", @"[""/*\ufffd*/"",""a,]""]")]
    [TestCase(@"{""a"":1.50,/*\u*/""a"":{""\u0062"":null,},""a"":true}", @"{""a"":1.50,""a"":{""\u0062"":null},""a"":true}")]
    public void A_leniently_parsed_body_is_stored_as_strict_json(string lenient, string strict) =>
        Assert.That(StoredOfLenient(lenient), Is.EqualTo(strict));

    [Test]
    public void A_leniently_parsed_body_may_be_nested_deeply()
    {
        var deep = string.Concat(Enumerable.Repeat(@"[/*\u*/", 2000)) + string.Concat(Enumerable.Repeat("],", 1999)) + "]";

        Assert.That(StoredOfLenient(deep), Is.EqualTo(Nested(200, $"\"{WebhookBody.TooDeep}\"")));
    }

    [Test]
    public void A_leniently_parsed_push_is_a_push()
    {
        using var body = ParseLeniently(
            """
            {/*\u*/"ref":"refs/heads/main","before":"0","after":"1111111111111111111111111111111111111111",
             "repository":{"id":1,"clone_url":"https://github.com/ada/site.git",}, // \u
            }
            """);

        Assert.That(Push.TryParse(WebhookProvider.GitHub, body.RootElement, out var push), Is.True);
        Assert.That(push!.Refs.Select(pushed => pushed.Name), Is.EqualTo(new[] { "main" }));
    }

    [TestCaseSource(nameof(WithSecrets))]
    public void Secrets_are_replaced(string json, string expected) =>
        Assert.That(JsonElement.DeepEquals(JsonElement.Parse(Stored(json)), JsonElement.Parse(expected)), Is.True, Stored(json));

    [TestCase("1", 1)]
    [TestCase("-1.5", 3)]
    [TestCase("1e2", 4)]
    [TestCase("1.25e1", 4)]
    [TestCase("1e-2", 4)]
    public void The_written_out_length_is_never_underestimated(string number, int length) =>
        Assert.That(JsonNumber.WrittenOut(Encoding.ASCII.GetBytes(number)), Is.EqualTo(length));

    internal static string Nested(int depth, string inside) => new string('[', depth) + inside + new string(']', depth);

    private static JsonDocument ParseLeniently(string json) => JsonDocument.Parse(json, new JsonDocumentOptions
    {
        MaxDepth = int.MaxValue,
        CommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
    });

    private static string StoredOfLenient(string json)
    {
        using var document = ParseLeniently(json);
        return Encoding.UTF8.GetString(WebhookBody.ToStore(document.RootElement, "body"));
    }

    private static string Stored(string json) =>
        Encoding.UTF8.GetString(WebhookBody.ToStore(JsonElement.Parse(json, new JsonDocumentOptions { MaxDepth = int.MaxValue }), "body"));
}
