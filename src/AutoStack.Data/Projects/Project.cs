namespace AutoStack.Data.Projects;

/// <summary>A repository that is built and run, with its settings. The environment variables are not part of it.</summary>
public sealed record Project
{
    /// <summary>The id.</summary>
    public required Guid Id { get; init; }

    /// <summary>The owner.</summary>
    public required Guid UserId { get; init; }

    /// <summary>The name that is shown.</summary>
    public required string Name { get; init; }

    /// <summary>The Git repository, as the owner gave it: <c>owner/name</c> or an address.</summary>
    public required string Repository { get; init; }

    /// <summary>The branch that is deployed unless a deployment names another.</summary>
    public required string Branch { get; init; }

    /// <summary>The command that builds the project.</summary>
    public required string BuildCommand { get; init; }

    /// <summary>The folder that the build leaves its result in, relative to the repository.</summary>
    public required string OutputDir { get; init; }

    /// <summary>The repository's id at GitHub; null when not known.</summary>
    public required string? GithubRepoId { get; init; }

    /// <summary>What runs the result.</summary>
    public required ProjectRuntime Runtime { get; init; }

    /// <summary>True when a push starts a deployment.</summary>
    public required bool AutoDeployEnabled { get; init; }

    /// <summary>The branch whose pushes count; null for <see cref="Branch"/>.</summary>
    public required string? AutoDeployBranch { get; init; }

    /// <summary>The Jenkins job that builds the project; null when none does.</summary>
    public required string? JenkinsJobName { get; init; }

    /// <summary>When the project was made.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When the project last changed.</summary>
    public required DateTimeOffset UpdatedAt { get; init; }
}

/// <summary>A project to be made.</summary>
public sealed record NewProject
{
    /// <summary>The id; null to have one made. With one, a repeated request finds the row of the first.</summary>
    public Guid? Id { get; init; }

    /// <summary>The owner.</summary>
    public required Guid UserId { get; init; }

    /// <summary>The name that is shown; up to 255 characters.</summary>
    public required string Name { get; init; }

    /// <summary>The Git repository, <c>owner/name</c> or an address; up to 255 characters.</summary>
    public required string Repository { get; init; }

    /// <summary>The branch that is deployed; up to 100 characters.</summary>
    public string Branch { get; init; } = "main";

    /// <summary>The command that builds the project.</summary>
    public string BuildCommand { get; init; } = "npm run build";

    /// <summary>The folder that the build leaves its result in; up to 255 characters.</summary>
    public string OutputDir { get; init; } = "dist";

    /// <summary>The repository's id at GitHub, up to 255 characters; null when not known.</summary>
    public string? GithubRepoId { get; init; }

    /// <summary>What runs the result.</summary>
    public ProjectRuntime Runtime { get; init; } = ProjectRuntime.Static;

    /// <summary>True when a push starts a deployment.</summary>
    public bool AutoDeployEnabled { get; init; }

    /// <summary>The branch whose pushes count, up to 100 characters; null for <see cref="Branch"/>.</summary>
    public string? AutoDeployBranch { get; init; }

    /// <summary>The Jenkins job that builds the project, up to 255 characters; null when none does.</summary>
    public string? JenkinsJobName { get; init; }
}
