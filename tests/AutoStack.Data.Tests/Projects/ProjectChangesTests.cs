using AutoStack.Data.Deployments;
using AutoStack.Data.Projects;
using AutoStack.Data.Tests.Support;

namespace AutoStack.Data.Tests.Projects;

public sealed class ProjectChangesTests : DatabaseTests
{
    [Test]
    public async Task A_patch_changes_only_given_values_and_null_clears()
    {
        var project = await AddProjectAsync();
        await UpdateAsync(project, new ProjectPatch { AutoDeployBranch = "live", GitHubRepoId = "42", JenkinsJobName = "job" });

        var update = await UpdateAsync(
            project,
            new ProjectPatch
            {
                Name = "Renamed",
                Branch = "release/1",
                BuildCommand = "make",
                OutputDir = "out",
                Runtime = ProjectRuntime.Docker,
                AutoDeployEnabled = true,
                AutoDeployBranch = null,
            });

        Assert.That(update.Outcome, Is.EqualTo(UpdateOutcome.Updated));
        Assert.That(update.Project, Is.EqualTo(project with
        {
            Name = "Renamed",
            Branch = "release/1",
            BuildCommand = "make",
            OutputDir = "out",
            Runtime = ProjectRuntime.Docker,
            AutoDeployEnabled = true,
            AutoDeployBranch = null,
            GitHubRepoId = "42",
            JenkinsJobName = "job",
            UpdatedAt = update.Project!.UpdatedAt,
        }));
        Assert.That(await Projects.FindAsync(project.Id, project.UserId, Token), Is.EqualTo(update.Project));
    }

    [Test]
    public async Task A_lost_update_conflicts_and_a_foreign_project_is_not_found()
    {
        var project = await AddProjectAsync();
        var stranger = await AddUserAsync();
        await Projects.UpdateAsync(project.Id, project.UserId, new ProjectPatch { Name = "First" }, project.UpdatedAt, Token);

        var second = await Projects.UpdateAsync(project.Id, project.UserId, new ProjectPatch { Name = "Second" }, project.UpdatedAt, Token);

        Assert.That((second.Outcome, second.Project!.Name), Is.EqualTo((UpdateOutcome.Conflict, "First")));
        Assert.That(
            await Projects.UpdateAsync(project.Id, stranger.Id, new ProjectPatch { Name = "Third" }, null, Token),
            Is.EqualTo(new ProjectUpdateResult(UpdateOutcome.NotFound, null)));
    }

    [Test]
    public async Task Ensure_creates_a_project_once_and_patches_it_later()
    {
        var user = await AddUserAsync();
        var request = new NewProject { UserId = user.Id, Name = "Site", Repository = "ada/ensure", BuildCommand = "make" };

        var made = await Projects.EnsureAsync(request, new ProjectPatch { Branch = "ignored-at-first" }, Token);
        var changed = await Projects.EnsureAsync(
            request with { Name = "Other", BuildCommand = "other" }, new ProjectPatch { Branch = "next" }, Token);

        Assert.That((made.Branch, made.BuildCommand), Is.EqualTo(("main", "make")));
        Assert.That(changed, Is.EqualTo(made with { Branch = "next", UpdatedAt = changed.UpdatedAt }));
        Assert.That(await Projects.FindByRepositoryAsync(user.Id, "ada/ensure", Token), Is.EqualTo(changed));
    }

    [Test]
    public async Task Of_two_concurrent_ensures_one_creates_the_project()
    {
        var user = await AddUserAsync();
        var request = new NewProject { UserId = user.Id, Name = "Site", Repository = "ada/at-once" };
        Task<Project> second = null!;
        var first = await UnitOfWork.RunAsync(async (tx, ct) =>
        {
            var made = await tx.Get<IProjectRepository>().EnsureAsync(request, new ProjectPatch(), ct);
            second = Projects.EnsureAsync(request, new ProjectPatch(), Token);
            await UntilSomeoneWaitsAsync();
            return made;
        }, Token);

        Assert.That((await second).Id, Is.EqualTo(first.Id));
    }

    [Test]
    public async Task Ensure_skips_a_concurrently_removed_project_of_the_repository()
    {
        var user = await AddUserAsync();
        var first = await Projects.AddAsync(new NewProject { UserId = user.Id, Name = "One", Repository = "ada/removed" }, Token);
        var second = await Projects.AddAsync(new NewProject { UserId = user.Id, Name = "Two", Repository = "ada/removed" }, Token);
        Task<Project> ensured = null!;
        await UnitOfWork.RunAsync(async (tx, ct) =>
        {
            await tx.Get<IProjectRepository>().RemoveAsync(first.Id, user.Id, ct);
            ensured = Projects.EnsureAsync(
                new NewProject { UserId = user.Id, Name = "Three", Repository = "ada/removed" },
                new ProjectPatch { Branch = "next" },
                Token);
            await UntilSomeoneWaitsAsync();
        }, Token);

        var project = await ensured;
        Assert.That(project, Is.Not.Null);
        Assert.That((project.Id, project.Branch), Is.EqualTo((second.Id, "next")));
    }

    [Test]
    public async Task Several_projects_of_one_repository_are_allowed()
    {
        var user = await AddUserAsync();
        var first = await Projects.AddAsync(new NewProject { UserId = user.Id, Name = "One", Repository = "ada/twice" }, Token);
        await Projects.AddAsync(new NewProject { UserId = user.Id, Name = "Two", Repository = "ada/twice" }, Token);

        Assert.That(await Projects.FindByRepositoryAsync(user.Id, "ada/twice", Token), Is.EqualTo(first), "the oldest");
        Assert.That(
            (await Projects.EnsureAsync(
                new NewProject { UserId = user.Id, Name = "x", Repository = "ada/twice" }, new ProjectPatch(), Token)).Id,
            Is.EqualTo(first.Id));
        Assert.That(await Projects.FindByRepositoryAsync((await AddUserAsync()).Id, "ada/twice", Token), Is.Null);
    }

    [Test]
    public async Task Detected_settings_do_not_overwrite_the_owners_choice()
    {
        var project = await AddProjectAsync();

        Assert.That(
            await PlatformProjects.ApplyDetectedAsync(
                project.Id, new DetectedSettings { OutputDir = "build", Runtime = ProjectRuntime.Docker }, Token),
            Is.True);
        Assert.That(
            await PlatformProjects.ApplyDetectedAsync(
                project.Id, new DetectedSettings { OutputDir = "other", Runtime = ProjectRuntime.NodeJs }, Token),
            Is.False);
        Assert.That(await PlatformProjects.ApplyDetectedAsync(project.Id, new DetectedSettings(), Token), Is.False);
        Assert.That(
            await PlatformProjects.ApplyDetectedAsync(Guid.NewGuid(), new DetectedSettings { OutputDir = "build" }, Token),
            Is.False);

        var found = (await Projects.FindAsync(project.Id, project.UserId, Token))!;
        Assert.That((found.OutputDir, found.Runtime), Is.EqualTo(("build", ProjectRuntime.Docker)));
    }

    [Test]
    public async Task The_default_runtime_in_mixed_case_counts_as_default()
    {
        var project = await AddProjectAsync();
        await ExecuteAsync("UPDATE projects SET runtime = 'Static' WHERE id = $1", project.Id);

        Assert.That(
            await PlatformProjects.ApplyDetectedAsync(project.Id, new DetectedSettings { Runtime = ProjectRuntime.Static }, Token),
            Is.False);
        Assert.That(
            await PlatformProjects.ApplyDetectedAsync(project.Id, new DetectedSettings { Runtime = ProjectRuntime.Docker }, Token),
            Is.True);
        Assert.That((await Projects.FindAsync(project.Id, project.UserId, Token))!.Runtime, Is.EqualTo(ProjectRuntime.Docker));
    }

    [Test]
    public async Task Projects_are_listed_with_their_latest_deployment()
    {
        var user = await AddUserAsync();
        var (busy, idle) = (await AddProjectAsync(user.Id), await AddProjectAsync(user.Id));
        await EnqueueAsync(busy);
        var newest = await EnqueueAsync(busy);
        var deleted = await EnqueueAsync(busy);
        await Deployments.SoftDeleteAsync(deleted.Id, user.Id, Token);
        await AddProjectAsync();

        var all = (await Get<IDeploymentQueries>().ListProjectsAsync(user.Id, Cursor.Start, 10, Token)).Items;

        Assert.That(all, Is.EqualTo([new ProjectWithLatestDeployment(busy, newest), new ProjectWithLatestDeployment(idle, null)]));
        var page = await Get<IDeploymentQueries>().ListProjectsAsync(user.Id, Cursor.Start, 1, Token);
        var last = await Get<IDeploymentQueries>().ListProjectsAsync(user.Id, page.Next!.Value, 1, Token);
        Assert.That((page.Items.Single(), last.Items.Single(), last.Next), Is.EqualTo((all[0], all[1], (Cursor?)null)));
    }

    [Test]
    public async Task Remove_removes_only_the_owners_project()
    {
        var deployment = await EnqueueAsync();
        var stranger = await AddUserAsync();

        Assert.That(await Projects.RemoveAsync(deployment.ProjectId, stranger.Id, Token), Is.False);
        Assert.That(await Projects.RemoveAsync(deployment.ProjectId, deployment.UserId, Token), Is.True);
        Assert.That(await Deployments.FindAsync(deployment.Id, deployment.UserId, Token), Is.Null);
    }

    [Test]
    public async Task Invalid_arguments_are_named()
    {
        var project = await AddProjectAsync();

        Assert.That(() => UpdateAsync(project, null!), Throws.ArgumentNullException);
        Assert.That(
            () => UpdateAsync(project, new ProjectPatch { Name = " " }),
            Throws.ArgumentException.With.Property("ParamName").EqualTo("patch.Name"));
        Assert.That(() => UpdateAsync(project, new ProjectPatch { Branch = null! }), Throws.ArgumentNullException);
        Assert.That(() => UpdateAsync(project, new ProjectPatch { OutputDir = null! }), Throws.ArgumentNullException);
        Assert.That(
            () => UpdateAsync(project, new ProjectPatch { Branch = new string('b', 101) }),
            Throws.ArgumentException.With.Message.Contains("at most 100"));
        Assert.That(() => UpdateAsync(project, new ProjectPatch { Runtime = ProjectRuntime.From("cobol") }), Throws.ArgumentException);
        Assert.That(() => Projects.EnsureAsync(null!, new ProjectPatch(), Token), Throws.ArgumentNullException);
        Assert.That(
            () => Projects.EnsureAsync(
                new NewProject { UserId = Guid.NewGuid(), Name = "x", Repository = "x/y" }, new ProjectPatch(), Token),
            Throws.TypeOf<MissingReferenceException>());
        Assert.That(() => Projects.FindByRepositoryAsync(project.UserId, " ", Token), Throws.ArgumentException);
        Assert.That(
            () => Get<IDeploymentQueries>().ListProjectsAsync(project.UserId, Cursor.Start, 0, Token),
            Throws.TypeOf<ArgumentOutOfRangeException>());
        Assert.That(
            () => PlatformProjects.ApplyDetectedAsync(project.Id, new DetectedSettings { OutputDir = new string('o', 256) }, Token),
            Throws.ArgumentException);
    }

    private Task<ProjectUpdateResult> UpdateAsync(Project project, ProjectPatch patch) =>
        Projects.UpdateAsync(project.Id, project.UserId, patch, null, Token);
}
