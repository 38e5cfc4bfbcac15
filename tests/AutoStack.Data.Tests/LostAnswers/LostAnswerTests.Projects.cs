using AutoStack.Data.Accounts;
using AutoStack.Data.Projects;
using Microsoft.Extensions.DependencyInjection;

namespace AutoStack.Data.Tests.LostAnswers;

public sealed partial class LostAnswerTests
{
    private static Dictionary<string, Func<LostAnswerTests, Task<Write>>> OfProjects => new()
    {
        ["IProjectRepository.AddAsync"] = async tests =>
        {
            var project = NewProject(await tests.AddUserAsync());
            return new Write(
                async host => await host.GetRequiredService<IProjectRepository>().AddAsync(project, Token),
                async (result, _) => Assert.That(await tests.FindAsync(project), Is.EqualTo(result).And.Not.Null));
        },
        ["IProjectRepository.EnsureAsync, which creates"] = async tests =>
        {
            var project = NewProject(await tests.AddUserAsync());
            var patch = new ProjectPatch { Name = "Patched" };
            return new Write(
                async host => await host.GetRequiredService<IProjectRepository>().EnsureAsync(project, patch, Token),
                async (result, _) =>
                {
                    Assert.That(result, Has.Property("Name").EqualTo("Site"));
                    Assert.That(await tests.FindAsync(project), Is.EqualTo(result));
                });
        },
        ["IProjectRepository.EnsureAsync, which creates under an id of its own"] = async tests =>
        {
            var project = NewProject(await tests.AddUserAsync()) with { Id = null };
            var patch = new ProjectPatch { Name = "Patched" };
            return new Write(
                async host => await host.GetRequiredService<IProjectRepository>().EnsureAsync(project, patch, Token),
                async (result, told) =>
                {
                    Assert.That(result, Has.Property("Name").EqualTo(told == Told.AgainByTheCaller ? "Patched" : "Site"));
                    Assert.That(await tests.CountAsync("projects WHERE user_id = $1", project.UserId), Is.EqualTo(1));
                });
        },
        ["IProjectRepository.EnsureAsync, which updates"] = async tests =>
        {
            var stored = await tests.AddProjectAsync();
            var project = new NewProject { UserId = stored.UserId, Name = "Other", Repository = stored.Repository };
            var patch = new ProjectPatch { Name = "Patched" };
            return new Write(
                async host => await host.GetRequiredService<IProjectRepository>().EnsureAsync(project, patch, Token),
                async (result, _) => Assert.That(
                    await tests.Projects.FindAsync(stored.Id, stored.UserId, Token),
                    Is.EqualTo(result).And.Property("Name").EqualTo("Patched")));
        },
        ["IProjectRepository.UpdateAsync of a version"] = async tests =>
        {
            var project = await tests.AddProjectAsync();
            var patch = new ProjectPatch
            {
                Name = "Patched",
                Repository = "ada/other",
                Branch = "live",
                BuildCommand = "make",
                OutputDir = "out",
                GitHubRepoId = "42",
                Runtime = ProjectRuntime.Docker,
                AutoDeployEnabled = true,
                AutoDeployBranch = "live",
                JenkinsJobName = null,
            };
            return new Write(
                async host => await host.GetRequiredService<IProjectRepository>().UpdateAsync(
                    project.Id, project.UserId, patch, project.UpdatedAt, Token),
                async (result, _) => Assert.That(
                    result,
                    Is.EqualTo(new ProjectUpdateResult(
                        UpdateOutcome.Updated, await tests.Projects.FindAsync(project.Id, project.UserId, Token)))));
        },
        ["IProjectRepository.UpdateAsync"] = async tests =>
        {
            var project = await tests.AddProjectAsync();
            return new Write(
                async host => await host.GetRequiredService<IProjectRepository>().UpdateAsync(
                    project.Id, project.UserId, new ProjectPatch { Name = "Patched" }, expectedVersion: null, Token),
                async (result, _) => Assert.That(
                    result,
                    Is.EqualTo(new ProjectUpdateResult(
                        UpdateOutcome.Updated, await tests.Projects.FindAsync(project.Id, project.UserId, Token)))));
        },
        ["IProjectRepository.RemoveAsync"] = async tests =>
        {
            var project = await tests.AddProjectAsync();
            return new Write(
                async host => await host.GetRequiredService<IProjectRepository>().RemoveAsync(project.Id, project.UserId, Token),
                async (result, told) =>
                {
                    Assert.That(result, Is.EqualTo(told != Told.AgainByTheCaller));
                    Assert.That(await tests.Projects.FindAsync(project.Id, project.UserId, Token), Is.Null);
                });
        },
        ["IProjectEnvironmentRepository.ReplaceAsync"] = async tests =>
        {
            var project = await tests.AddProjectAsync();
            return new Write(
                async host => await host.GetRequiredService<IProjectEnvironmentRepository>().ReplaceAsync(
                    project.Id, project.UserId, Secret.From("A=1"), Token),
                async (result, _) =>
                {
                    Assert.That(result, Is.EqualTo(EnvironmentOutcome.Replaced));
                    await using var reader = tests.WithKeys(tests.key);
                    var stored = await reader.GetRequiredService<IProjectEnvironmentRepository>()
                        .FindAsync(project.Id, project.UserId, Token);
                    Assert.That(stored!.Reveal(), Is.EqualTo("A=1"));
                });
        },
        ["IPlatformProjectRepository.ApplyDetectedAsync"] = async tests =>
        {
            var project = await tests.AddProjectAsync();
            var detected = new DetectedSettings { OutputDir = "build", Runtime = ProjectRuntime.NodeJs };
            return new Write(
                async host => await host.GetRequiredService<IPlatformProjectRepository>().ApplyDetectedAsync(project.Id, detected, Token),
                async (result, told) =>
                {
                    Assert.That(result, Is.EqualTo(told != Told.AgainByTheCaller));
                    var found = (await tests.Projects.FindAsync(project.Id, project.UserId, Token))!;
                    Assert.That((found.OutputDir, found.Runtime), Is.EqualTo(("build", ProjectRuntime.NodeJs)));
                });
        },
        ["IPlatformProjectRepository.ApplyDetectedAsync, which changes nothing"] = async tests =>
        {
            var project = await tests.AddProjectAsync();
            return new Write(
                async host => await host.GetRequiredService<IPlatformProjectRepository>().ApplyDetectedAsync(
                    project.Id, new DetectedSettings { OutputDir = "dist", Runtime = ProjectRuntime.Static }, Token),
                async (result, _) =>
                {
                    Assert.That(result, Is.False);
                    Assert.That(await tests.Projects.FindAsync(project.Id, project.UserId, Token), Is.EqualTo(project));
                });
        },
        ["IPlatformProjectRepository.RecordAccessAsync"] = async tests =>
        {
            var project = await tests.AddProjectAsync();
            return new Write(
                async host => await host.GetRequiredService<IPlatformProjectRepository>().RecordAccessAsync(
                    project.Id, project.Repository, Access, Token),
                async (result, _) =>
                {
                    Assert.That(result, Is.EqualTo(AccessOutcome.Recorded));
                    var found = (await tests.Projects.FindAsync(project.Id, project.UserId, Token))!;
                    Assert.That((found.ProviderRepositoryId, found.AccessProvenAt), Is.EqualTo(("42", Access.VerifiedAt)));
                });
        },
        ["IPlatformProjectRepository.RevokeAccessAsync"] = async tests =>
        {
            var project = await tests.AddProjectAsync();
            await tests.PlatformProjects.RecordAccessAsync(project.Id, project.Repository, Access, Token);
            return new Write(
                async host => await host.GetRequiredService<IPlatformProjectRepository>().RevokeAccessAsync(project.Id, Token),
                async (result, told) =>
                {
                    Assert.That(result, Is.EqualTo(told != Told.AgainByTheCaller));
                    var found = (await tests.Projects.FindAsync(project.Id, project.UserId, Token))!;
                    Assert.That((found.ProviderRepositoryId, found.AccessProvenAt), Is.EqualTo(((string?)null, (DateTimeOffset?)null)));
                });
        },
    };

    private static RepositoryAccess Access => new()
    {
        Provider = WebhookProvider.GitHub,
        Host = "github.com",
        RepositoryId = "42",
        VerifiedAt = DateTimeOffset.UnixEpoch,
    };

    private static NewProject NewProject(User owner) =>
        new() { Id = Guid.NewGuid(), UserId = owner.Id, Name = "Site", Repository = $"ada/{Unique("site")}" };

    private Task<Project?> FindAsync(NewProject project) => Projects.FindAsync(project.Id!.Value, project.UserId, Token);

    private async Task<long> CountAsync(string rows, params object[] values) =>
        (long)(await ScalarAsync($"SELECT count(*) FROM {rows}", values))!;
}
