using AutoStack.Data.Projects;

namespace AutoStack.Data.Tests.Projects;

/// <summary>Which spellings are one repository, which texts are stored for them, and which are refused.</summary>
public sealed class RepositoryTextTests
{
    /// <summary>Addresses, and what is stored of each.</summary>
    internal static readonly string[][] Stored =
    [
        ["https://github.com/ada/site", "https://github.com/ada/site"],
        [" https://Ada@GitHub.com/Ada/Site.git/ ", "https://github.com/Ada/Site.git"],
        ["https://github.com/ada/site/tree/main/docs?x=1#y", "https://github.com/ada/site"],
        ["github.com/ada/site", "https://github.com/ada/site"],
        ["ada/site/", "ada/site"],
        ["git@github.com:ada/site.git", "git@github.com:ada/site.git"],
        ["git@git.example.com:/srv/git/site.git", "git@git.example.com:/srv/git/site.git"],
        ["ssh://git@git.example.com:7999/proj/app.git", "ssh://git@git.example.com:7999/proj/app.git"],
        ["https://git.example.com/projects/PROJ/repos/app/browse", "https://git.example.com/scm/PROJ/app.git"],
        ["https://org@dev.azure.com/org/project/_git/repo", "https://dev.azure.com/org/project/_git/repo"],
        ["https://dev.azure.com/projects/p/repos/app", "https://dev.azure.com/projects/p/repos/app"],
        ["https://github.com/projects/p/repos/app", "https://github.com/projects/p"],
        ["https://bitbucket.org/projects/p/repos/app", "https://bitbucket.org/projects/p"],
        ["https://gitlab.com/projects/p/repos/app", "https://gitlab.com/projects/p/repos/app"],
        ["projects/p/repos/app", "projects/p/repos/app"],
        ["https://git.example.com/users/ada/repos/app/browse", "https://git.example.com/scm/~ada/app.git"],
        ["ssh://git@git.example.com/projects/p/repos/app", "ssh://git@git.example.com/projects/p/repos/app"],
        ["ssh://git:@git.example.com/ada/site", "ssh://git@git.example.com/ada/site"],
        ["https://git.example.com/site", "https://git.example.com/site"],
        ["git.example.com/123/site", "https://git.example.com/123/site"],
        ["git@git.example.com:22/site", "git@git.example.com:22/site"],
        ["git.example.com:ada/site", "git.example.com:ada/site"],
        ["ada/site-", "ada/site-"],
        ["https://b\u00fccher.example/ada/site", "https://xn--bcher-kva.example/ada/site"],
        ["https://[redacted]@github.com/ada/site", "https://github.com/ada/site"],
        ["https://github.com/ada/site%20", "https://github.com/ada/site"],
        [
            "ssh://APKAEIBAERJR2EXAMPLE@git-codecommit.us-east-1.amazonaws.com/v1/repos/site",
            "ssh://APKAEIBAERJR2EXAMPLE@git-codecommit.us-east-1.amazonaws.com/v1/repos/site",
        ],
    ];

    /// <summary>Texts that are refused, and a part of the reason.</summary>
    internal static readonly string[][] Refused =
    [
        [
            "https://oauth2:ghp_0123456789@github.com/ada/site",
            "contains a password or token. Store a secret in the user's connection to the provider or in the project's "
                + "environment, where it is encrypted.",
        ],
        ["https://ghp_0123456789abcdef@github.com/ada/site", "password or token"],
        ["https://:s3cret@github.com/ada/site", "password or token"],
        ["https://user:pa/ss@github.com/ada/site", "password or token"],
        ["https://glpat-abcdefghij@gitlab.com/ada/site", "password or token"],
        ["https://0123456789abcdef0123456789abcdef01234567@github.com/ada/site", "password or token"],
        ["ssh://git:s3cret@git.example.com/ada/site", "password or token"],
        ["ada:s3cret@github.com/ada/site", "password or token"],
        ["https://gitlab.com/ada/site?private_token=s3cret", "password or token"],
        ["https://user:s3cret@github.com/ada/site?x=[redacted]", "password or token"],
        ["", "blank"],
        ["\u00a0\u200b", "blank"],
        ["-oProxyCommand=x", "epository starts with a dash, which Git reads as an option"],
        ["ssh://-oProxyCommand=x/ada/site", "host"],
        ["ssh://-oProxyCommand=x@host/ada/site", "user"],
        ["git@-oProxyCommand=x:ada/site", "host"],
        ["git@host:-x/site", "dash"],
        ["ext::sh -c x", "white space"],
        ["ext::x", "runs a program"],
        ["file:///srv/git/site", "this machine"],
        ["/srv/git/site", "this machine"],
        ["../site/x", "this machine"],
        ["~/site/x", "this machine"],
        ["C:/git/site", "this machine"],
        [@"C:\git\site", "backslash"],
        [@"\\host\git\site", "backslash"],
        ["www.\uff45\uff58\uff54::/tmp/evil", "names a host or port that is not valid"],
        ["www.\u24d4xt::./run.sh", "names a host or port that is not valid"],
        ["www.b\u00fcx::17/x", "cannot be stored in a form that names exactly this repository"],
        ["www.ext::sh", "runs a program"],
        ["www.\uff43:/x/y", "names a host or port that is not valid"],
        ["www.\uff46ile:/etc/x", "names a host or port that is not valid"],
        ["https://\uff47ithub.com/ada/site", "host"],
        ["https://bu\u0308cher.example/ada/site", "host"],
        ["github.com:443/ada/site", "Git reads as a folder and other programs as a port; write https://host:port/owner/name"],
        ["git.example.com:7999/proj/app.git", "port"],
        ["javascript://x/%0aalert(1)", "known form"],
        ["github:ada/site", "known form"],
        ["ada", "owner and name"],
        ["https://github.com/ada", "owner and name"],
        ["github.com/ada", "owner and name"],
        ["https://gitlab.com/ada", "owner and name"],
        ["https://bitbucket.org/team", "owner and name"],
        ["https://github.com/", "owner and name"],
        ["https:///ada/site", "host"],
        ["https://host:99999999/ada/site", "host or port"],
        ["https://host:x/ada/site", "host or port"],
        ["https://ho_st!/ada/site", "host or port"],
        ["https://github.com/../site", "not valid"],
        ["https://git.example.com/ada/./site", "not valid"],
        ["https://git.example.com/ada/%2e%2e/site", "not valid"],
        ["https://git.example.com/ada/a%00b", "not valid"],
        ["ada/si te", "white space"],
        ["ada/si\u0000te", "white space"],
        ["ada/si\u202ete", "white space"],
        ["ada/si\ud800te", "not text"],
        ["ada/si\u061cte", "white space, a control character"],
        ["ada/si\ue000te", "white space, a control character"],
        ["ada/si\uffffte", "white space, a control character"],
    ];

    /// <summary>Addresses of other writers, and what is shown of each.</summary>
    internal static readonly string[][] Shown =
    [
        ["https://oauth2:ghp_s3cret@github.com/ada/site", "https://[redacted]@github.com/ada/site"],
        ["https://ghp_s3cret@github.com/ada/site", "https://[redacted]@github.com/ada/site"],
        ["https://user:pa/s3cret@github.com/ada/site", "https://[redacted]@github.com/ada/site"],
        ["oauth2:s3cret@github.com/ada/site", "[redacted]@github.com/ada/site"],
        ["https://gitlab.com/ada/site?private_token=s3cret", "https://gitlab.com/ada/site?private_token=[redacted]"],
        ["https://ada@github.com/ada/site", "https://ada@github.com/ada/site"],
        ["git@github.com:ada/site.git", "git@github.com:ada/site.git"],
        ["https://github.com/ada/@scope", "https://github.com/ada/@scope"],
        ["https://user:pa/s3cret@github.com/ada/site?x=https://y", "https://[redacted]@github.com/ada/site?x=https://y"],
        ["https://user:pa/x@s3cret@github.com/ada/site", "https://[redacted]@github.com/ada/site"],
        ["https://user:x@s3cret@github.com/ada/site", "https://[redacted]@github.com/ada/site"],
        ["https://user:s3cret@github.com/ada/@scope", "https://[redacted]@github.com/ada/@scope"],
        ["user:s3cret@github.com", "[redacted]@github.com"],
        ["://user:pa/s3cret@host/x", "://[redacted]@host/x"],
        ["https://@host:x/y", "https://@host:x/y"],
        ["git.example.com:ada/s@te", "git.example.com:ada/s@te"],
        ["/srv/a:b@c", "/srv/a:b@c"],
    ];

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
            "https://dev.azure.com/org/project/_git/repo/pullrequest/1",
        ],
        ["dev.azure.com", "scm/a/b", "https://dev.azure.com/scm/a/b"],
        ["gitlab.com", "scm/a/b", "https://gitlab.com/scm/a/b"],
        ["", "scm/a/b", "scm/a/b"],
        ["git.example.com", "a/aabc", "https://git.example.com/a/%61abc"],
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

    /// <summary>Thousands of spellings, always the same ones.</summary>
    internal static IEnumerable<string> All => Generated().Concat(Families.SelectMany(family => family[2..]));

    private static IEnumerable<TestCaseData> Spellings =>
        Families.SelectMany(family => family[2..].Select(text => new TestCaseData(text, family[0], family[1])));

    [TestCase("https://b\u00fccher.example/ada/site", "xn--bcher-kva.example")]
    [TestCase("https://B\u00dcCHER.example:8443/ada/site", "xn--bcher-kva.example")]
    [TestCase("git@www.b\u00fccher.example:ada/site", "xn--bcher-kva.example")]
    [TestCase("https://fa\u00df.example/ada/site", "xn--fa-hia.example")]
    [TestCase("https://\u4f8b\u3048\u3002\u30c6\u30b9\u30c8/ada/site", "xn--r8jz45g.xn--zckzah")]
    [TestCase("https://\uff47ithub.com/ada/site", "\uff47ithub.com")]
    [TestCase("https://\u0939\u093f\u0928\u094d\u0926\u0940.example/ada/site", "xn--j2bd4cyah0f.example")]
    [TestCase("https://\u2603.example/ada/site", "\u2603.example")]
    [TestCase("https://xn--b\u00fc.example/ada/site", "xn--b\u00fc.example")]
    [TestCase("https://b\u00fcxn--.example/ada/site", "xn--bxn---kva.example")]
    public void A_host_outside_ASCII_has_its_DNS_name_on_every_machine(string text, string host) =>
        Assert.That(RepositoryAddress.Of(text).Host, Is.EqualTo(host));

    [Test]
    public void A_name_with_a_letter_of_another_spelling_or_a_long_label_stays_unchanged()
    {
        string[] letters =
        [
            "a\u0300", "a\u036f", "\u1100", "\u11ff", "\uf900", "\uffdc", "\U0001d400", "\U0001d7ff", "\U0002f800", "\U0002fa1d",
        ];
        foreach (var host in letters.Append("\u00fc" + new string('a', 63)).Select(label => $"{label}.example"))
        {
            Assert.That(RepositoryAddress.HostName(host), Is.EqualTo(host));
        }

        Assert.That(
            RepositoryAddress.HostName("\u00fc" + new string('a', 62) + ".example"),
            Is.EqualTo($"xn--{new string('a', 62)}-hng.example"));
    }

    [TestCase("\u0001 \u007f\u0080\u00a0\u00ad\u1680\u180e\u2000\u200f\u2028\u202f\u205f\u206f\u3000\ufeff", true)]
    [TestCase("!~\u00a1\u00ac\u00ae\u1fff\u2010\u2027\u2030\u205e\u2070\u3001", false)]
    public void White_space_and_invisible_characters_are_blank(string characters, bool expected) =>
        Assert.That(characters.Select(RepositoryAddress.IsBlank), Is.All.EqualTo(expected));

    [TestCase(null, "")]
    [TestCase(" ", "")]
    [TestCase(" www.Git.Example.com:8443 ", "git.example.com")]
    [TestCase("[::1]:22", "[::1]")]
    public void A_host_is_stored_without_its_port(string? host, string expected) =>
        Assert.That(RepositoryAddress.CheckHost(host, "host"), Is.EqualTo(expected));

    [TestCase("https://git.example.com")]
    [TestCase("/git.example.com")]
    [TestCase("ada@git.example.com")]
    [TestCase("@git.example.com")]
    [TestCase("git example.com")]
    [TestCase(":22")]
    public void A_text_that_is_no_host_is_refused(string host) =>
        Assert.That(
            () => RepositoryAddress.CheckHost(host, "host"),
            Throws.ArgumentException.With.Property("ParamName").EqualTo("host").And.Message.Contains("host is a host without scheme"));

    [Test]
    public void An_address_has_at_most_a_thousand_characters()
    {
        var longest = "ada/" + new string('x', RepositoryAddress.MaxLength - 4);

        Assert.That(RepositoryText.Check(longest, "repository"), Is.EqualTo(longest));
        Assert.That(
            () => RepositoryText.Check(longest + "x", "repository"),
            Throws.ArgumentException.With.Message.Contains("repository is longer than 1000 characters."));
        Assert.That(
            () => RepositoryText.Check(null!, "repository"), Throws.ArgumentNullException.With.Property("ParamName").EqualTo("repository"));
    }

    [TestCaseSource(nameof(Spellings))]
    public void A_spelling_has_the_host_and_path_of_its_repository(string text, string host, string path) =>
        Assert.That(RepositoryAddress.Of(text), Is.EqualTo(new RepositoryAddress(host, path)));

    [Test]
    [Category("Long")]
    public void The_stored_form_of_an_address_names_the_same_repository()
    {
        var (accepted, wrong) = (0, new List<string>());
        foreach (var text in All)
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
    }

    [TestCaseSource(nameof(Stored))]
    public void The_text_to_store_is_what_git_clones(string given, string stored) =>
        Assert.That(RepositoryText.Check(given, "repository"), Is.EqualTo(stored));

    [TestCaseSource(nameof(Refused))]
    public void The_error_names_the_argument_and_the_reason(string text, string says) =>
        Assert.That(
            () => RepositoryText.Check(text, "repository"),
            Throws.ArgumentException.With.Property("ParamName").EqualTo("repository").And.Message.Contains(says)
                .And.Message.Not.Contains("s3cret").And.Message.Not.Contains("ghp_"));

    [TestCaseSource(nameof(Shown))]
    public void The_text_to_show_has_no_secret(string stored, string shown) =>
        Assert.That(RepositoryText.Shown(stored), Is.EqualTo(shown));

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
