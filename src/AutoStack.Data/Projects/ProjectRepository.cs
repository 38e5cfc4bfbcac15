using AutoStack.Data.Deployments;
using AutoStack.Data.Internal;
using AutoStack.Data.Users;
using Npgsql;

namespace AutoStack.Data.Projects;

internal sealed class ProjectRepository(Db db, TimeProvider clock) : IProjectRepository
{
    // Without env_vars, which holds secrets.
    internal const string Columns = """
        p.id, p.user_id, p.name, p.repository, p.branch, p.build_command, p.output_dir, p.github_repo_id, p.runtime,
        p.auto_deploy_enabled, p.auto_deploy_branch, p.jenkins_job_name, p.created_at, p.updated_at
        """;

    /// <summary>The same for a list, whose texts are cut.</summary>
    internal const string ListColumns = """
        p.id, p.user_id, p.name, p.repository, p.branch, pg_catalog.left(p.build_command, 500), p.output_dir, p.github_repo_id, p.runtime,
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

    private const string Patched = """
        name = coalesce(@name, p.name), branch = coalesce(@branch, p.branch), build_command = coalesce(@buildCommand, p.build_command),
        output_dir = coalesce(@outputDir, p.output_dir), runtime = coalesce(@runtime, p.runtime),
        auto_deploy_enabled = coalesce(@autoDeployEnabled, p.auto_deploy_enabled),
        github_repo_id = CASE WHEN @setGithubRepoId THEN @githubRepoId ELSE p.github_repo_id END,
        auto_deploy_branch = CASE WHEN @setAutoDeployBranch THEN @autoDeployBranch ELSE p.auto_deploy_branch END,
        jenkins_job_name = CASE WHEN @setJenkinsJobName THEN @jenkinsJobName ELSE p.jenkins_job_name END,
        updated_at = greatest(@now, p.updated_at + interval '1 microsecond')
        """;

    private const string Inserted = """
        id, user_id, name, repository, branch, build_command, output_dir, github_repo_id, runtime,
        auto_deploy_enabled, auto_deploy_branch, jenkins_job_name, created_at, updated_at
        """;

    private const string Values = """
        @id, @userId, @name, @repository, @branch, @buildCommand, @outputDir, @githubRepoId, @runtime,
        @autoDeployEnabled, @autoDeployBranch, @jenkinsJobName, @now, @now
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

    public Task<Project?> FindByRepositoryAsync(Guid ownerId, string repository, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(repository);
        return db.FindAsync(Read, $"""
            SELECT {Columns}
            FROM projects p
            WHERE p.user_id = @ownerId AND p.repository = @repository
            ORDER BY p.created_at, p.id
            LIMIT 1
            """, [P.Of(ownerId), P.Text(repository)], cancellationToken);
    }

    public Task<IReadOnlyList<ProjectWithLatestDeployment>> ListByOwnerAsync(Guid ownerId, int limit, Guid afterId, CancellationToken cancellationToken) =>
        db.ListAsync(row => new ProjectWithLatestDeployment(Read(row), row.Flag() ? DeploymentRepository.Read(row) : null), $"""
            SELECT {Columns}, d.id IS NOT NULL, {DeploymentRepository.ListColumns}
            FROM projects p
            LEFT JOIN LATERAL (
                SELECT {DeploymentRepository.Columns}
                FROM deployments d
                WHERE d.project_id = p.id AND NOT d.is_deleted
                ORDER BY d.created_at DESC, d.id DESC
                LIMIT 1
            ) d ON TRUE
            WHERE p.user_id = @ownerId AND p.id > @afterId
            ORDER BY p.id
            LIMIT @limit
            """,
            [P.Of(ownerId), P.Of(afterId), P.Of(Limit.Check(limit, IProjectRepository.MaxListSize), nameof(limit))], cancellationToken);

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

    public async Task<Project> AddAsync(NewProject project, CancellationToken cancellationToken) =>
        await db.AddAsync(Read, $"""
            INSERT INTO projects AS p ({Inserted})
            VALUES ({Values})
            ON CONFLICT (id) DO UPDATE
            SET name = p.name
            WHERE p.user_id = excluded.user_id
            RETURNING {Columns}
            """, Parameters(project), cancellationToken).ConfigureAwait(false) ?? throw DuplicateException.OfId("projects_pkey");

    public async Task<Project> EnsureAsync(NewProject project, ProjectPatch patch, CancellationToken cancellationToken)
    {
        // The user's row is locked first, so that of two first calls the second sees the project that the first has made.
        var insertParameters = Parameters(project);
        var update = new Statement($"""
            UPDATE projects p
            SET {Patched}
            WHERE p.id = (
                SELECT o.id
                FROM projects o
                WHERE o.user_id = @userId AND o.repository = @repository
                ORDER BY o.created_at, o.id
                LIMIT 1
            )
            RETURNING {Columns}
            """, [P.Of(project.UserId), P.Text(project.Repository), .. Parameters(patch)]);
        var insert = new Statement($"""
            INSERT INTO projects AS p ({Inserted})
            SELECT {Values}
            WHERE NOT EXISTS (SELECT FROM projects o WHERE o.user_id = @userId AND o.repository = @repository)
            RETURNING {Columns}
            """, insertParameters);

        // The one that is changed may be removed at this moment, while another one of the repository stays: then neither has happened.
        return await ConflictRetry.UntilConsistentAsync(() => db.WriteBatchAsync(
            async sets =>
            {
                await sets.AnyAsync().ConfigureAwait(false);
                var updated = await sets.FindAsync(Read).ConfigureAwait(false);
                return await sets.FindAsync(Read).ConfigureAwait(false) ?? updated;
            },
            [UserRepository.Lock(project.UserId), update, insert], Repeat.Never, cancellationToken)).ConfigureAwait(false);
    }

    public Task<ProjectUpdate> UpdateAsync(
        Guid id, Guid ownerId, ProjectPatch patch, DateTimeOffset? expectedVersion, CancellationToken cancellationToken)
    {
        var update = new Statement($"""
            UPDATE projects p
            SET {Patched}
            WHERE p.id = @id AND p.user_id = @ownerId AND p.updated_at = coalesce(@expectedVersion, p.updated_at)
            RETURNING {Columns}
            """, [P.Of(id), P.Of(ownerId), P.Of(expectedVersion), .. Parameters(patch)]);
        var current = new Statement($"""
            SELECT {Columns}
            FROM projects p
            WHERE p.id = @id AND p.user_id = @ownerId
            """, P.Of(id), P.Of(ownerId));
        return db.WriteBatchAsync(
            async sets =>
            {
                var updated = await sets.FindAsync(Read).ConfigureAwait(false);
                var met = await sets.FindAsync(Read).ConfigureAwait(false);
                return new ProjectUpdate(updated is not null ? UpdateOutcome.Updated : met is not null ? UpdateOutcome.Conflict : UpdateOutcome.NotFound, met);
            },
            [update, current], Repeat.Never, cancellationToken);
    }

    public async Task<bool> SetDetectedAsync(Guid id, string? outputDir, ProjectRuntime? runtime, CancellationToken cancellationToken) =>
        await db.WriteAsync("""
            UPDATE projects p
            SET output_dir = CASE WHEN p.output_dir = 'dist' THEN coalesce(@outputDir, p.output_dir) ELSE p.output_dir END,
                runtime = CASE WHEN lower(p.runtime) = 'static' THEN coalesce(@runtime, p.runtime) ELSE p.runtime END,
                updated_at = greatest(@now, p.updated_at + interval '1 microsecond')
            WHERE p.id = @id AND (p.output_dir = 'dist' AND @outputDir <> 'dist' OR lower(p.runtime) = 'static' AND @runtime <> 'static')
            """, [P.Of(id), P.TextOrNull(outputDir, 255), P.Of(runtime), P.Of(clock.Now(), "now")], cancellationToken).ConfigureAwait(false) == 1;

    public async Task<bool> RemoveAsync(Guid id, Guid ownerId, CancellationToken cancellationToken) =>
        await db.WriteAsync("""
            DELETE FROM projects p
            WHERE p.id = @id AND p.user_id = @ownerId
            """, [P.Of(id), P.Of(ownerId)], cancellationToken).ConfigureAwait(false) == 1;

    private NpgsqlParameter[] Parameters(NewProject project)
    {
        ArgumentNullException.ThrowIfNull(project);
        ArgumentException.ThrowIfNullOrWhiteSpace(project.Name);
        ArgumentException.ThrowIfNullOrWhiteSpace(project.Repository);
        ArgumentException.ThrowIfNullOrWhiteSpace(project.Branch);
        return
        [
            P.Of(project.Id ?? Ids.New(), "id"),
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
        ];
    }

    private NpgsqlParameter[] Parameters(ProjectPatch patch)
    {
        ArgumentNullException.ThrowIfNull(patch);
        return
        [
            NotBlank(patch.Name, 255, "name"),
            NotBlank(patch.Branch, 100, "branch"),
            NotNull(patch.BuildCommand, int.MaxValue, "buildCommand"),
            NotNull(patch.OutputDir, 255, "outputDir"),
            P.Of(patch.Runtime.IsGiven ? patch.Runtime.Value : (ProjectRuntime?)null, "runtime"),
            P.Of(patch.AutoDeployEnabled.IsGiven ? patch.AutoDeployEnabled.Value : (bool?)null, "autoDeployEnabled"),
            P.Of(patch.GithubRepoId.IsGiven, "setGithubRepoId"),
            P.TextOrNull(patch.GithubRepoId.Value, 255, "githubRepoId"),
            P.Of(patch.AutoDeployBranch.IsGiven, "setAutoDeployBranch"),
            P.TextOrNull(patch.AutoDeployBranch.Value, 100, "autoDeployBranch"),
            P.Of(patch.JenkinsJobName.IsGiven, "setJenkinsJobName"),
            P.TextOrNull(patch.JenkinsJobName.Value, 255, "jenkinsJobName"),
            P.Of(clock.Now(), "now"),
        ];

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
}
