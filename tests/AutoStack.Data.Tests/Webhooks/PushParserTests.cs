using System.Text.Json;
using System.Text.Json.Nodes;
using AutoStack.Data.Deployments;
using AutoStack.Data.Webhooks;

namespace AutoStack.Data.Tests.Webhooks;

/// <summary>Bodies in the shape that each provider sends, shortened to what is read and what stands beside it.</summary>
public sealed class PushParserTests
{
    private const string Sha = "6113728f27ae82c7b1a177c8d03f9e96e0adf246";
    private const string Old = "95790bf891e76fee5e1747ab589903a6a1f80f22";
    private const string Zeros = "0000000000000000000000000000000000000000";

    private static readonly DateTimeOffset Time = new(2019, 5, 15, 15, 20, 41, TimeSpan.FromHours(-7));

    [Test]
    public void A_push_of_GitHub_is_parsed()
    {
        var push = Parse("github", GitHub("refs/heads/feature/x", Old, Sha));

        Assert.That(
            (push.Repository, push.RepositoryId, push.Host),
            Is.EqualTo(("https://github.com/Codertocat/Hello-World.git", "186853002", "github.com")));
        Assert.That(push.Refs, Is.EqualTo(new[]
        {
            new PushedRef
            {
                Kind = PushedRefKind.Branch,
                Name = "feature/x",
                IsDeleted = false,
                Before = Old,
                Commit = new CommitInfo(Sha, "Fix \"it\"\n\nlonger", "Mona", Time),
            },
        }));
    }

    [Test]
    public void Tags_deletions_and_other_references_of_GitHub_are_distinguished()
    {
        Assert.That(One(GitHub("refs/tags/v1.0", Zeros, Sha)), Is.EqualTo((PushedRefKind.Tag, "v1.0", false)));
        Assert.That(One(GitHub("refs/heads/gone", Sha, Zeros, deleted: true)), Is.EqualTo((PushedRefKind.Branch, "gone", true)));
        Assert.That(One(GitHub("refs/pull/1/head", Zeros, Sha)), Is.EqualTo((PushedRefKind.Other, "refs/pull/1/head", false)));
        Assert.That(Parse("github", GitHub("refs/heads/gone", Sha, Zeros, deleted: true)).Refs[0].Commit, Is.Null);

        static (PushedRefKind, string, bool) One(string json) =>
            Parse("github", json).Refs is [var r] ? (r.Kind, r.Name, r.IsDeleted) : default;
    }

    [TestCase("""{"zen":"Keep it logically awesome.","hook_id":1,"repository":{"id":1,"full_name":"a/b"}}""")]
    [TestCase("""{"ref":"v1","ref_type":"tag","master_branch":"main","repository":{"id":1,"full_name":"a/b"}}""")]
    [TestCase("""{"ref":"v1","after":"6113728f27ae82c7b1a177c8d03f9e96e0adf246","repository":{"id":1,"full_name":"a/b"}}""")]
    [TestCase("""{"ref":"refs/heads/x","after":"6113728f27ae82c7b1a177c8d03f9e96e0adf246"}""")]
    [TestCase("""{"ref":"refs/heads/x","after":"6113728f27ae82c7b1a177c8d03f9e96e0adf246","repository":{"full_name":"a/b"}}""")]
    [TestCase("""{"ref":7,"after":{},"repository":[]}""")]
    [TestCase("[]")]
    [TestCase("null")]
    [TestCase("\"push\"")]
    public void Another_event_of_GitHub_is_not_a_push(string json) =>
        Assert.That(Push.TryParse(WebhookProvider.GitHub, JsonElement.Parse(json), out _), Is.False);

    [TestCase("", "https://github.com/Codertocat/Hello-World.git")]
    [TestCase("clone_url", "https://github.com/Codertocat/Hello-World")]
    [TestCase("clone_url html_url", "Codertocat/Hello-World")]
    public void A_repository_of_GitHub_has_the_first_of_its_addresses(string without, string expected) =>
        Assert.That(Parse("github", Without(GitHub("refs/heads/x", Old, Sha), without)).Repository, Is.EqualTo(expected));

    [TestCase("", "Mona")]
    [TestCase("name", "mona")]
    public void An_author_without_a_name_has_the_name_of_the_account(string without, string expected) =>
        Assert.That(Parse("github", Without(GitHub("refs/heads/x", Old, Sha), without)).Refs[0].Commit!.Author, Is.EqualTo(expected));

    [TestCase(Zeros, null)]
    [TestCase("1111111111111111111111111111111111111111", "1111111111111111111111111111111111111111")]
    [TestCase("6113728F27AE82C7B1A177C8D03F9E96E0ADF246", Sha)]
    [TestCase("g113728f27ae82c7b1a177c8d03f9e96e0adf246", null)]
    [TestCase("6113728f", null)]
    public void The_id_of_a_commit_is_hexadecimal_and_not_zero(string given, string? expected)
    {
        Assert.That(Parse("github", GitHub("refs/heads/x", given, Sha)).Refs[0].Before, Is.EqualTo(expected));
        Assert.That(Parse("github", GitHub("refs/heads/x", Old, given)).Refs[0].Commit?.Hash, Is.EqualTo(expected));
    }

    [Test]
    public void A_reference_without_a_new_commit_is_not_deleted()
    {
        var pushed = Parse("github", GitHub("refs/heads/x", Old, "")).Refs[0];

        Assert.That((pushed.IsDeleted, pushed.Commit), Is.EqualTo((false, (CommitInfo?)null)));
    }

    [TestCase(1000, 255, true)]
    [TestCase(1001, 255, false)]
    [TestCase(1000, 256, false)]
    public void A_repository_with_a_longer_address_or_id_is_not_a_push(int address, int id, bool expected) =>
        Assert.That(
            Push.TryParse(
                WebhookProvider.GitHub,
                JsonElement.Parse($$$"""
                    {"ref":"refs/heads/x","after":"{{{Sha}}}",
                     "repository":{"id":"{{{new string('1', id)}}}","full_name":"{{{new string('a', address)}}}"} }
                    """),
                out _),
            Is.EqualTo(expected));

    [Test]
    public void A_body_of_an_unknown_provider_is_not_a_push() =>
        Assert.That(
            Push.TryParse(
                WebhookProvider.From("gitea"),
                JsonElement.Parse("""
                    {"push":{"changes":[{"new":{"type":"branch","name":"main"}}]},"repository":{"uuid":"{1}","full_name":"a/b"}}
                    """),
                out _),
            Is.False);

    [Test]
    public void A_push_of_GitLab_is_parsed()
    {
        var push = Parse("gitlab", GitLab("push", "refs/heads/master", Sha, $"\"{Sha}\""));

        Assert.That(
            (push.Repository, push.RepositoryId, push.Host),
            Is.EqualTo(("http://gitlab.example.com/mike/group/diaspora.git", "15", "gitlab.example.com")));
        Assert.That(push.Refs, Is.EqualTo(new[]
        {
            new PushedRef
            {
                Kind = PushedRefKind.Branch,
                Name = "master",
                IsDeleted = false,
                Before = Old,
                Commit = new CommitInfo(Sha, "fixed readme", "Jordi", Time),
            },
        }));
    }

    [Test]
    public void Tags_and_deletions_of_GitLab_are_distinguished()
    {
        Assert.That(Parse("gitlab", GitLab("tag_push", "refs/tags/v1.0", Sha, $"\"{Sha}\"")).Refs[0].Kind, Is.EqualTo(PushedRefKind.Tag));
        var deleted = Parse("gitlab", GitLab("push", "refs/heads/gone", Zeros, "null")).Refs[0];
        Assert.That((deleted.Name, deleted.IsDeleted, deleted.Commit), Is.EqualTo(("gone", true, (CommitInfo?)null)));
        Assert.That(
            Push.TryParse(
                WebhookProvider.GitLab,
                JsonElement.Parse(
                    """{"object_kind":"pipeline","object_attributes":{"ref":"master"},"project":{"id":1,"web_url":"http://x/a/b"}}"""),
                out _),
            Is.False);
    }

    [TestCase("push", "push", true)]
    [TestCase("push", "other", true)]
    [TestCase("pipeline", "push", false)]
    [TestCase(null, "tag_push", true)]
    [TestCase(null, "pipeline", false)]
    [TestCase("tag_push", null, true)]
    public void An_event_of_GitLab_is_named_by_its_kind_or_else_by_its_name(string? kind, string? name, bool expected)
    {
        var body = JsonNode.Parse(GitLab("push", "refs/heads/x", Sha, $"\"{Sha}\""))!;
        (body["object_kind"], body["event_name"]) = (kind, name);

        Assert.That(Push.TryParse(WebhookProvider.GitLab, JsonElement.Parse(body.ToJsonString()), out _), Is.EqualTo(expected));
    }

    [TestCase("", "https://1.example/a/b", "7")]
    [TestCase("git_http_url", "https://2.example/a/b", "7")]
    [TestCase("git_http_url http_url", "https://3.example/a/b", "7")]
    [TestCase("project", "https://4.example/a/b", "8")]
    [TestCase("project git_http_url", "https://5.example/a/b", "8")]
    public void A_repository_of_GitLab_has_the_first_of_its_addresses_and_ids(string without, string repository, string id)
    {
        var push = Parse("gitlab", Without(
            $$"""
            {"object_kind":"push","ref":"refs/heads/x","after":"{{Sha}}","project_id":8,
             "project":{"id":7,"git_http_url":"https://1.example/a/b","http_url":"https://2.example/a/b","web_url":"https://3.example/a/b"},
             "repository":{"git_http_url":"https://4.example/a/b","homepage":"https://5.example/a/b"} }
            """,
            without));

        Assert.That((push.Repository, push.RepositoryId), Is.EqualTo((repository, id)));
    }

    [TestCase(Old, "95790bf891e76fee5e1747ab589903a6a1f80f22", "first")]
    [TestCase(Sha, "6113728f27ae82c7b1a177c8d03f9e96e0adf246", "fixed readme")]
    public void A_tag_of_GitLab_has_the_commit_that_was_checked_out(string checkout, string hash, string message)
    {
        var commit = Parse("gitlab", GitLab("tag_push", "refs/tags/v1", new string('2', 40), $"\"{checkout}\"")).Refs[0].Commit!;

        Assert.That((commit.Hash, commit.Message), Is.EqualTo((hash, message)));
    }

    [Test]
    public void A_deleted_branch_has_no_commit_whatever_was_checked_out() =>
        Assert.That(Parse("gitlab", GitLab("push", "refs/heads/gone", Zeros, $"\"{Sha}\"")).Refs[0].Commit, Is.Null);

    [TestCase("""{"links":{"html":{"href":"https://1.example/a/b"}},"full_name":"a/b","uuid":"u"}""", "https://1.example/a/b")]
    [TestCase("""{"full_name":"a/b","uuid":"u"}""", "https://bitbucket.org/a/b")]
    public void A_repository_of_Bitbucket_Cloud_has_its_link_or_an_address_by_its_name(string repository, string expected) =>
        Assert.That(Parse("bitbucket", $$$"""{"push":{"changes":[]},"repository":{{{repository}}}}""").Repository, Is.EqualTo(expected));

    [Test]
    public void An_annotated_tag_and_an_author_without_an_account_are_parsed()
    {
        var pushed = Parse("bitbucket", $$$"""
            {"push":{"changes":[{"new":{"type":"annotated_tag","name":"v1",
              "target":{"hash":"{{{Sha}}}","author":{"raw":"Ada <ada@example.com>"}} } }]},"repository":{"full_name":"a/b","uuid":"u"} }
            """).Refs[0];

        Assert.That((pushed.Kind, pushed.Commit!.Author), Is.EqualTo((PushedRefKind.Tag, "Ada <ada@example.com>")));
    }

    [Test]
    public void Every_change_of_a_Bitbucket_Cloud_push_is_parsed()
    {
        const string json = """
            {"push":{"changes":[
              {"old":null,"new":{"type":"branch","name":"main","target":{"type":"commit","hash":"6113728f27ae82c7b1a177c8d03f9e96e0adf246",
              "author":{"raw":"Ada <ada@example.com>","user":{"display_name":"Ada L."}},
                "message":"new commit\n","date":"2019-05-15T15:20:41-07:00"}},"created":true,"closed":false,"truncated":false},
              {"old":{"type":"branch","name":"gone","target":{"hash":"95790bf891e76fee5e1747ab589903a6a1f80f22"}},"new":null,"closed":true},
              {"old":null,"new":{"type":"tag","name":"v1","target":{"hash":"6113728f27ae82c7b1a177c8d03f9e96e0adf246"}}},
              {"old":null,"new":null}, 7, null]},
             "repository":{"type":"repository","full_name":"team/app","uuid":"{d2ac7fbe-4b1c-4c9a-8b1f-0d0b2f3d9c11}",
             "links":{"html":{"href":"https://bitbucket.org/team/app"}}},"actor":{}}
            """;

        var push = Parse("bitbucket", json);

        Assert.That(
            (push.Repository, push.RepositoryId, push.Host),
            Is.EqualTo(("https://bitbucket.org/team/app", "{d2ac7fbe-4b1c-4c9a-8b1f-0d0b2f3d9c11}", "bitbucket.org")));
        Assert.That(push.Refs, Is.EqualTo(new[]
        {
            new PushedRef
            {
                Kind = PushedRefKind.Branch,
                Name = "main",
                IsDeleted = false,
                Before = null,
                Commit = new CommitInfo(Sha, "new commit\n", "Ada L.", Time),
            },
            new PushedRef { Kind = PushedRefKind.Branch, Name = "gone", IsDeleted = true, Before = Old, Commit = null },
            new PushedRef { Kind = PushedRefKind.Tag, Name = "v1", IsDeleted = false, Before = null, Commit = new CommitInfo(Sha) },
        }));
    }

    [Test]
    public void A_Bitbucket_Data_Center_push_is_parsed_without_a_host()
    {
        const string json = """
            {"eventKey":"repo:refs_changed","date":"2017-09-19T09:58:11+1000","actor":{"name":"admin"},
             "repository":{"slug":"app","id":84,"name":"app","scmId":"git","project":{"key":"PROJ","id":84,"name":"project","public":false,
             "type":"NORMAL"}},
             "changes":[
              {"ref":{"id":"refs/heads/master","displayId":"master","type":"BRANCH"},"refId":"refs/heads/master",
              "fromHash":"95790bf891e76fee5e1747ab589903a6a1f80f22","toHash":"6113728f27ae82c7b1a177c8d03f9e96e0adf246","type":"UPDATE"},
              {"ref":{"id":"refs/heads/gone","type":"BRANCH"},"fromHash":"95790bf891e76fee5e1747ab589903a6a1f80f22",
              "toHash":"0000000000000000000000000000000000000000","type":"DELETE"}],
             "toCommit":{"id":"6113728f27ae82c7b1a177c8d03f9e96e0adf246","message":"m","author":{"name":"ada"},
             "authorTimestamp":1557958841000}}
            """;

        var push = Parse("bitbucket", json);

        Assert.That((push.Repository, push.RepositoryId, push.Host), Is.EqualTo(("PROJ/app", "84", "")));
        Assert.That(push.Refs, Is.EqualTo(new[]
        {
            new PushedRef
            {
                Kind = PushedRefKind.Branch,
                Name = "master",
                IsDeleted = false,
                Before = Old,
                Commit = new CommitInfo(Sha, "m", "ada", Time),
            },
            new PushedRef { Kind = PushedRefKind.Branch, Name = "gone", IsDeleted = true, Before = Old, Commit = null },
        }));
    }

    [TestCase("""{"clone":[{},{"href":"https://1.example/a"},{"href":"https://2.example/a"}],"self":[{"href":"https://3.example/a"}]}""",
        "https://1.example/a")]
    [TestCase("""{"clone":[],"self":[{"href":"https://3.example/a"}]}""", "https://3.example/a")]
    [TestCase("""{"clone":[],"self":[]}""", "K/s")]
    public void A_repository_of_Bitbucket_Data_Center_has_the_first_of_its_links(string links, string expected) =>
        Assert.That(DataCenter(change: "{}", links: links).Repository, Is.EqualTo(expected));

    [TestCase("""{"ref":{"id":"refs/heads/a"},"refId":"refs/heads/b"}""", "a")]
    [TestCase("""{"refId":"refs/heads/b"}""", "b")]
    public void A_change_of_Bitbucket_Data_Center_has_a_reference_or_its_id(string change, string name)
    {
        var pushed = DataCenter(change).Refs.Single();

        Assert.That((pushed.Name, pushed.IsDeleted, pushed.Commit), Is.EqualTo((name, false, (CommitInfo?)null)));
    }

    [TestCase("-1", null)]
    [TestCase("0", null)]
    [TestCase("1557958841123", "2019-05-15T22:20:41.123Z")]
    [TestCase("253402300799999", "9999-12-31T23:59:59.999Z")]
    [TestCase("253402300800000", null)]
    public void A_time_of_Bitbucket_Data_Center_is_kept_to_the_millisecond(string given, string? expected)
    {
        var commit = DataCenter($$"""{"refId":"refs/heads/a","toHash":"{{Sha}}"}""", commits: $$"""
            [{"id":"{{Sha}}","message":"of the list","authorTimestamp":{{given}} }]
            """).Refs[0].Commit!;

        Assert.That(
            (commit.Message, commit.Timestamp),
            Is.EqualTo(("of the list", expected is null ? (DateTimeOffset?)null : DateTimeOffset.Parse(expected, null))));
    }

    [Test]
    public void Parsing_a_Bitbucket_Data_Center_push_takes_linear_time()
    {
        Assert.That(Allocated(2000), Is.LessThan(3 * Allocated(1000)));

        static long Allocated(int count)
        {
            var commits = string.Join(',', Enumerable.Repeat("""{"id":1}""", count));
            var changes = string.Join(',', Enumerable.Repeat("""{"toHash":"x"}""", count));
            var json =
                """{"eventKey":"repo:refs_changed","repository":{"id":1,"slug":"s","project":{"key":"K"}},"commits":["""
                + $"{commits}],\"changes\":[{changes}]}}";
            var before = GC.GetAllocatedBytesForCurrentThread();
            Parse("bitbucket", json);
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }
    }

    [Test]
    public void Long_values_of_a_commit_are_whole_and_unreadable_ones_are_dropped()
    {
        var push = Parse("github", $$$"""
            {"ref":"refs/heads/x","after":"{{{Sha}}}","repository":{"id":"R_1","full_name":"a/b"},
             "head_commit":{"message":"{{{new string('m', 100_000)}}}\ud800\u0000","timestamp":"yesterday",
             "author":{"name":"{{{new string('a', 1000)}}}"} } }
            """);

        Assert.That((push.Repository, push.RepositoryId), Is.EqualTo(("a/b", "R_1")));
        Assert.That(push.Refs[0].Commit!.Message, Has.Length.EqualTo(100_002));
        Assert.That(push.Refs[0].Commit!.Author, Has.Length.EqualTo(1000));
        Assert.That(push.Refs[0].Commit!.Timestamp, Is.Null);
        Assert.That(Parse("github", GitHub("refs/heads/x", Old, "not a hash")).Refs[0].Commit, Is.Null);
    }

    [Test]
    public void No_body_makes_the_parser_throw()
    {
        string[] values =
        [
            "null", "1e400", "\"\\ud800\"", "[]", "{}", "[[{}]]", "true", "\"x\"", $"\"{new string('x', 11_000)}\"",
            "{\"id\":1,\"full_name\":\"a/b\",\"links\":[],\"project\":7}",
        ];
        string[] names =
        [
            "ref", "after", "before", "repository", "head_commit", "object_kind", "project", "commits", "push", "changes", "eventKey",
            "toCommit", "checkout_sha",
        ];
        var random = new Random(11);
        for (var i = 0; i < 3000; i++)
        {
            var json = $"{{{string.Join(',', names.Where(_ => random.Next(3) > 0).Select(Property))}}}";
            var body = JsonElement.Parse(json);
            foreach (var provider in WebhookProvider.Known.Append(WebhookProvider.From("gitea")))
            {
                Assert.That(() => Push.TryParse(provider, body, out _), Throws.Nothing, json);
            }
        }

        Assert.That(Push.TryParse(WebhookProvider.GitHub, default, out _), Is.False);

        string Property(string name)
        {
            var value = values[random.Next(values.Length)];
            return name == "push" && random.Next(2) > 0 ? $"\"{name}\":{{\"changes\":[{{\"new\":{value}}}]}}" : $"\"{name}\":{value}";
        }
    }

    private static Push Parse(string provider, string json) =>
        Push.TryParse(
            WebhookProvider.From(provider), JsonElement.Parse(json), out var push) ? push : throw new AssertionException("no push");

    private static Push DataCenter(string change, string links = "{}", string commits = "[]") => Parse("bitbucket", $$"""
        {"eventKey":"repo:refs_changed","changes":[{{change}}],"commits":{{commits}},"toCommit":{"id":"{{Sha}}","message":"of the push"},
         "repository":{"id":1,"slug":"s","project":{"key":"K"},"links":{{links}} } }
        """);

    // The body without the properties of these names, at any depth.
    private static string Without(string json, string names)
    {
        var body = JsonNode.Parse(json)!;
        foreach (var name in names.Split(' '))
        {
            Remove(body, name);
        }

        return body.ToJsonString();

        static void Remove(JsonNode? node, string name)
        {
            if (node is JsonObject members)
            {
                members.Remove(name);
            }

            foreach (var child in node is JsonObject of ? of.Select(member => member.Value) : node as IEnumerable<JsonNode?> ?? [])
            {
                Remove(child, name);
            }
        }
    }

    private static string GitHub(string reference, string before, string after, bool deleted = false) => $$$"""
        {"ref":"{{{reference}}}","before":"{{{before}}}","after":"{{{after}}}","created":false,"deleted":{{{(deleted ? "true" : "false")}}},
        "forced":false,"base_ref":null,
         "repository":{"id":186853002,"node_id":"MDEw","name":"Hello-World","full_name":"Codertocat/Hello-World","private":true,
         "owner":{"name":"Codertocat","id":21031067},
           "html_url":"https://github.com/Codertocat/Hello-World","url":"https://github.com/Codertocat/Hello-World",
           "git_url":"git://github.com/Codertocat/Hello-World.git",
           "ssh_url":"git@github.com:Codertocat/Hello-World.git","clone_url":"https://github.com/Codertocat/Hello-World.git",
           "pushed_at":1557933565},
         "pusher":{"name":"Codertocat","email":"x@example.com"},"commits":[],
         "head_commit":{{{(deleted ? "null" : GitHubCommit(after))}}} }
        """;

    private static string GitHubCommit(string id) => $$"""
        {"id":"{{id}}","message":"Fix \"it\"\n\nlonger","timestamp":"2019-05-15T15:20:41-07:00",
         "author":{"name":"Mona","email":"m@example.com","username":"mona"} }
        """;

    private static string GitLab(string kind, string reference, string after, string checkout) => $$$"""
        {"object_kind":"{{{kind}}}","event_name":"{{{kind}}}","before":"{{{Old}}}","after":"{{{after}}}","ref":"{{{reference}}}",
        "checkout_sha":{{{checkout}}},"user_id":4,"user_name":"John Smith","project_id":15,
         "project":{"id":15,"name":"Diaspora","web_url":"http://gitlab.example.com/mike/group/diaspora",
         "git_ssh_url":"git@gitlab.example.com:mike/group/diaspora.git",
           "git_http_url":"http://gitlab.example.com/mike/group/diaspora.git","namespace":"Mike","visibility_level":0,
           "path_with_namespace":"mike/group/diaspora"},
         "repository":{"name":"Diaspora","url":"git@gitlab.example.com:mike/group/diaspora.git",
         "homepage":"http://gitlab.example.com/mike/group/diaspora","visibility_level":0},
         "commits":[{"id":"{{{Old}}}","message":"first","timestamp":"2011-12-12T14:27:31+02:00","author":{"name":"J"}},
           {"id":"{{{Sha}}}","message":"fixed readme","timestamp":"2019-05-15T15:20:41-07:00","url":"http://x","author":{"name":"Jordi",
           "email":"j@example.com"} }],"total_commits_count":4}
        """;
}
