using AutoStack.Data.Projects;
using AutoStack.Data.Tests.Support;

namespace AutoStack.Data.Tests.Projects;

public sealed class ProjectsByRepositoryTests : DatabaseTests
{
    private static readonly string[] Forms =
    [
        "{0}", "{0}.git", "{0}/", "{0}.git/", " {0} ", "https://github.com/{0}", "https://github.com/{0}.git", "https://GitHub.com/{0}/", "https://github.com/{0}.git/",
        "http://github.com/{0}", "https://ada:s3cret@github.com:443/{0}.git", "git@github.com:{0}", "git@github.com:{0}.git", "git@github.com:/{0}.git/",
        "org-42@github.com:{0}.git", "ssh://git@github.com/{0}", "ssh://git@github.com/{0}.git/", "SSH://git@github.com:22/{0}.git", "git://github.com/{0}.git",
    ];

    [Test]
    public async Task All_forms_of_a_repository_match_each_other_in_any_case()
    {
        var path = $"Ada/{Unique("Site")}";
        var ids = new List<Guid>();
        foreach (var form in Forms)
        {
            ids.Add((await AddAsync(Form(form, path))).Id);
        }

        foreach (var form in Forms)
        {
            Assert.That(await FindAsync(Form(form, path)), Is.EquivalentTo(ids), form);
            Assert.That(await FindAsync(Form(form, path.ToUpperInvariant())), Is.EquivalentTo(ids), form);
        }

        static string Form(string form, string path) => form.Replace("{0}", path, StringComparison.Ordinal);
    }

    [Test]
    public async Task A_project_with_a_host_matches_that_host_only_and_one_without_matches_every_host()
    {
        var path = $"ada/{Unique("site")}";
        var bare = (await AddAsync(path)).Id;
        var hub = (await AddAsync($"https://github.com/{path}.git")).Id;
        var lab = (await AddAsync($"git@gitlab.com:{path}.git")).Id;

        Assert.That(await FindAsync($"https://github.com/{path}"), Is.EquivalentTo([bare, hub]));
        Assert.That(await FindAsync($"ssh://git@gitlab.com:2222/{path}.git"), Is.EquivalentTo([bare, lab]));
        Assert.That(await FindAsync($"https://github.com.evil.example/{path}"), Is.EquivalentTo([bare]));
        Assert.That(await FindAsync($"https://github.com@evil.example/{path}"), Is.EquivalentTo([bare]));
        Assert.That(await FindAsync($"ssh://git@[::1]:22/{path}"), Is.EquivalentTo([bare]));
        Assert.That(await FindAsync(path), Is.EquivalentTo([bare, hub, lab]));
    }

    [Test]
    public async Task Other_repositories_do_not_match()
    {
        var path = $"ada/{Unique("site")}";
        await AddAsync(path);

        foreach (var other in new[] { path + "x", "x" + path, path + ".github.io", $"group/{path}", $"{path}/sub", path.Replace('/', '-'), path.Replace("ada", "a_a", StringComparison.Ordinal), "%", "ada/.*", "' OR TRUE --" })
        {
            Assert.That(await FindAsync(other), Is.Empty, other);
        }
    }

    [Test]
    public async Task A_path_of_several_groups_is_kept_whole()
    {
        var path = $"company/team/{Unique("site")}";
        var project = await AddAsync($"https://gitlab.com/{path}.git");

        Assert.That(await FindAsync($"git@gitlab.com:{path}.git"), Is.EqualTo([project.Id]));
        Assert.That(await FindAsync(path["company/".Length..]), Is.Empty);
    }

    [TestCase("main", null, "main", true)]
    [TestCase("main", null, "refs/heads/main", true)]
    [TestCase("feature/x", null, "refs/heads/feature/x", true)]
    [TestCase("feature/x", null, "feature/x", true)]
    [TestCase("feature/x", null, "x", false)]
    [TestCase("x", null, "refs/heads/feature/x", false)]
    [TestCase("main", "live", "live", true)]
    [TestCase("main", "live", "main", false)]
    [TestCase("main", null, "Main", false)]
    [TestCase("main", null, "refs/tags/main", false)]
    public async Task A_push_deploys_the_projects_whose_branch_it_is(string branch, string? autoDeployBranch, string pushed, bool matches)
    {
        var path = $"ada/{Unique("site")}";
        var first = await AddAsync(path, branch, autoDeployBranch);
        var second = await AddAsync($"https://github.com/{path}.git", branch, autoDeployBranch);
        await AddAsync(path, branch, autoDeployBranch, enabled: false);

        var targets = await Projects.ListAutoDeployTargetsAsync($"https://github.com/{path}.git", pushed, 100, Guid.Empty, Token);

        Assert.That(targets, matches ? Is.EqualTo([first, second]) : Is.Empty);
        Assert.That(first.UserId, Is.Not.EqualTo(second.UserId));
    }

    [Test]
    public async Task Lists_are_bounded_and_go_on_behind_the_last_row()
    {
        var path = $"ada/{Unique("site")}";
        for (var i = 0; i < 5; i++)
        {
            await AddAsync(path);
        }

        var all = await FindAsync(path);
        var first = await Projects.ListAutoDeployTargetsAsync(path, "main", 3, Guid.Empty, Token);
        var rest = await Projects.ListAutoDeployTargetsAsync(path, "main", 3, first[^1].Id, Token);
        var tail = await Projects.ListByRepositoryAsync(path, 3, first[^1].Id, Token);

        Assert.That(first.Concat(rest).Select(p => p.Id), Is.EqualTo(all));
        Assert.That(all, Has.Count.EqualTo(5));
        Assert.That(tail, Is.EqualTo(rest));
    }

    [Test]
    public void What_is_wrong_is_named()
    {
        Assert.That(() => Projects.ListAutoDeployTargetsAsync(null!, "main", 1, Guid.Empty, Token), Throws.ArgumentNullException.With.Property("ParamName").EqualTo("repository"));
        Assert.That(() => Projects.ListAutoDeployTargetsAsync("a/b", " ", 1, Guid.Empty, Token), Throws.ArgumentException.With.Property("ParamName").EqualTo("branch"));
        Assert.That(() => Projects.ListAutoDeployTargetsAsync("a/b", "main", 0, Guid.Empty, Token), Throws.TypeOf<ArgumentOutOfRangeException>());
        Assert.That(() => Projects.ListAutoDeployTargetsAsync(new string('a', 1001), "main", 1, Guid.Empty, Token), Throws.ArgumentException.With.Message.Contains("at most 1000"));
        Assert.That(() => Projects.ListByRepositoryAsync("", 1, Guid.Empty, Token), Throws.ArgumentException.With.Property("ParamName").EqualTo("repository"));
        Assert.That(() => Projects.ListByRepositoryAsync("a/b", 1001, Guid.Empty, Token), Throws.TypeOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public async Task A_branch_of_any_length_and_a_repository_of_slashes_match_nothing()
    {
        Assert.That(await Projects.ListAutoDeployTargetsAsync("ada/site", new string('b', 100_000), 1, Guid.Empty, Token), Is.Empty);
        Assert.That(await FindAsync(new string('/', 1000)), Is.Empty);
        Assert.That(await FindAsync("a\0b/\ud800"), Is.Empty);
    }

    private async Task<List<Guid>> FindAsync(string repository) =>
        [.. (await Projects.ListByRepositoryAsync(repository, 1000, Guid.Empty, Token)).Select(p => p.Id)];

    private async Task<Project> AddAsync(string repository, string branch = "main", string? autoDeployBranch = null, bool enabled = true) =>
        await Projects.AddAsync(
            new NewProject
            {
                UserId = (await AddUserAsync()).Id,
                Name = "Site",
                Repository = repository,
                Branch = branch,
                AutoDeployBranch = autoDeployBranch,
                AutoDeployEnabled = enabled,
            }, Token);
}
