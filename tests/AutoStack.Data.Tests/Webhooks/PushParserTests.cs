using System.Text.Json;
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
    [TestCase("""{"ref":"refs/heads/x","after":"6113728f27ae82c7b1a177c8d03f9e96e0adf246"}""")]
    [TestCase("""{"ref":"refs/heads/x","after":"6113728f27ae82c7b1a177c8d03f9e96e0adf246","repository":{"full_name":"a/b"}}""")]
    [TestCase("""{"ref":7,"after":{},"repository":[]}""")]
    [TestCase("[]")]
    [TestCase("null")]
    [TestCase("\"push\"")]
    public void Another_event_of_GitHub_is_not_a_push(string json) =>
        Assert.That(Push.TryParse(WebhookProvider.GitHub, JsonElement.Parse(json), out _), Is.False);

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
    public void Commit_values_that_do_not_fit_are_cut_or_dropped()
    {
        var push = Parse("github", $$$"""
            {"ref":"refs/heads/x","after":"{{{Sha}}}","repository":{"id":"R_1","full_name":"a/b"},
             "head_commit":{"message":"{{{new string('m', 100_000)}}}\ud800\u0000","timestamp":"yesterday",
             "author":{"name":"{{{new string('a', 1000)}}}"} } }
            """);

        Assert.That((push.Repository, push.RepositoryId), Is.EqualTo(("a/b", "R_1")));
        Assert.That(push.Refs[0].Commit!.Message, Has.Length.InRange(1, 10_000));
        Assert.That(push.Refs[0].Commit!.Author, Has.Length.EqualTo(255));
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
