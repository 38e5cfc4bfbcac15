using AutoStack.Data.Postgres;
using AutoStack.Data.Values;
using Npgsql;

namespace AutoStack.Data.Projects;

/// <summary>The values of a project, checked and normalised, as parameters of the statements that write it.</summary>
internal static class ProjectParameters
{
    /// <summary>The columns of a new row.</summary>
    public static NpgsqlParameter[] Of(NewProject project, TimeProvider clock)
    {
        ArgumentNullException.ThrowIfNull(project);
        ArgumentException.ThrowIfNullOrWhiteSpace(project.Name);
        return
        [
            P.Of(Ids.Of(project.Id, "project.Id"), "id"),
            P.Owner(Ids.Check(project.UserId, "project.UserId")),
            P.Text(project.Name, IProjectRepository.MaxNameLength),
            P.Text(RepositoryText.Check(project.Repository, "project.Repository"), RepositoryText.MaxLength, "project.Repository"),
            P.Text(BranchName.Check(project.Branch, "project.Branch"), BranchName.MaxLength, "project.Branch"),
            P.Text(project.BuildCommand, IProjectRepository.MaxBuildCommandLength),
            P.Text(project.OutputDir, IProjectRepository.MaxOutputDirLength),
            P.TextOrNull(project.GitHubRepoId, IProjectRepository.MaxGitHubRepoIdLength),
            P.Of(project.Runtime),
            P.Of(project.AutoDeployEnabled),
            BranchOrNull(project.AutoDeployBranch, "project.AutoDeployBranch"),
            P.TextOrNull(project.JenkinsJobName, IProjectRepository.MaxJenkinsJobNameLength),
            ServerTime.Now(clock),
        ];
    }

    /// <summary>The values of a patch; NULL leaves the column as it is.</summary>
    public static NpgsqlParameter[] Of(ProjectPatch patch, TimeProvider clock)
    {
        ArgumentNullException.ThrowIfNull(patch);
        return
        [
            NotBlank(patch.Name, IProjectRepository.MaxNameLength, "patch.Name"),
            Optional(patch.Repository, RepositoryText.Check, RepositoryText.MaxLength, "patch.Repository"),
            Optional(patch.Branch, BranchName.Check, BranchName.MaxLength, "patch.Branch"),
            NotNull(patch.BuildCommand, IProjectRepository.MaxBuildCommandLength, "patch.BuildCommand"),
            NotNull(patch.OutputDir, IProjectRepository.MaxOutputDirLength, "patch.OutputDir"),
            P.Of(patch.Runtime.IsGiven ? patch.Runtime.Value : (ProjectRuntime?)null, "patch.Runtime"),
            P.Of(patch.AutoDeployEnabled.IsGiven ? patch.AutoDeployEnabled.Value : (bool?)null, "autoDeployEnabled"),
            P.Of(patch.GitHubRepoId.IsGiven, "setGitHubRepoId"),
            P.TextOrNull(patch.GitHubRepoId.Or(null), IProjectRepository.MaxGitHubRepoIdLength, "patch.GitHubRepoId"),
            P.Of(patch.AutoDeployBranch.IsGiven, "setAutoDeployBranch"),
            BranchOrNull(patch.AutoDeployBranch.Or(null), "patch.AutoDeployBranch"),
            P.Of(patch.JenkinsJobName.IsGiven, "setJenkinsJobName"),
            P.TextOrNull(patch.JenkinsJobName.Or(null), IProjectRepository.MaxJenkinsJobNameLength, "patch.JenkinsJobName"),
            ServerTime.Now(clock),
        ];

        static NpgsqlParameter Optional(Optional<string> value, Func<string, string, string> check, int maxLength, string name) =>
            P.TextOrNull(value.IsGiven ? check(value.Value, name) : null, maxLength, name);

        static NpgsqlParameter NotNull(Optional<string> value, int maxLength, string name) =>
            value.IsGiven ? P.Text(value.Value, maxLength, name) : P.TextOrNull(null, name: name);

        static NpgsqlParameter NotBlank(Optional<string> value, int maxLength, string name)
        {
            if (value.IsGiven)
            {
                ArgumentException.ThrowIfNullOrWhiteSpace(value.Value, name);
            }

            return NotNull(value, maxLength, name);
        }
    }

    private static NpgsqlParameter BranchOrNull(string? branch, string name) =>
        P.TextOrNull(branch is null ? null : BranchName.Check(branch, name), BranchName.MaxLength, name);
}
