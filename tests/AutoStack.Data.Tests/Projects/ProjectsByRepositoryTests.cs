using AutoStack.Data.Projects;
using AutoStack.Data.Tests.Support;

namespace AutoStack.Data.Tests.Projects;

public sealed class ProjectsByRepositoryTests : DatabaseTests
{
    private static readonly string[] Forms =
    [
        "{0}", "{0}.git", "{0}/", "{0}.git/", " {0} ", "https://github.com/{0}", "https://github.com/{0}.git", "https://GitHub.com/{0}/",
        "https://github.com/{0}.git/",
        "http://github.com/{0}", "https://ada:s3cret@github.com:443/{0}.git", "git@github.com:{0}", "git@github.com:{0}.git",
        "git@github.com:/{0}.git/",
        "org-42@github.com:{0}.git", "ssh://git@github.com/{0}", "ssh://git@github.com/{0}.git/", "SSH://git@github.com:22/{0}.git",
        "git://github.com/{0}.git",
    ];

    [Test]
    public async Task All_forms_of_a_repository_match_each_other_in_any_case()
    {
        var path = $"Ada/{Unique("Site")}";
        var ids = new List<Guid>();
        foreach (var form in Forms)
        {
            // As another writer stores it: the library refuses a password.
            var project = await AddAsync(path);
            await ExecuteAsync("UPDATE projects SET repository = $2 WHERE id = $1", project.Id, Form(form, path));
            ids.Add(project.Id);
        }

        foreach (var form in Forms)
        {
            Assert.That(await FindAsync(Form(form, path)), Is.EquivalentTo(ids), form);
            Assert.That(await FindAsync(Form(form, path.ToUpperInvariant())), Is.EquivalentTo(ids), form);
        }

        static string Form(string form, string path) => form.Replace("{0}", path, StringComparison.Ordinal);
    }

    [Test]
    public async Task A_project_without_a_host_matches_every_host()
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

        foreach (var other in new[]
        {
            path + "x", "x" + path, path + ".github.io", $"group/{path}", $"{path}/sub", path.Replace('/', '-'),
            path.Replace("ada", "a_a", StringComparison.Ordinal), "%", "ada/.*", "' OR TRUE --",
        })
        {
            Assert.That(await FindAsync(other), Is.Empty, other);
        }
    }

    [Test]
    public async Task A_path_of_several_groups_is_compared_completely()
    {
        var path = $"company/team/{Unique("site")}";
        var project = await AddAsync($"https://gitlab.com/{path}.git");

        Assert.That(await FindAsync($"git@gitlab.com:{path}.git"), Is.EqualTo([project.Id]));
        Assert.That(await FindAsync(path["company/".Length..]), Is.Empty);
    }

    [Test]
    public async Task List_pages_without_gaps_or_repeats()
    {
        var path = $"ada/{Unique("site")}";
        for (var i = 0; i < 5; i++)
        {
            await AddAsync(path);
        }

        var all = await FindAsync(path);
        var first = await PlatformProjects.ListByRepositoryAsync(path, Cursor.Start, 3, Token);
        var rest = await PlatformProjects.ListByRepositoryAsync(path, first.Next!.Value, 3, Token);

        Assert.That(first.Items.Concat(rest.Items).Select(p => p.Id), Is.EqualTo(all));
        Assert.That((first.Items.Count, rest.Next), Is.EqualTo((3, (Cursor?)null)));
        Assert.That(all, Has.Count.EqualTo(5));
    }

    [Test]
    public void Invalid_arguments_are_named()
    {
        Assert.That(
            () => PlatformProjects.ListByRepositoryAsync(null!, Cursor.Start, 1, Token),
            Throws.ArgumentNullException.With.Property("ParamName").EqualTo("repository"));
        Assert.That(
            () => PlatformProjects.ListByRepositoryAsync(new string('a', 1001), Cursor.Start, 1, Token),
            Throws.ArgumentException.With.Message.Contains("at most 1000"));
        Assert.That(
            () => PlatformProjects.ListByRepositoryAsync("", Cursor.Start, 1, Token),
            Throws.ArgumentException.With.Property("ParamName").EqualTo("repository"));
        Assert.That(
            () => PlatformProjects.ListByRepositoryAsync("a/b", Cursor.After(1), 1, Token),
            Throws.ArgumentException.With.Property("ParamName").EqualTo("cursor"));
        Assert.That(
            () => PlatformProjects.ListByRepositoryAsync("a/b", Cursor.Start, 1001, Token), Throws.TypeOf<ArgumentOutOfRangeException>());
        Assert.That(
            () => Projects.FindByRepositoryAsync(Guid.NewGuid(), new string('a', 1001), Token),
            Throws.ArgumentException.With.Property("ParamName").EqualTo("repository"));
    }

    [Test]
    public async Task A_repository_of_slashes_matches_nothing()
    {
        var project = await AddAsync("ada/site");
        await ExecuteAsync("UPDATE projects SET repository = '///' WHERE id = $1", project.Id);

        Assert.That(await FindAsync(new string('/', 1000)), Is.Empty);
        Assert.That(await FindAsync("https://github.com/"), Is.Empty);
        Assert.That(await FindAsync("a\0b/\ud800"), Is.Empty);
    }

    [Test]
    public async Task Ensure_finds_the_project_in_any_form_of_its_address()
    {
        var user = await AddUserAsync();
        var path = $"Ada/{Unique("site")}";
        var made = await EnsureAsync($"https://github.com/{path}.git");

        foreach (var form in new[]
        {
            $"git@github.com:{path}", $"ssh://git@ssh.github.com:443/{path}.git", $"https://www.github.com/{path}/tree/main?tab=readme#top",
            path, $"\u00a0{path.ToLowerInvariant()}\u200b",
        })
        {
            Assert.That((await EnsureAsync(form)).Id, Is.EqualTo(made.Id), form);
            Assert.That((await Projects.FindByRepositoryAsync(user.Id, form, Token))!.Id, Is.EqualTo(made.Id), form);
        }

        Assert.That((await EnsureAsync($"https://gitlab.com/{path}")).Id, Is.Not.EqualTo(made.Id));

        Task<Project> EnsureAsync(string repository) =>
            Projects.EnsureAsync(new NewProject { UserId = user.Id, Name = "Site", Repository = repository }, new ProjectPatch(), Token);
    }

    [Test]
    public async Task A_project_of_the_same_host_precedes_one_without_host()
    {
        var user = await AddUserAsync();
        var path = $"ada/{Unique("site")}";
        var bare = await Projects.AddAsync(new NewProject { UserId = user.Id, Name = "Bare", Repository = path }, Token);
        var lab = await Projects.AddAsync(
            new NewProject { UserId = user.Id, Name = "Lab", Repository = $"https://gitlab.com/{path}" }, Token);

        Assert.That((await Projects.FindByRepositoryAsync(user.Id, $"git@gitlab.com:{path}.git", Token))!.Id, Is.EqualTo(lab.Id));
        Assert.That((await Projects.FindByRepositoryAsync(user.Id, path, Token))!.Id, Is.EqualTo(bare.Id));
        Assert.That((await Projects.FindByRepositoryAsync(user.Id, $"https://github.com/{path}", Token))!.Id, Is.EqualTo(bare.Id));
    }

    private async Task<List<Guid>> FindAsync(string repository) =>
        [.. (await PlatformProjects.ListByRepositoryAsync(repository, Cursor.Start, 1000, Token)).Items.Select(p => p.Id)];

    private async Task<Project> AddAsync(string repository) =>
        await Projects.AddAsync(new NewProject { UserId = (await AddUserAsync()).Id, Name = "Site", Repository = repository }, Token);
}
