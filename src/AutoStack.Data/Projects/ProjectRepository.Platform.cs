using AutoStack.Data.Postgres;
using AutoStack.Data.Values;
using Npgsql;

namespace AutoStack.Data.Projects;

/// <content>The platform's own work: reaches the projects of every user.</content>
internal sealed partial class ProjectRepository
{
    public async Task<Page<Project>> ListByRepositoryAsync(string repository, Cursor cursor, int limit, CancellationToken cancellationToken)
    {
        var address = AddressOf(repository);
        var afterId = cursor.ToId();
        var rows = await db.ListAsync(Read, $"""
            SELECT {ListColumns}
            FROM projects p
            WHERE {SameRepository} AND p.id >= coalesce(@afterId, {Ids.Least}) AND p.id IS DISTINCT FROM @afterId
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

    public Task<bool> ApplyDetectedAsync(Guid id, DetectedSettings detected, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(detected);
        var apply = new Statement($"""
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
            RETURNING p.id
            """, [.. Detected(), ServerTime.Now(clock)]);
        var applied = new Statement("""
            SELECT p.id
            FROM projects p
            WHERE p.id = @id
              AND (@outputDir <> 'dist'::text AND p.output_dir::text = @outputDir
                OR @runtime <> 'static'::text AND pg_catalog.lower(p.runtime::text) = @runtime)
            """, Detected());
        return db.WriteBatchAsync(
            async sets =>
            {
                var isChanged = await sets.AnyAsync().ConfigureAwait(false);
                var isApplied = await sets.AnyAsync().ConfigureAwait(false);
                return isChanged || (sets.IsRepeated && isApplied);
            },
            [apply, applied], cancellationToken);

        NpgsqlParameter[] Detected() =>
        [
            P.Of(id),
            P.TextOrNull(detected.OutputDir, Project.MaxOutputDirLength),
            P.Of(detected.Runtime),
        ];
    }

    public Task<AccessOutcome> RecordAccessAsync(Guid id, string repository, RepositoryAccess access, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(access);
        ArgumentException.ThrowIfNullOrWhiteSpace(access.RepositoryId, "access.RepositoryId");
        var host = P.Fitting(RepositoryAddress.CheckHost(access.Host, "access.Host"), RepositoryAccess.MaxHostLength, "access.Host");
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
            P.Text(host, name: "providerHost"),
            P.Text(access.RepositoryId.Trim(), RepositoryAccess.MaxRepositoryIdLength, "access.RepositoryId"),
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
            [record, current], cancellationToken);
    }

    /// <summary>Removes some projects of a user that have no deployment, and returns their ids.</summary>
    internal static Statement RemoveEmpty(Guid userId, int limit) => new("""
        DELETE FROM projects p
        WHERE p.id = ANY (ARRAY(
            SELECT e.id
            FROM projects e
            WHERE e.user_id = @userId AND NOT EXISTS (SELECT FROM deployments d WHERE d.project_id = e.id)
            ORDER BY e.id
            LIMIT @limit
            FOR UPDATE SKIP LOCKED
        ))
        RETURNING p.id
        """, P.Of(userId), P.Of(limit));

    public Task<bool> RevokeAccessAsync(Guid id, CancellationToken cancellationToken) =>
        db.WriteOnceAsync($"""
            UPDATE projects p
            SET provider = NULL, provider_host = NULL, provider_repository_id = NULL, access_proven_at = NULL, updated_at = {Changed}
            WHERE p.id = @id AND p.access_proven_at IS NOT NULL
            """, [P.Of(id), ServerTime.Now(clock)], cancellationToken);
}
