using AutoStack.Data.Internal;

namespace AutoStack.Data.Projects;

internal sealed class ProjectRepository(Db db, TimeProvider clock) : IProjectRepository
{
    // Without env_vars, which holds secrets.
    internal const string Columns = """
        p.id, p.user_id, p.name, p.repository, p.branch, p.build_command, p.output_dir, p.github_repo_id, p.runtime,
        p.auto_deploy_enabled, p.auto_deploy_branch, p.jenkins_job_name, p.created_at, p.updated_at
        """;

    // A repository without scheme, host and .git, in lower case: the text of the index projects_repository_path_id_idx.
    private const string PathOf = "regexp_replace(regexp_replace(lower(btrim(";
    private const string PathEnd = """
        )), '^([a-z][a-z0-9+.-]*://[^/]*/|[^/@:]+@[^/@:]+:)?/*', ''), '/*(\.git)?/*$', '')
        """;

    // Its host without user and port; NULL when it names none.
    private const string HostOf = "substring(lower(btrim(";
    private const string HostEnd = """
        )), '^(?:[a-z][a-z0-9+.-]*://(?:[^/]*@)?|[^/@:]+@(?=[^/@:]+:))(\[[^]/]*\]|[^/:]+)')
        """;

    private const string SameRepository = $"""
        {PathOf}p.repository{PathEnd} = {PathOf}@repository{PathEnd}
          AND coalesce({HostOf}p.repository{HostEnd} = {HostOf}@repository{HostEnd}, TRUE)
        """;

    private const int MaxRepositoryLength = 1000;
    private const string BranchPrefix = "refs/heads/";

    internal static Project Read(RowReader row) => new()
    {
        Id = row.Guid(),
        UserId = row.Guid(),
        Name = row.Text(),
        Repository = row.Text(),
        Branch = row.Text(),
        BuildCommand = row.Text(),
        OutputDir = row.Text(),
        GithubRepoId = row.TextOrNull(),
        Runtime = row.Value<ProjectRuntime>(),
        AutoDeployEnabled = row.Flag(),
        AutoDeployBranch = row.TextOrNull(),
        JenkinsJobName = row.TextOrNull(),
        CreatedAt = row.Time(),
        UpdatedAt = row.Time(),
    };

    public Task<Project?> FindAsync(Guid id, Guid ownerId, CancellationToken cancellationToken) =>
        db.FindAsync(Read, $"""
            SELECT {Columns}
            FROM projects p
            WHERE p.id = @id AND p.user_id = @ownerId
            """, [P.Of(id), P.Of(ownerId)], cancellationToken);

    public async Task<IReadOnlyList<Project>> ListByRepositoryAsync(string repository, int limit, Guid afterId, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(repository);
        return await db.ListAsync(Read, $"""
            SELECT {Columns}
            FROM projects p
            WHERE {SameRepository} AND p.id > @afterId
            ORDER BY p.id
            LIMIT @limit
            """,
            [P.Text(repository, MaxRepositoryLength), P.Of(afterId), P.Of(Limit.Check(limit, IProjectRepository.MaxListSize), nameof(limit))],
            cancellationToken).ConfigureAwait(false);
    }

    public async Task<IReadOnlyList<Project>> ListAutoDeployTargetsAsync(
        string repository, string branch, int limit, Guid afterId, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(repository);
        ArgumentException.ThrowIfNullOrWhiteSpace(branch);
        var name = branch.StartsWith(BranchPrefix, StringComparison.Ordinal) ? branch[BranchPrefix.Length..] : branch;
        return await db.ListAsync(Read, $"""
            SELECT {Columns}
            FROM projects p
            WHERE {SameRepository} AND p.id > @afterId AND p.auto_deploy_enabled AND coalesce(p.auto_deploy_branch, p.branch) = @branch
            ORDER BY p.id
            LIMIT @limit
            """,
            [
                P.Text(repository, MaxRepositoryLength),
                P.Text(name, name: nameof(branch)),
                P.Of(afterId),
                P.Of(Limit.Check(limit, IProjectRepository.MaxListSize), nameof(limit)),
            ], cancellationToken).ConfigureAwait(false);
    }

    public async Task<Project> AddAsync(NewProject project, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(project);
        ArgumentException.ThrowIfNullOrWhiteSpace(project.Name);
        ArgumentException.ThrowIfNullOrWhiteSpace(project.Repository);
        ArgumentException.ThrowIfNullOrWhiteSpace(project.Branch);
        var id = project.Id ?? Ids.New();
        return await db.AddAsync(Read, $"""
            INSERT INTO projects AS p (
                id, user_id, name, repository, branch, build_command, output_dir, github_repo_id, runtime,
                auto_deploy_enabled, auto_deploy_branch, jenkins_job_name, created_at, updated_at)
            VALUES (
                @id, @userId, @name, @repository, @branch, @buildCommand, @outputDir, @githubRepoId, @runtime,
                @autoDeployEnabled, @autoDeployBranch, @jenkinsJobName, @now, @now)
            ON CONFLICT (id) DO UPDATE
            SET name = p.name
            WHERE p.user_id = excluded.user_id
            RETURNING {Columns}
            """,
            [
                P.Of(id),
                P.Of(project.UserId),
                P.Text(project.Name, 255),
                P.Text(project.Repository, 255),
                P.Text(project.Branch, 100),
                P.Text(project.BuildCommand),
                P.Text(project.OutputDir, 255),
                P.TextOrNull(project.GithubRepoId, 255),
                P.Of(project.Runtime),
                P.Of(project.AutoDeployEnabled),
                P.TextOrNull(project.AutoDeployBranch, 100),
                P.TextOrNull(project.JenkinsJobName, 255),
                P.Of(clock.Now(), "now"),
            ], cancellationToken).ConfigureAwait(false) ?? throw DuplicateException.OfId("projects_pkey");
    }
}
