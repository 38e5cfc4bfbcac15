using AutoStack.Data.Projects;
using AutoStack.Data.Tests.Support;

namespace AutoStack.Data.Tests.Projects;

/// <summary>Which spellings are one repository, as the library tells and as the database tells for the rows of every writer.</summary>
public sealed class RepositoryAddressTests : DatabaseTests
{
    /// <summary>Lines of one repository each: its host, its path, and spellings of it.</summary>
    private static readonly string[][] Families =
    [
        [
            "github.com", "ada/site",
            "https://github.com/ada/site", "http://GitHub.com/Ada/Site.git", "https://www.github.com/ada/site/", "github.com/ada/site",
            "www.github.com/ada/site.git",
            "git@github.com:ada/site.git", "git@github.com:/ada/site", "org-7@github.com:ada/site.git", "ssh://git@github.com/ada/site",
            "ssh://git@github.com:22/ada/site.git",
            "ssh://git@ssh.github.com:443/ada/site.git", "git@ssh.github.com:ada/site", "git://github.com/ada/site.git",
            "git+https://github.com/ada/site.git",
            "git+ssh://git@github.com/ada/site.git", "https://github.com./ada/site", "https://github.com:443/ada/site",
            "https://github.com/ada/site?ref=main", "https://github.com/ada/site#readme", "https://github.com/ada/site.git#v1.0",
            "https://github.com/ada/site/tree/main/docs",
            "https://github.com/ada/site/blob/main/README.md", "https://github.com/ada/site/pull/42/files",
            "https://github.com/ada/site/issues", "https://github.com//ada//site//",
            "https://github.com/ada%2Fsite", "https://github.com/%61da/site%2Egit", "https://github.com/ada/site%20",
            " https://github.com/ada/site\n", "https://github.com/ada/site\t",
            "\u00a0https://github.com/ada/site\u00a0", "https://github.com/ada/site\u200b", "\ufeffhttps://github.com/ada/site",
            "https://github.com/ada/site\u3000", "github.com:ada/site",
            "https://ada@github.com/ada/site", "https://ada:s3cret@github.com/ada/site", "https://oauth2:ghp_a@b@github.com/ada/site.git",
            "ada:s3cret@github.com/ada/site",
        ],
        [
            "", "ada/site", "ada/site", "Ada/Site.git", " ada/site ", "ada/site/", "ada//site", "/ada/site", "ada/site/tree/main",
            "ada/site#main", "ada/site?x=1",
        ],
        [
            "gitlab.com", "group/sub/app",
            "https://gitlab.com/group/sub/app.git", "git@gitlab.com:group/sub/app.git", "ssh://git@altssh.gitlab.com:443/group/sub/app.git",
            "https://gitlab.com/group/sub/app/-/tree/main/src",
            "https://gitlab.com/group/sub/app/-/merge_requests/1", "https://gitlab.com/group/sub/app/-",
            "https://gitlab.com/group%2Fsub%2Fapp", "gitlab.com/group/sub/app",
            "https://gitlab.com/group/sub/app/tree/master",
        ],
        [
            "bitbucket.org", "team/app",
            "https://bitbucket.org/team/app.git", "https://ada@bitbucket.org/Team/App.git", "git@bitbucket.org:team/app.git",
            "ssh://git@altssh.bitbucket.org:443/team/app.git",
            "https://bitbucket.org/team/app/src/main/", "https://bitbucket.org/team/app/pull-requests/1",
            "git@altssh.bitbucket.org:team/app",
        ],
        [
            "git.example.com", "proj/app",
            "ssh://git@git.example.com:7999/proj/app.git", "https://git.example.com/scm/proj/app.git",
            "https://git.example.com/scm/PROJ/app.git", "https://git.example.com/projects/PROJ/repos/app/browse",
            "https://git.example.com/projects/PROJ/repos/app", "https://git.example.com:8443/bitbucket/scm/proj/app.git",
            "https://ada@git.example.com/scm/proj/app.git", "git@git.example.com:proj/app.git",
        ],
        [
            "git.example.com", "~ada/app",
            "ssh://git@git.example.com:7999/~ada/app.git", "https://git.example.com/scm/~ada/app.git",
            "https://git.example.com/users/ada/repos/app/browse", "https://git.example.com/scm/%7Eada/app.git",
        ],
        [
            "gitea.example.com", "ada/site",
            "https://gitea.example.com/ada/site.git", "ssh://git@gitea.example.com:2222/ada/site.git",
            "https://gitea.example.com/ada/site/src/branch/main/docs", "https://gitea.example.com/ada/site/src/commit/abc",
            "https://gitea.example.com/ada/site/raw/main/x", "http://gitea.example.com:3000/Ada/Site",
        ],
        [
            "dev.azure.com", "org/project/repo",
            "https://org@dev.azure.com/org/project/_git/repo", "https://dev.azure.com/org/project/_git/repo?path=/x",
            "git@ssh.dev.azure.com:v3/org/project/repo", "ssh://git@ssh.dev.azure.com/v3/org/project/repo",
            "https://org.visualstudio.com/project/_git/repo", "https://org.visualstudio.com/DefaultCollection/project/_git/repo",
            "org@vs-ssh.visualstudio.com:v3/org/project/repo",
        ],
        ["dev.azure.com", "org/repo/repo", "https://dev.azure.com/org/_git/repo", "git@ssh.dev.azure.com:v3/org/repo/repo"],
        ["[::1]", "ada/site", "ssh://git@[::1]:22/ada/site.git", "https://[::1]/ada/site", "git@[::1]:ada/site.git"],
        [
            "github.com.evil.example", "ada/site",
            "https://github.com.evil.example/ada/site", "https://github.com@github.com.evil.example/ada/site",
        ],
        ["git.example.com", "ada/größe", "https://git.example.com/ada/größe", "https://git.example.com/ada/gr%C3%B6%C3%9Fe.git"],
        ["git.example.com", "ada/%ff", "https://git.example.com/ada/%FF", "https://git.example.com/ada/%ff.git"],
        ["git.example.com", "a/%41", "https://git.example.com/a/%2541"],
        ["", "", "", " ", "/", "///", ".git", "?x", "#", "\u200b"],
    ];

    private static IEnumerable<TestCaseData> Spellings =>
        Families.SelectMany(family => family[2..].Select(text => new TestCaseData(text, family[0], family[1])));

    [TestCase("https://b\u00fccher.example/ada/site", "xn--bcher-kva.example")]
    [TestCase("https://B\u00dcCHER.example:8443/ada/site", "xn--bcher-kva.example")]
    [TestCase("git@www.b\u00fccher.example:ada/site", "xn--bcher-kva.example")]
    [TestCase("https://fa\u00df.example/ada/site", "xn--fa-hia.example")]
    [TestCase("https://\u4f8b\u3048\u3002\u30c6\u30b9\u30c8/ada/site", "xn--r8jz45g.xn--zckzah")]
    [TestCase("https://\uff47ithub.com/ada/site", "\uff47ithub.com")]
    public void A_host_outside_ASCII_has_its_DNS_name_on_every_machine(string text, string host) =>
        Assert.That(RepositoryAddress.Of(text).Host, Is.EqualTo(host));

    [TestCaseSource(nameof(Spellings))]
    public void A_spelling_has_the_host_and_path_of_its_repository(string text, string host, string path) =>
        Assert.That(RepositoryAddress.Of(text), Is.EqualTo(new RepositoryAddress(host, path)));

    [Test]
    public async Task Library_and_database_agree_on_thousands_of_spellings()
    {
        var texts = Generated().Concat(Families.SelectMany(f => f[2..])).Where(t => t.Length <= 255).Distinct().ToArray();

        var keys = await DatabaseKeysAsync(texts);

        Assert.That(texts, Has.Length.GreaterThan(5000));
        Assert.That(
            texts.Zip(keys, (text, key) => (text, key)).Where(p => p.key != RepositoryAddress.Of(p.text)).Select(
                p => $"{p.text} -> {p.key}, {RepositoryAddress.Of(p.text)}"),
            Is.Empty);
    }

    [Test]
    public async Task The_stored_form_of_an_address_names_the_same_repository()
    {
        var (accepted, wrong) = (0, new List<string>());
        foreach (var text in Generated().Concat(Families.SelectMany(f => f[2..])))
        {
            try
            {
                var stored = RepositoryText.Check(text, "repository");
                accepted++;
                if (RepositoryAddress.Of(stored) != RepositoryAddress.Of(text) || RepositoryText.Check(stored, "repository") != stored)
                {
                    wrong.Add($"{text} -> {stored}");
                }
            }
            catch (ArgumentException)
            {
                // Refused.
            }
        }

        Assert.That(wrong, Is.Empty);
        Assert.That(accepted, Is.GreaterThan(500));
        await Task.CompletedTask;
    }

    [TestCase("https://github.com/ada/site", "https://github.com/ada/site")]
    [TestCase(" https://Ada@GitHub.com/Ada/Site.git/ ", "https://github.com/Ada/Site.git")]
    [TestCase("https://github.com/ada/site/tree/main/docs?x=1#y", "https://github.com/ada/site")]
    [TestCase("github.com/ada/site", "https://github.com/ada/site")]
    [TestCase("ada/site/", "ada/site")]
    [TestCase("git@github.com:ada/site.git", "git@github.com:ada/site.git")]
    [TestCase("git@git.example.com:/srv/git/site.git", "git@git.example.com:/srv/git/site.git")]
    [TestCase("ssh://git@git.example.com:7999/proj/app.git", "ssh://git@git.example.com:7999/proj/app.git")]
    [TestCase("https://git.example.com/projects/PROJ/repos/app/browse", "https://git.example.com/scm/PROJ/app.git")]
    [TestCase("https://org@dev.azure.com/org/project/_git/repo", "https://dev.azure.com/org/project/_git/repo")]
    [TestCase("https://b\u00fccher.example/ada/site", "https://xn--bcher-kva.example/ada/site")]
    [TestCase("https://[redacted]@github.com/ada/site", "https://github.com/ada/site")]
    [TestCase("https://github.com/ada/site%20", "https://github.com/ada/site")]
    [TestCase(
        "ssh://APKAEIBAERJR2EXAMPLE@git-codecommit.us-east-1.amazonaws.com/v1/repos/site",
        "ssh://APKAEIBAERJR2EXAMPLE@git-codecommit.us-east-1.amazonaws.com/v1/repos/site")]
    public async Task An_address_is_stored_as_git_clones_it(string given, string stored)
    {
        var project = await AddAsync(given);

        Assert.That(project.Repository, Is.EqualTo(stored));
        Assert.That(await ScalarAsync("SELECT repository FROM projects WHERE id = $1", project.Id), Is.EqualTo(stored));
    }

    [TestCase("https://oauth2:ghp_0123456789@github.com/ada/site", "password or token")]
    [TestCase("https://ghp_0123456789abcdef@github.com/ada/site", "password or token")]
    [TestCase("https://:s3cret@github.com/ada/site", "password or token")]
    [TestCase("https://user:pa/ss@github.com/ada/site", "password or token")]
    [TestCase("https://glpat-abcdefghij@gitlab.com/ada/site", "password or token")]
    [TestCase("https://0123456789abcdef0123456789abcdef01234567@github.com/ada/site", "password or token")]
    [TestCase("ssh://git:s3cret@git.example.com/ada/site", "password or token")]
    [TestCase("ada:s3cret@github.com/ada/site", "password or token")]
    [TestCase("https://gitlab.com/ada/site?private_token=s3cret", "password or token")]
    [TestCase("https://user:s3cret@github.com/ada/site?x=[redacted]", "password or token")]
    [TestCase("", "blank")]
    [TestCase("\u00a0\u200b", "blank")]
    [TestCase("-oProxyCommand=x", "dash")]
    [TestCase("ssh://-oProxyCommand=x/ada/site", "host")]
    [TestCase("ssh://-oProxyCommand=x@host/ada/site", "user")]
    [TestCase("git@-oProxyCommand=x:ada/site", "host")]
    [TestCase("git@host:-x/site", "dash")]
    [TestCase("ext::sh -c x", "white space")]
    [TestCase("ext::x", "runs a program")]
    [TestCase("file:///srv/git/site", "this machine")]
    [TestCase("/srv/git/site", "this machine")]
    [TestCase("../site/x", "this machine")]
    [TestCase("~/site/x", "this machine")]
    [TestCase("C:/git/site", "this machine")]
    [TestCase(@"C:\git\site", "backslash")]
    [TestCase(@"\\host\git\site", "backslash")]
    [TestCase("www.\uff45\uff58\uff54::/tmp/evil", "")]
    [TestCase("www.\u24d4xt::./run.sh", "")]
    [TestCase("www.b\u00fcx::17/x", "")]
    [TestCase("www.ext::sh", "")]
    [TestCase("www.\uff43:/x/y", "")]
    [TestCase("www.\uff46ile:/etc/x", "")]
    [TestCase("https://\uff47ithub.com/ada/site", "host")]
    [TestCase("https://bu\u0308cher.example/ada/site", "host")]
    [TestCase("github.com:443/ada/site", "port")]
    [TestCase("git.example.com:7999/proj/app.git", "port")]
    [TestCase("javascript://x/%0aalert(1)", "known form")]
    [TestCase("github:ada/site", "known form")]
    [TestCase("ada", "owner and name")]
    [TestCase("https://github.com/ada", "owner and name")]
    [TestCase("github.com/ada", "owner and name")]
    [TestCase("https://github.com/", "owner and name")]
    [TestCase("https:///ada/site", "host")]
    [TestCase("https://host:99999999/ada/site", "host or port")]
    [TestCase("https://host:x/ada/site", "host or port")]
    [TestCase("https://ho_st!/ada/site", "host or port")]
    [TestCase("https://github.com/../site", "not valid")]
    [TestCase("https://git.example.com/ada/%2e%2e/site", "not valid")]
    [TestCase("https://git.example.com/ada/a%00b", "not valid")]
    [TestCase("ada/si te", "white space")]
    [TestCase("ada/si\u0000te", "white space")]
    [TestCase("ada/si\u202ete", "white space")]
    [TestCase("ada/si\ud800te", "not text")]
    public async Task An_invalid_address_is_refused_without_showing_it(string repository, string says)
    {
        var project = await AddProjectAsync();

        Assert.That(() => AddAsync(repository), Refused("project.Repository"));
        Assert.That(
            () => Projects.UpdateAsync(project.Id, project.UserId, new ProjectPatch { Repository = repository }, null, Token),
            Refused("repository"));
        Assert.That(
            () => Projects.EnsureAsync(
                new NewProject { UserId = project.UserId, Name = "x", Repository = repository }, new ProjectPatch(), Token),
            Refused("project.Repository"));

        NUnit.Framework.Constraints.IResolveConstraint Refused(string name) =>
            Throws.ArgumentException.With.Property("ParamName").EqualTo(name).And.Message.Contains(says)
                .And.Message.Not.Contains("s3cret").And.Message.Not.Contains("ghp_");
    }

    [TestCase("https://oauth2:ghp_s3cret@github.com/ada/site", "https://[redacted]@github.com/ada/site")]
    [TestCase("https://ghp_s3cret@github.com/ada/site", "https://[redacted]@github.com/ada/site")]
    [TestCase("https://user:pa/s3cret@github.com/ada/site", "https://[redacted]@github.com/ada/site")]
    [TestCase("oauth2:s3cret@github.com/ada/site", "[redacted]@github.com/ada/site")]
    [TestCase("https://gitlab.com/ada/site?private_token=s3cret", "https://gitlab.com/ada/site?private_token=[redacted]")]
    [TestCase("https://ada@github.com/ada/site", "https://ada@github.com/ada/site")]
    [TestCase("git@github.com:ada/site.git", "git@github.com:ada/site.git")]
    [TestCase("https://github.com/ada/@scope", "https://github.com/ada/@scope")]
    public async Task A_secret_in_another_writers_address_is_redacted_and_the_repository_found(string stored, string shown)
    {
        var project = await AddAsync("x/y");
        await ExecuteAsync("UPDATE projects SET repository = $2 WHERE id = $1", project.Id, stored);

        var found = (await Projects.FindAsync(project.Id, project.UserId, Token))!;

        Assert.That(found.Repository, Is.EqualTo(shown));
        Assert.That($"{found}", Does.Not.Contain("s3cret"));
        Assert.That($"{new NewProject { UserId = project.UserId, Name = "x", Repository = stored }}", Does.Not.Contain("s3cret"));
        if (stored.Contains("/ada/site", StringComparison.Ordinal) && !stored.Contains("pa/", StringComparison.Ordinal))
        {
            Assert.That((await Projects.FindByRepositoryAsync(project.UserId, shown, Token))!.Id, Is.EqualTo(project.Id));
            Assert.That((await Projects.FindByRepositoryAsync(project.UserId, "ada/site", Token))!.Id, Is.EqualTo(project.Id));
        }
    }

    private async Task<Project> AddAsync(string repository) =>
        await Projects.AddAsync(new NewProject { UserId = (await AddUserAsync()).Id, Name = "Site", Repository = repository }, Token);

    private async Task<List<RepositoryAddress>> DatabaseKeysAsync(string[] texts)
    {
        var user = await AddUserAsync();
        await ExecuteAsync(
            """
            INSERT INTO projects (id, user_id, name, repository, created_at, updated_at)
            SELECT gen_random_uuid(), $1, 'key ' || n, t, now(), now() FROM unnest($2::text[]) WITH ORDINALITY u (t, n)
            """, user.Id, texts);
        await using var command = Raw.CreateCommand(
            "SELECT repository_host, repository_path FROM projects WHERE user_id = $1 ORDER BY substr(name, 5)::int");
        command.Parameters.AddWithValue(user.Id);
        await using var reader = await command.ExecuteReaderAsync(Token);
        var keys = new List<RepositoryAddress>();
        while (await reader.ReadAsync(Token))
        {
            keys.Add(new(reader.GetString(0), reader.GetString(1)));
        }

        return keys;
    }

    // Parts put together at random, always the same ones.
    private static IEnumerable<string> Generated()
    {
        string[] starts =
        [
            "", "", " ", "https://", "HTTP://", "ssh://", "git://", "git+ssh://", "file://", "x://", "git@", "ada:pw@", "https://ada@",
            "https://a:b@", "ssh://git@", "//", "\u00a0", "-",
        ];
        string[] hosts =
        [
            "", "github.com", "WWW.GitHub.com", "ssh.github.com:443", "gitlab.com", "bitbucket.org", "dev.azure.com",
            "org.visualstudio.com", "git.example.com:7999", "localhost", "[::1]:22", "host.", "a.b",
        ];
        string[] middles = ["/", ":", "", "/scm/", "/bitbucket/scm/", "/projects/", "/v3/", "//", "/~", ":443/", ":/"];
        string[] paths =
        [
            "ada/site", "Ada/Site.git", "a", "group/sub/app", "p/repos/app", "org/project/_git/repo", "org/_git/repo", "ada%2fsite",
            "ada/s%C3%A9", "ada/%ff", "%2525/x", "ada/tree/x", "x@y/z", "a:b/c", "", "DefaultCollection/p/_git/r",
        ];
        string[] ends =
        [
            "", "/", ".git", ".git/", "/tree/main", "/-/blob/x", "/src/branch/main/x", "?ref=x", "#main", " ", "\u200b", "%20", "/browse",
            "//.git//", "/-",
        ];
        var random = new Random(7);
        for (var i = 0; i < 8000; i++)
        {
            yield return $"{Any(starts)}{Any(hosts)}{Any(middles)}{Any(paths)}{Any(ends)}";
        }

        string Any(string[] of) => of[random.Next(of.Length)];
    }
}
