using AutoStack.Data.Postgres;

namespace AutoStack.Data.Projects;

/// <summary>The repository of a push.</summary>
/// <param name="Provider">The provider.</param>
/// <param name="Host">The provider's host; empty when the push does not name one.</param>
/// <param name="RepositoryId">The provider's id of the repository.</param>
/// <param name="Path">The path of the repository's address.</param>
/// <param name="MaxAgeSeconds">The maximum age of a proof of access; null for no maximum.</param>
internal sealed record PushedRepository(WebhookProvider Provider, string Host, string RepositoryId, string Path, int? MaxAgeSeconds);

/// <summary>The projects that a push of a branch concerns.</summary>
internal static class PushTargets
{
    // The branch of a project p whose pushes count. An empty one, in rows of other writers, means the branch that is deployed.
    private const string Branch =
        $"coalesce(nullif({BranchName.Stored}p.auto_deploy_branch{BranchName.StoredEnd}, ''::text), "
        + $"{BranchName.Stored}p.branch{BranchName.StoredEnd})";

    // The projects p of open accounts whose branch was pushed. Needs @branches.
    private const string WantsBranch = $"p.auto_deploy_enabled AND {Branch} = ANY (@branches) AND {IsOfOpenAccount}";

    // A subquery instead of a join, so that the plan stays.
    private const string IsOfOpenAccount =
        "NOT coalesce((SELECT TRUE FROM users o WHERE o.id = p.user_id AND o.closed_at IS NOT NULL), FALSE)";

    // The projects p whose owner's access to this repository is proven. Needs @repositoryId, @provider and @host.
    private const string IsIdentity = """
        p.provider_repository_id = @repositoryId AND p.provider = @provider AND p.provider_host = @host AND p.access_proven_at IS NOT NULL
        """;

    // The projects p whose proof is recent enough. Needs @maxAgeSeconds and @now.
    private const string IsRecent =
        "(@maxAgeSeconds::int IS NULL OR p.access_proven_at > "
        + $"{ServerTime.Present} - pg_catalog.make_interval(secs => @maxAgeSeconds::float8))";

    /// <summary>
    /// The projects whose owner's access to this very repository is proven. Users take turns, each with the oldest project first: no user
    /// displaces another by many projects.
    /// </summary>
    public static Statement Proven(PushedRepository repository, string[] branches, int limit, TimeProvider clock) => new(
        $"""
        SELECT t.id, t.user_id, t.branch
        FROM (
            SELECT
                p.id, p.user_id, {Branch} AS branch, p.created_at,
                pg_catalog.row_number() OVER (PARTITION BY p.user_id ORDER BY p.created_at, p.id) AS turn
            FROM projects p
            WHERE {IsIdentity} AND {IsRecent} AND {WantsBranch}
        ) t
        ORDER BY t.turn, t.created_at, t.id
        LIMIT @limit
        """,
        P.Of(repository.Provider),
        P.Text(repository.Host),
        P.Text(repository.RepositoryId),
        P.Of(repository.MaxAgeSeconds),
        P.Of(branches),
        P.Of(limit),
        ServerTime.Now(clock));

    /// <summary>The projects that name the repository, or had a proof, and have no valid proof; ordered by id.</summary>
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
