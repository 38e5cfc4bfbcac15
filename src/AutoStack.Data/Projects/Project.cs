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

    /// <summary>
    /// The Git repository, <c>owner/name</c> or an address. A password or token in a row of another writer reads <c>[redacted]</c>.
    /// </summary>
    public required string Repository { get; init; }

    /// <summary>The branch that is deployed unless a deployment names another.</summary>
    public required string Branch { get; init; }

    /// <summary>The command that builds the project; in lists its first 500 characters.</summary>
    public required string BuildCommand { get; init; }

    /// <summary>The folder that the build leaves its result in, relative to the repository.</summary>
    public required string OutputDir { get; init; }

    /// <summary>The repository's id at GitHub, as the owner gave it or as the proof of access names it; null when not known.</summary>
    public required string? GitHubRepoId { get; init; }

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

    /// <summary>The provider of the repository that the owner's access is proven to; null without a proof.</summary>
    public required WebhookProvider? Provider { get; init; }

    /// <summary>The provider's host, in lower case; empty when the proof names none; null without a proof.</summary>
    public required string? ProviderHost { get; init; }

    /// <summary>The provider's id of the repository, which a rename and a transfer keep; null without a proof.</summary>
    public required string? ProviderRepositoryId { get; init; }

    /// <summary>
    /// When the owner's access to the repository was proven last; null without a proof. Pushes deploy projects with a proof only.
    /// </summary>
    public required DateTimeOffset? AccessProvenAt { get; init; }
}

/// <summary>What to change of a project; what is left out stays.</summary>
public sealed record ProjectPatch
{
    /// <summary>The name, up to 255 characters, not blank.</summary>
    public Optional<string> Name { get; init; }

    /// <summary>
    /// The Git repository, as in <see cref="NewProject.Repository"/>; not null. Another repository than before ends the proof of access.
    /// </summary>
    public Optional<string> Repository { get; init; }

    /// <summary>The branch that is deployed, as in <see cref="NewProject.Branch"/>; not null.</summary>
    public Optional<string> Branch { get; init; }

    /// <summary>
    /// The command that builds the project, up to <see cref="IProjectRepository.MaxBuildCommandLength"/> characters; not null.
    /// </summary>
    public Optional<string> BuildCommand { get; init; }

    /// <summary>The folder that the build leaves its result in, up to 255 characters; not null.</summary>
    public Optional<string> OutputDir { get; init; }

    /// <summary>The repository's id at GitHub, up to 255 characters; null for not known.</summary>
    public Optional<string?> GitHubRepoId { get; init; }

    /// <summary>What runs the result.</summary>
    public Optional<ProjectRuntime> Runtime { get; init; }

    /// <summary>True when a push starts a deployment.</summary>
    public Optional<bool> AutoDeployEnabled { get; init; }

    /// <summary>The branch whose pushes count, as in <see cref="NewProject.Branch"/>; null for the one that is deployed.</summary>
    public Optional<string?> AutoDeployBranch { get; init; }

    /// <summary>The Jenkins job that builds the project, up to 255 characters; null for none.</summary>
    public Optional<string?> JenkinsJobName { get; init; }

    /// <summary>The name of the type: a repository that was not checked yet may hold a password.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => nameof(ProjectPatch);
}

/// <summary>What came of a change of a project.</summary>
/// <param name="Outcome">Whether it was changed, and if not, why.</param>
/// <param name="Project">The project as it stands now; null when there is none.</param>
public sealed record ProjectUpdateResult(UpdateOutcome Outcome, Project? Project);

/// <summary>A project to be made.</summary>
public sealed record NewProject
{
    /// <summary>The id; null to have one made. With one, a repeated request finds the row of the first.</summary>
    public Guid? Id { get; init; }

    /// <summary>The owner.</summary>
    public required Guid UserId { get; init; }

    /// <summary>The name that is shown; up to 255 characters.</summary>
    public required string Name { get; init; }

    /// <summary>
    /// The Git repository: <c>owner/name</c>, <c>https://host/owner/name</c>, <c>ssh://git@host/owner/name</c> or
    /// <c>git@host:owner/name</c>; up to 255
    /// characters. It is stored without surrounding white space, a user before an HTTPS host, query, fragment and web page
    /// (<c>/tree/main</c>). A password
    /// or token, a local path and a transport that runs a program are refused.
    /// </summary>
    public required string Repository { get; init; }

    /// <summary>
    /// The branch that is deployed, <c>main</c> or <c>refs/heads/main</c>, by the rules of <c>git check-ref-format</c>; up to 100
    /// characters.
    /// </summary>
    public string Branch { get; init; } = "main";

    /// <summary>The command that builds the project; up to <see cref="IProjectRepository.MaxBuildCommandLength"/> characters.</summary>
    public string BuildCommand { get; init; } = "npm run build";

    /// <summary>The folder that the build leaves its result in; up to 255 characters.</summary>
    public string OutputDir { get; init; } = "dist";

    /// <summary>The repository's id at GitHub, up to 255 characters; null when not known.</summary>
    public string? GitHubRepoId { get; init; }

    /// <summary>What runs the result.</summary>
    public ProjectRuntime Runtime { get; init; } = ProjectRuntime.Static;

    /// <summary>True when a push starts a deployment.</summary>
    public bool AutoDeployEnabled { get; init; }

    /// <summary>The branch whose pushes count, as in <see cref="Branch"/>, not blank; null for <see cref="Branch"/>.</summary>
    public string? AutoDeployBranch { get; init; }

    /// <summary>The Jenkins job that builds the project, up to 255 characters; null when none does.</summary>
    public string? JenkinsJobName { get; init; }

    /// <summary>What the project is called, without its settings; a password in the repository's address is not shown.</summary>
    /// <returns>The text.</returns>
    public override string ToString() =>
        $"NewProject {{ Id = {Id}, UserId = {UserId}, Name = {Name}, Repository = {(Repository is null ? "" : RepositoryText.Shown(Repository))} }}";
}
