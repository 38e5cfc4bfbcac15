namespace AutoStack.Data.Projects;

/// <summary>A repository to build and run, with its settings but without its environment variables.</summary>
public sealed record Project
{
    /// <summary>The maximum length of <see cref="Name"/>, in characters.</summary>
    public const int MaxNameLength = 255;

    /// <summary>The maximum length of <see cref="Repository"/>, in characters.</summary>
    public const int MaxRepositoryLength = 255;

    /// <summary>The maximum length of <see cref="Branch"/> and <see cref="AutoDeployBranch"/>, in characters.</summary>
    public const int MaxBranchLength = 100;

    /// <summary>The maximum length of <see cref="BuildCommand"/>, in characters.</summary>
    public const int MaxBuildCommandLength = 8192;

    /// <summary>The maximum length of <see cref="OutputDir"/>, in characters.</summary>
    public const int MaxOutputDirLength = 255;

    /// <summary>The maximum length of <see cref="GitHubRepoId"/>, in characters.</summary>
    public const int MaxGitHubRepoIdLength = 255;

    /// <summary>The maximum length of <see cref="JenkinsJobName"/>, in characters.</summary>
    public const int MaxJenkinsJobNameLength = 255;

    /// <summary>The id.</summary>
    public required Guid Id { get; init; }

    /// <summary>The owner.</summary>
    public required Guid UserId { get; init; }

    /// <summary>The display name.</summary>
    public required string Name { get; init; }

    /// <summary>
    /// The Git repository: <c>owner/name</c> or an address. A password or token that another writer stored reads <c>[redacted]</c>.
    /// </summary>
    public required string Repository { get; init; }

    /// <summary>The branch to deploy unless a deployment names another.</summary>
    public required string Branch { get; init; }

    /// <summary>The build command; in lists its first 500 characters.</summary>
    public required string BuildCommand { get; init; }

    /// <summary>The folder that the build writes its result to, relative to the repository.</summary>
    public required string OutputDir { get; init; }

    /// <summary>The repository's id at GitHub, from the owner or from the proof of access; null when unknown.</summary>
    public required string? GitHubRepoId { get; init; }

    /// <summary>The runtime of the build's result.</summary>
    public required ProjectRuntime Runtime { get; init; }

    /// <summary>True when a push starts a deployment.</summary>
    public required bool AutoDeployEnabled { get; init; }

    /// <summary>The branch whose pushes count; null for <see cref="Branch"/>.</summary>
    public required string? AutoDeployBranch { get; init; }

    /// <summary>The Jenkins job that builds the project; null when no job does.</summary>
    public required string? JenkinsJobName { get; init; }

    /// <summary>When the project was created.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When the project last changed; the version of the row.</summary>
    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>The provider of the repository to which the owner's access is proven; null without a proof.</summary>
    public required WebhookProvider? Provider { get; init; }

    /// <summary>The provider's host, in lower case; empty when the proof does not name a host; null without a proof.</summary>
    public required string? ProviderHost { get; init; }

    /// <summary>The provider's id of the repository, which is kept by renames and transfers; null without a proof.</summary>
    public required string? ProviderRepositoryId { get; init; }

    /// <summary>
    /// When the owner's access to the repository was last proven; null without a proof. Pushes deploy only projects with a proof.
    /// </summary>
    public required DateTimeOffset? AccessProvenAt { get; init; }
}

/// <summary>An update of a project; values that are not given stay.</summary>
public sealed record ProjectPatch
{
    /// <summary>The name, up to <see cref="Project.MaxNameLength"/> characters, not blank.</summary>
    public Optional<string> Name { get; init; }

    /// <summary>
    /// The Git repository, as in <see cref="NewProject.Repository"/>; not null. A different repository ends the proof of access.
    /// </summary>
    public Optional<string> Repository { get; init; }

    /// <summary>The branch to deploy, as in <see cref="NewProject.Branch"/>; not null.</summary>
    public Optional<string> Branch { get; init; }

    /// <summary>
    /// The build command, up to <see cref="Project.MaxBuildCommandLength"/> characters; not null.
    /// </summary>
    public Optional<string> BuildCommand { get; init; }

    /// <summary>
    /// The folder that the build writes its result to, up to <see cref="Project.MaxOutputDirLength"/> characters; not null.
    /// </summary>
    public Optional<string> OutputDir { get; init; }

    /// <summary>
    /// The repository's id at GitHub, up to <see cref="Project.MaxGitHubRepoIdLength"/> characters; null for unknown.
    /// </summary>
    public Optional<string?> GitHubRepoId { get; init; }

    /// <summary>The runtime of the build's result.</summary>
    public Optional<ProjectRuntime> Runtime { get; init; }

    /// <summary>True when a push starts a deployment.</summary>
    public Optional<bool> AutoDeployEnabled { get; init; }

    /// <summary>The branch whose pushes count, as in <see cref="NewProject.Branch"/>; null for the branch to deploy.</summary>
    public Optional<string?> AutoDeployBranch { get; init; }

    /// <summary>
    /// The Jenkins job that builds the project, up to <see cref="Project.MaxJenkinsJobNameLength"/> characters; null for no job.
    /// </summary>
    public Optional<string?> JenkinsJobName { get; init; }

    /// <summary>Returns the name of the type: an unchecked repository address may contain a password.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => nameof(ProjectPatch);
}

/// <summary>The result of an update of a project.</summary>
/// <param name="Outcome">Whether it was updated, and if not, why.</param>
/// <param name="Project">The project as it is now; null when it does not exist or belongs to another user.</param>
public sealed record ProjectUpdateResult(UpdateOutcome Outcome, Project? Project);

/// <summary>A project to create.</summary>
public sealed record NewProject
{
    /// <summary>
    /// The id, not the empty one; null to generate one. A repeated request with the same id returns the first request's row.
    /// </summary>
    public Guid? Id { get; init; }

    /// <summary>The owner.</summary>
    public required Guid UserId { get; init; }

    /// <summary>The display name, up to <see cref="Project.MaxNameLength"/> characters, not blank.</summary>
    public required string Name { get; init; }

    /// <summary>
    /// The Git repository: <c>owner/name</c>, <c>https://host/owner/name</c>, <c>ssh://git@host/owner/name</c> or
    /// <c>git@host:owner/name</c>; up to <see cref="Project.MaxRepositoryLength"/> characters. It is stored without surrounding white
    /// space, the user of an HTTPS address, query, fragment and web page (<c>/tree/main</c>). A password or token, a local path, and a
    /// transport that runs a program are refused.
    /// </summary>
    public required string Repository { get; init; }

    /// <summary>
    /// The branch to deploy, <c>main</c> or <c>refs/heads/main</c>, by the rules of <c>git check-ref-format</c>; up to
    /// <see cref="Project.MaxBranchLength"/> characters.
    /// </summary>
    public string Branch { get; init; } = "main";

    /// <summary>The build command, up to <see cref="Project.MaxBuildCommandLength"/> characters.</summary>
    public string BuildCommand { get; init; } = "npm run build";

    /// <summary>
    /// The folder that the build writes its result to, up to <see cref="Project.MaxOutputDirLength"/> characters.
    /// </summary>
    public string OutputDir { get; init; } = "dist";

    /// <summary>
    /// The repository's id at GitHub, up to <see cref="Project.MaxGitHubRepoIdLength"/> characters; null when unknown.
    /// </summary>
    public string? GitHubRepoId { get; init; }

    /// <summary>The runtime of the build's result.</summary>
    public ProjectRuntime Runtime { get; init; } = ProjectRuntime.Static;

    /// <summary>True when a push starts a deployment.</summary>
    public bool AutoDeployEnabled { get; init; }

    /// <summary>The branch whose pushes count, as in <see cref="Branch"/>, not blank; null for <see cref="Branch"/>.</summary>
    public string? AutoDeployBranch { get; init; }

    /// <summary>
    /// The Jenkins job that builds the project, up to <see cref="Project.MaxJenkinsJobNameLength"/> characters; null when no job
    /// does.
    /// </summary>
    public string? JenkinsJobName { get; init; }

    /// <summary>Describes the project without its settings; a password in the repository's address is not shown.</summary>
    /// <returns>The text.</returns>
    public override string ToString() =>
        $"NewProject {{ Id = {Id}, UserId = {UserId}, Name = {Name}, "
        + $"Repository = {(Repository is null ? "" : RepositoryText.Shown(Repository))} }}";
}
