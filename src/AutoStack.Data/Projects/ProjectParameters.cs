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
            P.Text(project.Name, Project.MaxNameLength),
            P.Text(RepositoryText.Check(project.Repository, "project.Repository"), Project.MaxRepositoryLength, "project.Repository"),
            P.Text(BranchName.Check(project.Branch, "project.Branch"), Project.MaxBranchLength, "project.Branch"),
            P.Text(project.BuildCommand, Project.MaxBuildCommandLength),
            P.Text(project.OutputDir, Project.MaxOutputDirLength),
            P.TextOrNull(project.GitHubRepoId, Project.MaxGitHubRepoIdLength),
            P.Of(project.Runtime),
            P.Of(project.AutoDeployEnabled),
            BranchOrNull(project.AutoDeployBranch, "project.AutoDeployBranch"),
            P.TextOrNull(project.JenkinsJobName, Project.MaxJenkinsJobNameLength),
            ServerTime.Now(clock),
        ];
    }

    /// <summary>The values of a patch; NULL leaves the column as it is.</summary>
    public static NpgsqlParameter[] Of(ProjectPatch patch, TimeProvider clock)
    {
        ArgumentNullException.ThrowIfNull(patch);
        return
        [
            NotBlank(patch.Name, Project.MaxNameLength, "patch.Name"),
            Optional(patch.Repository, RepositoryText.Check, Project.MaxRepositoryLength, "patch.Repository"),
            Optional(patch.Branch, BranchName.Check, Project.MaxBranchLength, "patch.Branch"),
            NotNull(patch.BuildCommand, Project.MaxBuildCommandLength, "patch.BuildCommand"),
            NotNull(patch.OutputDir, Project.MaxOutputDirLength, "patch.OutputDir"),
            P.Of(patch.Runtime.IsGiven ? patch.Runtime.Value : (ProjectRuntime?)null, "patch.Runtime"),
            P.Of(patch.AutoDeployEnabled.IsGiven ? patch.AutoDeployEnabled.Value : (bool?)null, "autoDeployEnabled"),
            P.Of(patch.GitHubRepoId.IsGiven, "setGitHubRepoId"),
            P.TextOrNull(patch.GitHubRepoId.Or(null), Project.MaxGitHubRepoIdLength, "patch.GitHubRepoId"),
            P.Of(patch.AutoDeployBranch.IsGiven, "setAutoDeployBranch"),
            BranchOrNull(patch.AutoDeployBranch.Or(null), "patch.AutoDeployBranch"),
            P.Of(patch.JenkinsJobName.IsGiven, "setJenkinsJobName"),
            P.TextOrNull(patch.JenkinsJobName.Or(null), Project.MaxJenkinsJobNameLength, "patch.JenkinsJobName"),
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
        P.TextOrNull(branch is null ? null : BranchName.Check(branch, name), Project.MaxBranchLength, name);
}
