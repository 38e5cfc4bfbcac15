using AutoStack.Data.Accounts;
using AutoStack.Data.Postgres;
using AutoStack.Data.Values;

namespace AutoStack.Data.Projects;

internal sealed class ProjectRepository(Db db, TimeProvider clock) : IProjectRepository, IPlatformProjectRepository
{
    // All columns but env_vars, which stores secrets.
    internal const string Columns = """
        p.id, p.user_id, p.name, p.repository, p.branch, p.build_command, p.output_dir, p.github_repo_id, p.runtime,
        p.auto_deploy_enabled, p.auto_deploy_branch, p.jenkins_job_name, p.created_at, p.updated_at, p.provider, p.provider_host,
        p.provider_repository_id, p.access_proven_at
        """;

    /// <summary>The columns for lists, with the beginning of the build command only. <see cref="Read"/> reads both.</summary>
    internal const string ListColumns = """
        p.id, p.user_id, p.name, p.repository, p.branch, pg_catalog.left(p.build_command, 500), p.output_dir, p.github_repo_id, p.runtime,
        p.auto_deploy_enabled, p.auto_deploy_branch, p.jenkins_job_name, p.created_at, p.updated_at, p.provider, p.provider_host,
        p.provider_repository_id, p.access_proven_at
        """;

    // The projects p of the repository @host, @path. A project without a host matches every host. The empty path is not a repository.
    internal const string SameRepository = """
        p.repository_path = @path AND @path <> ''::text AND (p.repository_host = @host OR p.repository_host = ''::text OR @host = ''::text)
        """;

    // The order of SameRepository: a project with the same host comes before a project without one.
    private const string BestMatch = "p.repository_host = @host DESC, p.created_at, p.id";

    // The version of a row: it grows with every change, whatever the clock shows. Needs @now.
    private const string Changed = $"greatest({ServerTime.Present}, p.updated_at + interval '1 microsecond')";

    private const string Patched = $"""
        name = coalesce(@name, p.name), repository = coalesce(@repository, p.repository), branch = coalesce(@branch, p.branch),
        build_command = coalesce(@buildCommand, p.build_command),
        output_dir = coalesce(@outputDir, p.output_dir), runtime = coalesce(@runtime, p.runtime),
        auto_deploy_enabled = coalesce(@autoDeployEnabled, p.auto_deploy_enabled),
        github_repo_id = CASE WHEN @setGitHubRepoId THEN @gitHubRepoId ELSE p.github_repo_id END,
        auto_deploy_branch = CASE WHEN @setAutoDeployBranch THEN @autoDeployBranch ELSE p.auto_deploy_branch END,
        jenkins_job_name = CASE WHEN @setJenkinsJobName THEN @jenkinsJobName ELSE p.jenkins_job_name END,
        updated_at = {Changed}
        """;

    private const string Inserted = """
        id, user_id, name, repository, branch, build_command, output_dir, github_repo_id, runtime,
        auto_deploy_enabled, auto_deploy_branch, jenkins_job_name, created_at, updated_at
        """;

    private const string Values = $"""
        @id, @userId, @name, @repository, @branch, @buildCommand, @outputDir, @gitHubRepoId, @runtime,
        @autoDeployEnabled, @autoDeployBranch, @jenkinsJobName, {ServerTime.Present}, {ServerTime.Present}
        """;

    internal static Project Read(RowReader row) => new()
    {
        Id = row.Guid(),
        UserId = row.Guid(),
        Name = row.Text(),
        Repository = RepositoryText.Shown(row.Text()),
        Branch = row.Text(),
        BuildCommand = row.Text(),
        OutputDir = row.Text(),
        GitHubRepoId = row.TextOrNull(),
        Runtime = row.Value<ProjectRuntime>(),
        AutoDeployEnabled = row.Flag(),
        AutoDeployBranch = row.TextOrNull(),
        JenkinsJobName = row.TextOrNull(),
        CreatedAt = row.Time(),
        UpdatedAt = row.Time(),
        Provider = row.ValueOrNull<WebhookProvider>(),
        ProviderHost = row.TextOrNull(),
        ProviderRepositoryId = row.TextOrNull(),
        AccessProvenAt = row.TimeOrNull(),
    };

    public Task<Project?> FindAsync(Guid id, Guid ownerId, CancellationToken cancellationToken) =>
        db.FindAsync(Read, $"""
            SELECT {Columns}
            FROM projects p
            WHERE p.id = @id AND p.user_id = @ownerId
            """, [P.Of(id), P.Of(ownerId)], cancellationToken);

    public Task<Project?> FindByRepositoryAsync(Guid ownerId, string repository, CancellationToken cancellationToken)
    {
        var address = AddressOf(repository);
        return db.FindAsync(Read, $"""
            SELECT {Columns}
            FROM projects p
            WHERE p.user_id = @ownerId AND {SameRepository}
            ORDER BY {BestMatch}
            LIMIT 1
            """, [P.Of(ownerId), P.Text(address.Host), P.Text(address.Path)], cancellationToken);
    }

    public async Task<Page<Project>> ListByRepositoryAsync(string repository, Cursor cursor, int limit, CancellationToken cancellationToken)
    {
        var address = AddressOf(repository);
        var afterId = cursor.ToId();
        var rows = await db.ListAsync(Read, $"""
            SELECT {ListColumns}
            FROM projects p
            WHERE {SameRepository} AND p.id > @afterId
            ORDER BY p.id
            LIMIT @limit
            """,
            [
                P.Text(address.Host),
                P.Text(address.Path),
                P.Of(afterId),
                P.Of(Limit.Check(limit, IPlatformProjectRepository.MaxListSize) + 1, nameof(limit)),
            ], cancellationToken).ConfigureAwait(false);
        return Page<Project>.Of(rows, limit, project => Cursor.After(project.Id));
    }

    /// <summary>Lists the projects that a push of branches concerns, with and without a proof of access.</summary>
    internal Task<(IReadOnlyList<PushTarget> Proven, IReadOnlyList<PushTarget> Unproven)> ListPushTargetsAsync(
        PushedRepository repository, string[] branches, int maxProven, int maxUnproven, CancellationToken cancellationToken) =>
        db.ReadBatchAsync(
            async sets =>
            {
                var proven = await sets.ListAsync(PushTargets.Read).ConfigureAwait(false);
                return (proven, await sets.ListAsync(PushTargets.Read).ConfigureAwait(false));
            },
            [PushTargets.Proven(repository, branches, maxProven, clock), PushTargets.Unproven(repository, branches, maxUnproven, clock)],
            cancellationToken);

    public async Task<Project> AddAsync(NewProject project, CancellationToken cancellationToken) =>
        await db.WriteAsync(Read, $"""
            INSERT INTO projects AS p ({Inserted})
            VALUES ({Values})
            ON CONFLICT (id) DO UPDATE
            SET name = p.name
            WHERE p.user_id = excluded.user_id
            RETURNING {Columns}
            """, ProjectParameters.Of(project, clock), Repeat.WhenConnectionIsLost, cancellationToken).ConfigureAwait(false)
            ?? throw DuplicateException.OfId("projects_pkey");

    public async Task<Project> EnsureAsync(NewProject project, ProjectPatch patch, CancellationToken cancellationToken)
    {
        // The user's row is locked first, so that the second of two concurrent calls sees the project that the first has created.
        var insertParameters = ProjectParameters.Of(project, clock);
        var address = RepositoryAddress.Of(project.Repository);
        var update = new Statement($"""
            UPDATE projects p
            SET {Patched}
            WHERE p.id = (
                SELECT p.id
                FROM projects p
                WHERE p.user_id = @userId AND {SameRepository}
                ORDER BY {BestMatch}
                LIMIT 1
            )
            RETURNING {Columns}
            """, [P.Of(project.UserId), P.Text(address.Host), P.Text(address.Path), .. ProjectParameters.Of(patch, clock)]);
        var insert = new Statement($"""
            INSERT INTO projects AS p ({Inserted})
            SELECT {Values}
            WHERE NOT EXISTS (SELECT FROM projects p WHERE p.user_id = @userId AND {SameRepository})
            RETURNING {Columns}
            """, [P.Text(address.Host), P.Text(address.Path), .. insertParameters]);

        // The project to update may be removed concurrently while another project of the repository stays: then neither statement has
        // returned a row.
        return await Retries.UntilConsistentAsync(() => db.WriteBatchAsync(
            async sets =>
            {
                await sets.SkipAsync().ConfigureAwait(false);
                var updated = await sets.FindAsync(Read).ConfigureAwait(false);
                return await sets.FindAsync(Read).ConfigureAwait(false) ?? updated;
            },
            [UserRepository.Lock(project.UserId), update, insert], Repeat.Never, cancellationToken)).ConfigureAwait(false);
    }

    public Task<ProjectUpdateResult> UpdateAsync(
        Guid id, Guid ownerId, ProjectPatch patch, DateTimeOffset? expectedVersion, CancellationToken cancellationToken)
    {
        var update = new Statement($"""
            UPDATE projects p
            SET {Patched}
            WHERE p.id = @id AND p.user_id = @ownerId AND p.updated_at = coalesce(@expectedVersion, p.updated_at)
            RETURNING {Columns}
            """, [P.Of(id), P.Of(ownerId), P.Of(expectedVersion), .. ProjectParameters.Of(patch, clock)]);
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
                var outcome = updated is not null ? UpdateOutcome.Updated
                    : met is not null ? UpdateOutcome.Conflict
                    : UpdateOutcome.NotFound;
                return new ProjectUpdateResult(outcome, met);
            },
            [update, current], Repeat.Never, cancellationToken);
    }

    public async Task<bool> ApplyDetectedAsync(Guid id, DetectedSettings detected, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(detected);
        return await db.WriteAsync($"""
            UPDATE projects p
            SET output_dir = CASE
                    WHEN p.output_dir::text = 'dist'::text THEN coalesce(@outputDir, p.output_dir::text)
                    ELSE p.output_dir::text
                END,
                runtime = CASE
                    WHEN pg_catalog.lower(p.runtime::text) = 'static'::text THEN coalesce(@runtime, p.runtime::text)
                    ELSE p.runtime::text
                END,
                updated_at = {Changed}
            WHERE p.id = @id
              AND (p.output_dir::text = 'dist'::text AND @outputDir <> 'dist'::text
                OR pg_catalog.lower(p.runtime::text) = 'static'::text AND @runtime <> 'static'::text)
            """,
            [
                P.Of(id),
                P.TextOrNull(detected.OutputDir, DetectedSettings.MaxOutputDirLength),
                P.Of(detected.Runtime),
                ServerTime.Now(clock),
            ], cancellationToken).ConfigureAwait(false) == 1;
    }

    public Task<AccessOutcome> RecordAccessAsync(Guid id, string repository, RepositoryAccess access, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(access);
        ArgumentException.ThrowIfNullOrWhiteSpace(access.RepositoryId, "access.RepositoryId");
        var address = AddressOf(repository);
        var record = new Statement($"""
            UPDATE projects p
            SET provider = @provider, provider_host = @providerHost, provider_repository_id = @repositoryId,
                access_proven_at = least(coalesce(@verifiedAt, {ServerTime.Present}), {ServerTime.Present}),
                github_repo_id = CASE WHEN @provider = 'github'::text THEN @repositoryId ELSE p.github_repo_id::text END,
                updated_at = {Changed}
            WHERE p.id = @id AND p.repository_path = @path AND p.repository_host = @host AND @path <> ''::text
              AND (p.repository_host = ''::text OR @providerHost = ''::text OR p.repository_host = @providerHost)
            RETURNING p.id
            """,
            P.Of(id),
            P.Text(address.Host),
            P.Text(address.Path),
            P.Of(access.Provider),
            P.Text(RepositoryAddress.CheckHost(access.Host, "access.Host"), RepositoryAccess.MaxHostLength, "providerHost"),
            P.Text(access.RepositoryId.Trim(), RepositoryAccess.MaxRepositoryIdLength, "repositoryId"),
            P.Of(access.VerifiedAt, "verifiedAt"),
            ServerTime.Now(clock));
        var current = new Statement("""
            SELECT p.id
            FROM projects p
            WHERE p.id = @id
            """, P.Of(id));
        return db.WriteBatchAsync(
            async sets =>
            {
                var isRecorded = await sets.AnyAsync().ConfigureAwait(false);
                var exists = await sets.AnyAsync().ConfigureAwait(false);
                return isRecorded ? AccessOutcome.Recorded : exists ? AccessOutcome.OtherRepository : AccessOutcome.NotFound;
            },
            [record, current], Repeat.Never, cancellationToken);
    }

    public async Task<bool> RevokeAccessAsync(Guid id, CancellationToken cancellationToken) =>
        await db.WriteAsync($"""
            UPDATE projects p
            SET provider = NULL, provider_host = NULL, provider_repository_id = NULL, access_proven_at = NULL, updated_at = {Changed}
            WHERE p.id = @id AND p.access_proven_at IS NOT NULL
            """, [P.Of(id), ServerTime.Now(clock)], cancellationToken).ConfigureAwait(false) == 1;

    public async Task<bool> RemoveAsync(Guid id, Guid ownerId, CancellationToken cancellationToken) =>
        await db.WriteAsync("""
            DELETE FROM projects p
            WHERE p.id = @id AND p.user_id = @ownerId
            """, [P.Of(id), P.Of(ownerId)], cancellationToken).ConfigureAwait(false) == 1;

    private static RepositoryAddress AddressOf(string repository)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(repository);
        return repository.Length <= RepositoryAddress.MaxLength
            ? RepositoryAddress.Of(repository)
            : throw new ArgumentException(
                $"{nameof(repository)} is {repository.Length} characters long; an address has at most {RepositoryAddress.MaxLength}.",
                nameof(repository));
    }
}
