using AutoStack.Data.Accounts;
using AutoStack.Data.Postgres;
using AutoStack.Data.Status;
using AutoStack.Data.Values;
using Npgsql;

namespace AutoStack.Data.Projects;

internal sealed partial class ProjectRepository(Db db, TimeProvider clock) : IProjectRepository, IPlatformProjectRepository
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

    // The project p of a request itself: its repetition finds it. Needs @id, @ownerId, @host and @path.
    private const string Own = $"p.id = @id AND p.user_id = @ownerId AND {SameRepository}";

    /// <summary>
    /// The version of a row <c>p</c> after a change: it grows with every change, whatever the clock shows. Needs <c>@now</c>.
    /// </summary>
    internal const string Changed = $"greatest({ServerTime.Present}, p.updated_at + interval '1 microsecond')";

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

    // True when a row has all values of the patch already.
    private const string HasPatch = """
        p.name::text = coalesce(@name, p.name::text) AND p.repository::text = coalesce(@repository, p.repository::text)
        AND p.branch::text = coalesce(@branch, p.branch::text) AND p.build_command::text = coalesce(@buildCommand, p.build_command::text)
        AND p.output_dir::text = coalesce(@outputDir, p.output_dir::text)
        AND pg_catalog.lower(p.runtime::text) = coalesce(@runtime, pg_catalog.lower(p.runtime::text))
        AND p.auto_deploy_enabled = coalesce(@autoDeployEnabled, p.auto_deploy_enabled)
        AND (NOT @setGitHubRepoId OR p.github_repo_id::text IS NOT DISTINCT FROM @gitHubRepoId)
        AND (NOT @setAutoDeployBranch OR p.auto_deploy_branch::text IS NOT DISTINCT FROM @autoDeployBranch)
        AND (NOT @setJenkinsJobName OR p.jenkins_job_name::text IS NOT DISTINCT FROM @jenkinsJobName)
        """;

    // The constraint that a write for an account that does not exist violates.
    private const string Owner = "projects_user_id_fkey";

    private const string Inserted = """
        id, user_id, name, repository, branch, build_command, output_dir, github_repo_id, runtime,
        auto_deploy_enabled, auto_deploy_branch, jenkins_job_name, created_at, updated_at
        """;

    private const string Values = $"""
        @id, @ownerId, @name, @repository, @branch, @buildCommand, @outputDir, @gitHubRepoId, @runtime,
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
            WHERE p.id = @id AND p.user_id = @ownerId AND {AccountState.OwnerIsOpen}
            """, [P.Of(id), P.Of(ownerId)], cancellationToken);

    public Task<Project?> FindByRepositoryAsync(Guid ownerId, string repository, CancellationToken cancellationToken)
    {
        var address = AddressOf(repository);
        return db.FindAsync(Read, $"""
            SELECT {Columns}
            FROM projects p
            WHERE p.user_id = @ownerId AND {SameRepository} AND {AccountState.OwnerIsOpen}
            ORDER BY {BestMatch}
            LIMIT 1
            """, [P.Of(ownerId), P.Text(address.Host), P.Text(address.Path)], cancellationToken);
    }

    public async Task<Project> AddAsync(NewProject project, CancellationToken cancellationToken)
    {
        try
        {
            var added = await db.WriteAsync(Read, $"""
                INSERT INTO projects AS p ({Inserted})
                SELECT {Values}
                WHERE {AccountState.OwnerIsOpen}
                ON CONFLICT (id) DO UPDATE
                SET name = p.name
                WHERE p.user_id = excluded.user_id
                RETURNING {Columns}
                """, ProjectParameters.Of(project, clock), cancellationToken).ConfigureAwait(false);
            if (added is null)
            {
                await AccountClosing.ThrowIfClosedAsync(db, project.UserId, Owner, cancellationToken).ConfigureAwait(false);
                throw DuplicateException.OfId("projects_pkey");
            }

            return added;
        }
        catch (PostgresException exception) when (SqlErrors.IsOfAnothersRow(exception))
        {
            throw DuplicateException.OfId("projects_pkey");
        }
    }

    public async Task<Project> EnsureAsync(NewProject project, ProjectPatch patch, CancellationToken cancellationToken)
    {
        // The user's row is locked first, so that the second of two concurrent calls sees the project that the first has created.
        ArgumentNullException.ThrowIfNull(project);
        project = project with { Id = Ids.Of(project.Id, "project.Id") };
        var insertParameters = ProjectParameters.Of(project, clock);
        var address = RepositoryAddress.Of(project.Repository);
        var update = new Statement($"""
            UPDATE projects p
            SET {Patched}
            WHERE p.id = (
                SELECT p.id
                FROM projects p
                WHERE p.user_id = @ownerId AND {SameRepository}
                ORDER BY {BestMatch}
                LIMIT 1
            ) AND NOT EXISTS (SELECT FROM projects p WHERE {Own}) AND {AccountState.OwnerIsOpen}
            RETURNING {Columns}
            """, [.. Place(), .. ProjectParameters.Of(patch, clock)]);
        var insert = new Statement($"""
            INSERT INTO projects AS p ({Inserted})
            SELECT {Values}
            WHERE NOT EXISTS (SELECT FROM projects p WHERE p.user_id = @ownerId AND {SameRepository})
              AND {AccountState.OwnerIsOpen}
            """, [P.Text(address.Host), P.Text(address.Path), .. insertParameters]);
        var own = new Statement($"""
            SELECT {Columns}
            FROM projects p
            WHERE {Own} AND {AccountState.OwnerIsOpen}
            """, Place());

        // The project to update may be removed concurrently while another project of the repository stays: then neither statement has
        // returned a row.
        return await Retries.UntilConsistentAsync(async () =>
        {
            var ensured = await db.WriteBatchAsync(
                async sets =>
                {
                    await sets.SkipAsync().ConfigureAwait(false);
                    var updated = await sets.FindAsync(Read).ConfigureAwait(false);
                    return await sets.FindAsync(Read).ConfigureAwait(false) ?? updated;
                },
                [UserRepository.Lock(project.UserId), update, insert, own], cancellationToken, nameof(EnsureAsync)).ConfigureAwait(false);
            if (ensured is null)
            {
                await AccountClosing.ThrowIfClosedAsync(db, project.UserId, Owner, cancellationToken, nameof(EnsureAsync))
                    .ConfigureAwait(false);
            }

            return ensured;
        }).ConfigureAwait(false);

        NpgsqlParameter[] Place() =>
            [P.Of(project.Id.Value, "id"), P.Owner(project.UserId), P.Text(address.Host), P.Text(address.Path)];
    }

    public Task<ProjectUpdateResult> UpdateAsync(
        Guid id, Guid ownerId, ProjectPatch patch, DateTimeOffset? expectedVersion, CancellationToken cancellationToken)
    {
        var update = new Statement($"""
            UPDATE projects p
            SET {Patched}
            WHERE p.id = @id AND p.user_id = @ownerId AND p.updated_at = coalesce(@expectedVersion, p.updated_at)
              AND {AccountState.OwnerIsOpen}
            RETURNING p.id
            """, [P.Of(id), P.Of(ownerId), P.Of(expectedVersion), .. ProjectParameters.Of(patch, clock)]);
        var current = new Statement($"""
            SELECT {Columns}, {HasPatch}
            FROM projects p
            WHERE p.id = @id AND p.user_id = @ownerId AND {AccountState.OwnerIsOpen}
            """, [P.Of(id), P.Of(ownerId), .. ProjectParameters.Of(patch, clock)]);
        return db.WriteBatchAsync(
            async sets =>
            {
                await sets.SkipAsync().ConfigureAwait(false);
                var met = await sets.FindAsync(row => new Met(Read(row), row.Flag())).ConfigureAwait(false);
                var outcome = met is null ? UpdateOutcome.NotFound : met.HasPatch ? UpdateOutcome.Updated : UpdateOutcome.Conflict;
                return new ProjectUpdateResult(outcome, met?.Project);
            },
            [update, current], cancellationToken);
    }

    public Task<bool> RemoveAsync(Guid id, Guid ownerId, CancellationToken cancellationToken) =>
        db.WriteOnceAsync($"""
            DELETE FROM projects p
            WHERE p.id = @id AND p.user_id = @ownerId AND {AccountState.OwnerIsOpen}
            """, [P.Of(id), P.Of(ownerId)], cancellationToken);

    private sealed record Met(Project Project, bool HasPatch);

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
