using AutoStack.Data.Projects;
using AutoStack.Data.Tests.Support;

namespace AutoStack.Data.Tests.Projects;

public sealed class ProjectRepositoryTests : DatabaseTests
{
    [Test]
    public async Task Add_stores_every_value_and_reads_it_back()
    {
        var user = await AddUserAsync();

        var project = await Projects.AddAsync(
            new NewProject
            {
                UserId = user.Id,
                Name = "Site",
                Repository = "https://example.com/ada/site.git",
                Branch = "release/1",
                BuildCommand = "make all",
                OutputDir = "public",
                GitHubRepoId = "42",
                Runtime = ProjectRuntime.Docker,
                AutoDeployEnabled = true,
                AutoDeployBranch = "live",
                JenkinsJobName = "site-build",
            }, Token);

        Assert.That(await Projects.FindAsync(project.Id, user.Id, Token), Is.EqualTo(project));
        Assert.That(project, Is.EqualTo(new Project
        {
            Id = project.Id,
            UserId = user.Id,
            Name = "Site",
            Repository = "https://example.com/ada/site.git",
            Branch = "release/1",
            BuildCommand = "make all",
            OutputDir = "public",
            GitHubRepoId = "42",
            Runtime = ProjectRuntime.Docker,
            AutoDeployEnabled = true,
            AutoDeployBranch = "live",
            JenkinsJobName = "site-build",
            CreatedAt = project.CreatedAt,
            UpdatedAt = project.CreatedAt,
            Provider = null,
            ProviderHost = null,
            ProviderRepositoryId = null,
            AccessProvenAt = null,
        }));
    }

    [Test]
    public async Task Add_stores_the_documented_defaults()
    {
        var project = await AddProjectAsync();

        Assert.That(project.Branch, Is.EqualTo("main"));
        Assert.That(project.BuildCommand, Is.EqualTo("npm run build"));
        Assert.That(project.OutputDir, Is.EqualTo("dist"));
        Assert.That(project.Runtime, Is.EqualTo(ProjectRuntime.Static));
        Assert.That(project.AutoDeployEnabled, Is.False);
    }

    [Test]
    public async Task A_foreign_project_is_not_found()
    {
        var project = await AddProjectAsync();
        var stranger = await AddUserAsync();

        Assert.That(await Projects.FindAsync(project.Id, stranger.Id, Token), Is.Null);
    }

    [Test]
    public async Task Add_repeated_with_an_id_returns_only_the_owners_project()
    {
        var user = await AddUserAsync();
        var stranger = await AddUserAsync();
        var request = new NewProject { Id = Guid.CreateVersion7(), UserId = user.Id, Name = "One", Repository = "ada/one" };
        var first = await Projects.AddAsync(request, Token);

        Assert.That(await Projects.AddAsync(request with { Name = "Two" }, Token), Is.EqualTo(first));
        Assert.That(
            () => Projects.AddAsync(request with { UserId = stranger.Id }, Token),
            Throws.TypeOf<DuplicateException>().With.Property(nameof(DuplicateException.Constraint)).EqualTo("projects_pkey"));
    }

    [Test]
    public void Add_for_a_missing_user_is_a_missing_reference() =>
        Assert.That(
            () => AddProjectAsync(Guid.NewGuid()),
            Throws.TypeOf<MissingReferenceException>()
                .With.Property(nameof(MissingReferenceException.Constraint)).EqualTo("projects_user_id_fkey"));

    [Test]
    public async Task Add_names_the_invalid_value()
    {
        var good = new NewProject { UserId = (await AddUserAsync()).Id, Name = "Site", Repository = "ada/site" };

        Assert.That(
            () => Projects.AddAsync(good with { Branch = new string('b', 101) }, Token),
            Throws.ArgumentException.With.Property("ParamName").EqualTo("project.Branch").And.Message.Contains("at most 100"));
        Assert.That(
            () => Projects.AddAsync(good with { Runtime = ProjectRuntime.From("cobol") }, Token),
            Throws.ArgumentException.With.Message.Contains("project.Runtime").And.Message.Contains("static, docker, nodejs"));
        Assert.That(() => Projects.AddAsync(good with { Runtime = default }, Token), Throws.ArgumentException);
        Assert.That(() => Projects.AddAsync(good with { BuildCommand = null! }, Token), Throws.ArgumentNullException);
    }

    [Test]
    public async Task An_unknown_runtime_reads_back_verbatim()
    {
        var project = await AddProjectAsync();
        await ExecuteAsync("UPDATE projects SET runtime = 'Wasm' WHERE id = $1", project.Id);

        var found = (await Projects.FindAsync(project.Id, project.UserId, Token))!;

        Assert.That(found.Runtime.Value, Is.EqualTo("Wasm"));
        Assert.That(found.Runtime.IsKnown, Is.False);
    }
}
