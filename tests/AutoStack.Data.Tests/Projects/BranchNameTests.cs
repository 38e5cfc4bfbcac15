using AutoStack.Data.Deployments;
using AutoStack.Data.Projects;
using AutoStack.Data.Tests.Support;

namespace AutoStack.Data.Tests.Projects;

public sealed class BranchNameTests : DatabaseTests
{
    [TestCaseSource(typeof(BranchTextTests), nameof(BranchTextTests.Accepted))]
    public async Task A_branch_is_stored_by_its_own_name(string given, string stored)
    {
        var project = await AddAsync(given, given);
        var patched = await Projects.UpdateAsync(
            project.Id, project.UserId, new ProjectPatch { Branch = given, AutoDeployBranch = given }, null, Token);

        Assert.That((project.Branch, project.AutoDeployBranch), Is.EqualTo((stored, stored)));
        Assert.That((patched.Project!.Branch, patched.Project.AutoDeployBranch), Is.EqualTo((stored, stored)));
    }

    [TestCaseSource(typeof(BranchTextTests), nameof(BranchTextTests.Refused))]
    public async Task A_branch_name_that_git_refuses_is_refused(string branch, string says)
    {
        var project = await AddProjectAsync();

        Assert.That(() => AddAsync(branch, null), Refused("project.Branch"));
        Assert.That(() => AddAsync("main", branch), Refused("project.AutoDeployBranch"));
        Assert.That(
            () => Projects.UpdateAsync(project.Id, project.UserId, new ProjectPatch { Branch = branch }, null, Token),
            Refused("patch.Branch"));
        Assert.That(
            () => Projects.UpdateAsync(project.Id, project.UserId, new ProjectPatch { AutoDeployBranch = branch }, null, Token),
            Refused("patch.AutoDeployBranch"));

        NUnit.Framework.Constraints.IResolveConstraint Refused(string name) =>
            Throws.ArgumentException.With.Property("ParamName").EqualTo(name).And.Message.Contains(says);
    }

    [Test]
    public async Task The_longest_build_command_is_stored_and_shortened_in_lists()
    {
        var command = new string('c', Project.MaxBuildCommandLength);
        var user = await AddUserAsync();
        var project = await Projects.AddAsync(
            new NewProject { UserId = user.Id, Name = "Site", Repository = $"ada/{Unique("site")}", BuildCommand = command }, Token);
        await ExecuteAsync("UPDATE projects SET build_command = $2 WHERE id = $1", project.Id, new string('x', 1_000_000));

        Assert.That(project.BuildCommand, Is.EqualTo(command));
        Assert.That(
            (await Projects.FindAsync(project.Id, user.Id, Token))!.BuildCommand,
            Has.Length.EqualTo(1_000_000),
            "a row of another writer is read whole");
        Assert.That(
            (await Get<IDeploymentQueries>().ListProjectsAsync(user.Id, Cursor.Start, 10, Token)).Items[0].Project.BuildCommand,
            Has.Length.EqualTo(Deployment.MaxListTextLength));
        var page = await PlatformProjects.ListByRepositoryAsync(project.Repository, Cursor.Start, 10, Token);
        Assert.That(page.Items[0].BuildCommand, Has.Length.EqualTo(Deployment.MaxListTextLength));
        Assert.That(
            () => Projects.UpdateAsync(project.Id, user.Id, new ProjectPatch { BuildCommand = command + "c" }, null, Token),
            Throws.ArgumentException.With.Property("ParamName").EqualTo("patch.BuildCommand").And.Message.Contains("at most 8192"));
    }

    private async Task<Project> AddAsync(string branch, string? autoDeployBranch) =>
        await Projects.AddAsync(
            new NewProject
            {
                UserId = (await AddUserAsync()).Id,
                Name = "Site",
                Repository = "ada/site",
                Branch = branch,
                AutoDeployBranch = autoDeployBranch,
            },
            Token);
}
