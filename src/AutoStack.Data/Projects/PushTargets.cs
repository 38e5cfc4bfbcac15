using AutoStack.Data.Postgres;

namespace AutoStack.Data.Projects;

/// <summary>The repository of a push: who is its provider, which id it has there, and how its address reads.</summary>
internal sealed record PushedRepository(WebhookProvider Provider, string Host, string RepositoryId, string Path, int? MaxAgeSeconds);

/// <summary>The projects that a push of a branch concerns.</summary>
internal static class PushTargets
{
    // Rows of other writers may hold an empty branch, which means the one that is deployed.
    private const string Branch =
        $"coalesce(nullif({BranchName.Stored}p.auto_deploy_branch{BranchName.StoredEnd}, ''::text), {BranchName.Stored}p.branch{BranchName.StoredEnd})";

    private const string WantsBranch = $"p.auto_deploy_enabled AND {Branch} = ANY (@branches)";

    private const string IsIdentity = """
        p.provider_repository_id = @repositoryId AND p.provider = @provider AND p.provider_host = @host AND p.access_proven_at IS NOT NULL
        """;

    private const string IsRecent =
        $"(@maxAgeSeconds::int IS NULL OR p.access_proven_at > {ServerTime.Present} - pg_catalog.make_interval(secs => @maxAgeSeconds::float8))";

    /// <summary>Those whose owner's access is proven to the very repository, the oldest first.</summary>
    public static Statement Proven(PushedRepository repository, string[] branches, int limit, TimeProvider clock) => new(
        $"""
        SELECT p.id, p.user_id, {Branch}
        FROM projects p
        WHERE {IsIdentity} AND {IsRecent} AND {WantsBranch}
        ORDER BY p.created_at, p.id
        LIMIT @limit
        """,
        P.Of(repository.Provider),
        P.Text(repository.Host),
        P.Text(repository.RepositoryId),
        P.Of(repository.MaxAgeSeconds),
        P.Of(branches),
        P.Of(limit),
        ServerTime.Now(clock));

    /// <summary>Those that name the repository, or had a proof, and have none that counts; in the order of their ids.</summary>
    public static Statement Unproven(PushedRepository repository, string[] branches, int limit, TimeProvider clock) => new(
        $"""
        SELECT u.id, u.user_id, u.branch
        FROM (
            (SELECT p.id, p.user_id, {Branch} AS branch
             FROM projects p
             WHERE {ProjectRepository.SameRepository} AND {WantsBranch} AND coalesce(NOT ({IsIdentity} AND {IsRecent}), TRUE)
             ORDER BY p.id
             LIMIT @limit)
            UNION
            (SELECT p.id, p.user_id, {Branch} AS branch
             FROM projects p
             WHERE {IsIdentity} AND NOT {IsRecent} AND {WantsBranch}
             ORDER BY p.created_at, p.id
             LIMIT @limit)
        ) u
        ORDER BY u.id
        LIMIT @limit
        """,
        P.Of(repository.Provider),
        P.Text(repository.Host),
        P.Text(repository.RepositoryId),
        P.Text(repository.Path),
        P.Of(repository.MaxAgeSeconds),
        P.Of(branches),
        P.Of(limit),
        ServerTime.Now(clock));

    public static PushTarget Read(RowReader row) => new(row.Guid(), row.Guid(), row.Text());
}
