using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using AutoStack.Data.Postgres;
using AutoStack.Data.Projects;
using AutoStack.Data.Webhooks;
using CsCheck;

namespace AutoStack.Data.Tests.Properties;

public sealed class ParserProperties
{
    private const string GitHub = """
        {"ref":"refs/heads/main","before":"0000000000000000000000000000000000000000","after":"1111111111111111111111111111111111111111",
         "repository":{"id":1,"clone_url":"https://github.com/ada/site.git"},
         "head_commit":{"id":"1111111111111111111111111111111111111111","message":"m","timestamp":"2026-01-01T12:00:00Z",
         "author":{"name":"Ada"}}}
        """;

    private const string GitLab = """
        {"object_kind":"push","ref":"refs/heads/main","before":"0","after":"2222222222222222222222222222222222222222","project_id":2,
         "project":{"id":2,"git_http_url":"https://gitlab.com/ada/site.git"},
         "commits":[{"id":"2222222222222222222222222222222222222222","message":"m","timestamp":"2026-01-01T12:00:00Z",
         "author":{"name":"Ada"}}]}
        """;

    private const string Bitbucket = """
        {"push":{"changes":[{"new":{"type":"branch","name":"main","target":{"hash":"3333333333333333333333333333333333333333","message":"m",
         "date":"2026-01-01T12:00:00Z","author":{"raw":"Ada"}}},"old":null}]},
         "repository":{"uuid":"{3}","full_name":"ada/site","links":{"html":{"href":"https://bitbucket.org/ada/site"}}}}
        """;

    // Values of every kind, some of them nested.
    private static readonly Gen<JsonNode?> Nodes = Gen.OneOf(
        Property.CleanText.Select(text => (JsonNode?)text),
        Gen.Long.Select(number => (JsonNode?)number),
        Gen.Bool.Select(flag => (JsonNode?)flag),
        Gen.Const(() => (JsonNode?)null),
        Property.CleanText.Array[0, 3].Select(texts => (JsonNode?)new JsonArray([.. texts.Select(text => (JsonNode?)text)])),
        Gen.Select(Property.CleanText, Property.CleanText, (name, text) => (JsonNode?)new JsonObject { [name] = text }));

    [Test]
    public void A_push_with_any_one_value_of_another_kind_is_parsed_or_is_no_push() => Property.Holds(
        Gen.Select(
            Gen.OneOf((WebhookProvider.GitHub, GitHub), (WebhookProvider.GitLab, GitLab), (WebhookProvider.Bitbucket, Bitbucket)),
            Gen.Int[0, 1000], Nodes),
        sample =>
    {
        var ((provider, body), place, node) = sample;
        var root = JsonNode.Parse(body)!;
        var places = Places(root).ToList();
        places[place % places.Count](node?.DeepClone());
        using var changed = JsonDocument.Parse(root.ToJsonString());
        return !Push.TryParse(provider, changed.RootElement, out var push)
            || (push.Repository.Length > 0 && push.Refs.Count <= Push.MaxRefs && push.Refs.All(pushed => pushed.Name.Length > 0));
    });

    [Test]
    public void Any_body_is_parsed_or_is_no_push_and_is_stored_as_json() => Property.Holds(
        Gen.Select(Nodes, Gen.OneOf([.. WebhookProvider.Known])), sample =>
    {
        using var body = JsonDocument.Parse(sample.Item1?.ToJsonString() ?? "null");
        _ = Push.TryParse(sample.Item2, body.RootElement, out _);
        using var stored = JsonDocument.Parse(WebhookBody.ToStore(body.RootElement, "body"));
        var shown = WebhookBody.Shown(stored.RootElement);
        return shown.GetRawText() == WebhookBody.Shown(shown).GetRawText();
    });

    [Test]
    public void Comments_and_trailing_commas_of_a_body_change_nothing() => Property.Holds(
        Gen.Select(
            Gen.OneOf((WebhookProvider.GitHub, GitHub), (WebhookProvider.GitLab, GitLab), (WebhookProvider.Bitbucket, Bitbucket)),
            Gen.Int[0, 1000], Nodes,
            Gen.OneOf(
                "", " ", "/**/", @"/*\u*/", @"/*\*/", @"/*\ud800\u0000*/", "/*\"*/", "/*,]}*/", "/*é\ud83d\ude80*/", "//\n", "//\\u\n",
                "//\\\r\n")
                .Array[1, 20]),
        sample =>
    {
        var ((provider, body), place, node, gaps) = sample;
        var root = JsonNode.Parse(body)!;
        var places = Places(root).ToList();
        places[place % places.Count](node?.DeepClone());
        var strict = JsonElement.Parse(root.ToJsonString());
        using var lenient = JsonDocument.Parse(
            Lenient(root.ToJsonString(), gaps),
            new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
        var stored = JsonElement.Parse(WebhookBody.ToStore(lenient.RootElement, "body"));
        return JsonElement.DeepEquals(stored, JsonElement.Parse(WebhookBody.ToStore(strict, "body")))
            && Push.TryParse(provider, lenient.RootElement, out var push) == Push.TryParse(provider, strict, out var same)
            && push?.Repository == same?.Repository && (push?.Refs ?? []).SequenceEqual(same?.Refs ?? []);
    });

    [Test]
    public void A_signature_fits_its_body_and_secret_alone() => Property.Holds(
        Gen.Select(Gen.Byte.Array[1, 200], Property.Word(1, 30), Gen.Int[0, 10_000]), sample =>
    {
        var (body, secret, place) = sample;
        var signature = "sha256=" + Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), body));
        var changed = body.ToArray();
        changed[place / 8 % changed.Length] ^= (byte)(1 << (place % 8));
        return IsValid(body, signature, secret) && !IsValid(changed, signature, secret) && !IsValid(body, signature, secret + "x")
            && !IsValid(body, signature[..^1] + (signature[^1] == '0' ? '1' : '0'), secret);

        static bool IsValid(byte[] body, string signature, string secret) => WebhookSignature.IsValid(
            WebhookProvider.GitHub, body, name => name == "x-hub-signature-256" ? signature : null, [secret]);
    }, times: 500);

    [Test]
    public void The_parts_of_a_connection_uri_arrive_as_they_were() => Property.Holds(
        Gen.Select(Property.CleanText, Property.CleanText, Property.CleanText, Gen.Int[1, 65535]).Where(
            (user, password, database, _) => user.Length * password.Length * database.Length > 0),
        sample =>
    {
        var (user, password, database, port) = sample;
        var read = ConnectionUri.Parse(
            $"postgresql://{Uri.EscapeDataString(user)}:{Uri.EscapeDataString(password)}@db:{port}/{Uri.EscapeDataString(database)}");
        return (read.Username, read.Password, read.Database, read.Host, read.Port) == (user, password, database, "db", port);
    });

    [Test]
    public void A_wrong_connection_uri_is_refused_without_its_password() => Property.Holds(
        Gen.Select(Property.CleanText, Property.Word(12, 20), Property.CleanText), sample =>
    {
        var (before, password, after) = sample;
        try
        {
            _ = ConnectionUri.Parse($"postgresql://app:{password}{before}@db/{after}");
            return true;
        }
        catch (Exception exception) when (exception is FormatException or ArgumentException)
        {
            return !exception.ToString().Contains(password, StringComparison.Ordinal);
        }
    });

    [Test]
    public void A_branch_that_is_accepted_is_storable_and_accepted_again() => Property.Holds(
        Gen.Select(
            Gen.OneOf("", " ", "refs/heads/", "refs/tags/", "refs/heads/refs/heads/"), Property.Text, (prefix, rest) => prefix + rest),
        text =>
    {
        try
        {
            var branch = BranchName.Check(text, "branch");
            return BranchName.IsStorable(branch) && BranchName.Check(branch, "branch") == branch;
        }
        catch (ArgumentException)
        {
            return true;
        }
    });

    [Test]
    public void Every_spelling_of_an_address_is_the_same_repository() => Property.Holds(
        Gen.Select(Property.Word(1, 12), Property.Word(1, 12), Property.Word(1, 12)), sample =>
    {
        var (host, owner, name) = ($"{sample.Item1}.example.com", sample.Item2, sample.Item3);
        string[] spellings =
        [
            $"https://{host}/{owner}/{name}", $"https://www.{host}/{owner}/{name}.git", $"ssh://git@{host}:22/{owner}/{name}.git/",
            $"git@{host}:{owner}/{name}", $"{host}/{owner}/{name}", $" HTTPS://{host.ToUpperInvariant()}//{owner}/{name}?tab=readme#top",
        ];
        return spellings.Select(RepositoryAddress.Of).Distinct().Count() == 1;
    }, times: 500);

    [Test]
    public void No_text_keeps_the_address_of_a_repository_from_being_found() => Property.Holds(
        Property.Text, text => RepositoryAddress.Of(text) is { Host: not null, Path: not null });

    // The JSON with texts around its tokens, and a comma before every second end.
    private static string Lenient(string json, string[] gaps)
    {
        var bytes = Encoding.UTF8.GetBytes(json);
        var reader = new Utf8JsonReader(bytes);
        var text = new StringBuilder();
        var (copied, count, isEmpty) = (0, 0, true);
        while (reader.Read())
        {
            var (start, end) = ((int)reader.TokenStartIndex, (int)reader.BytesConsumed);
            var isEnd = reader.TokenType is JsonTokenType.EndObject or JsonTokenType.EndArray;
            text.Append(Encoding.UTF8.GetString(bytes, copied, start - copied)).Append(gaps[count++ % gaps.Length]);
            if (isEnd && !isEmpty && count % 2 == 0)
            {
                text.Append(',').Append(gaps[count++ % gaps.Length]);
            }

            text.Append(Encoding.UTF8.GetString(bytes, start, end - start)).Append(gaps[count++ % gaps.Length]);
            isEmpty = reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray;
            copied = end;
        }

        return text.ToString();
    }

    private static IEnumerable<Action<JsonNode?>> Places(JsonNode? node)
    {
        if (node is JsonObject members)
        {
            foreach (var (name, value) in members.ToList())
            {
                yield return other => members[name] = other;
                foreach (var place in Places(value))
                {
                    yield return place;
                }
            }
        }
        else if (node is JsonArray items)
        {
            for (var i = 0; i < items.Count; i++)
            {
                var index = i;
                yield return other => items[index] = other;
                foreach (var place in Places(items[i]))
                {
                    yield return place;
                }
            }
        }
    }
}
