using System.Runtime.CompilerServices;
using AutoStack.Data.Postgres;
using AutoStack.Data.Projects;
using AutoStack.Data.Status;
using AutoStack.Data.Values;
using Npgsql;

namespace AutoStack.Data.Deployments;

internal sealed class DeploymentQueries(Db db) : IDeploymentQueries
{
    // The condition for the deployments that match a filter without a commit message. Needs the rows d and p, and the parameters of
    // MatchingParameters.
    private const string Matching = $"""
        d.user_id = @ownerId AND NOT d.is_deleted AND {AccountState.OwnerIsOpen}
          AND (@projectId IS NULL OR d.project_id = @projectId)
          AND (@status IS NULL OR d.status::text = @status)
          AND (@name::text IS NULL OR p.name::text COLLATE "C" ~ @name)
        """;

    // With a commit message: the index of the feature commit-search has the expression of the first condition.
    private const string MatchingMessage = $"""
        {Matching} AND pg_catalog.lower(d.commit_message COLLATE "C") ~ @indexed AND d.commit_message COLLATE "C" ~ @message
        """;

    private const string Selected = $"""
        SELECT {DeploymentRepository.ListColumns}, {ProjectRepository.ListColumns}, d.created_at
        {From}
        """;

    private const string OnePage = $"""
        AND {DeploymentParameters.After}
        ORDER BY d.created_at DESC, d.id DESC
        LIMIT @limit
        """;

    private const string From = """
        FROM deployments d
        JOIN projects p ON p.id = d.project_id
        WHERE
        """;

    public async Task<Page<DeploymentWithProject>> ListAsync(
        Guid ownerId, DeploymentFilter filter, Cursor cursor, int limit, CancellationToken cancellationToken)
    {
        Limit.Check(limit, IDeploymentQueries.MaxListSize);
        var matching = MatchingParameters(ownerId, filter);
        NpgsqlParameter[] page = [.. DeploymentParameters.OfCursor(cursor), P.Of(limit + 1, "limit")];
        var statement = IsForAll(filter) ? new Statement(DeploymentRepository.RecentPage, [P.Of(ownerId), .. page])
            : string.IsNullOrEmpty(filter.CommitMessage) ? new Statement($"{Selected} {Matching} {OnePage}", [.. matching, .. page])
            : new Statement($"{Selected} {MatchingMessage} {OnePage}", [.. matching, .. page]) { IsPlannedForItsValues = true };
        var rows = await db.ListAsync(DeploymentRepository.ReadListed, statement, cancellationToken).ConfigureAwait(false);
        return DeploymentRepository.PageOf(rows, limit);
    }

    public async Task<long> CountAsync(Guid ownerId, DeploymentFilter filter, CancellationToken cancellationToken)
    {
        var matching = MatchingParameters(ownerId, filter);
        return string.IsNullOrEmpty(filter.CommitMessage)
            ? await db.FindValueAsync(row => row.Long(), $"SELECT pg_catalog.count(*)\n{From} {Matching}", matching, cancellationToken)
                .ConfigureAwait(false) ?? 0
            : (await db.ListAsync(
                row => row.Long(),
                new Statement($"SELECT pg_catalog.count(d.id)\n{From} {MatchingMessage}", matching) { IsPlannedForItsValues = true },
                cancellationToken).ConfigureAwait(false))[0];
    }

    public async Task<Page<ProjectWithLatestDeployment>> ListProjectsAsync(
        Guid ownerId, Cursor cursor, int limit, CancellationToken cancellationToken)
    {
        Limit.Check(limit, IDeploymentQueries.MaxProjectListSize);
        var rows = await db.ListAsync(ReadProject, $"""
            SELECT {ProjectRepository.ListColumns}, d.id IS NOT NULL, {DeploymentRepository.ListColumns}
            FROM projects p
            LEFT JOIN LATERAL (
                SELECT {DeploymentRepository.Columns}
                FROM deployments d
                WHERE d.project_id = p.id AND NOT d.is_deleted
                ORDER BY d.created_at DESC, d.id DESC
                LIMIT 1
            ) d ON TRUE
            WHERE p.user_id = @ownerId AND p.id >= coalesce(@afterId, {Ids.Least}) AND p.id IS DISTINCT FROM @afterId
              AND {AccountState.OwnerIsOpen}
            ORDER BY p.id
            LIMIT @limit
            """, [P.Of(ownerId), P.Of(cursor.ToId(), "afterId"), P.Of(limit + 1, "limit")], cancellationToken).ConfigureAwait(false);
        return Page<ProjectWithLatestDeployment>.Of(rows, limit, row => Cursor.After(row.Project.Id));
    }

    private static bool IsForAll(DeploymentFilter filter) => filter is { ProjectId: null, Status: null }
        && string.IsNullOrEmpty(filter.ProjectName) && string.IsNullOrEmpty(filter.CommitMessage);

    private static ProjectWithLatestDeployment ReadProject(RowReader row) =>
        new(ProjectRepository.Read(row), row.Flag() ? DeploymentRepository.Read(row) : null);

    private static NpgsqlParameter[] MatchingParameters(Guid ownerId, DeploymentFilter filter)
    {
        ArgumentNullException.ThrowIfNull(filter);

        return
        [
            P.Of(ownerId),
            P.Of(filter.ProjectId),
            P.TextOrNull(filter.Status is { } status ? P.Written(status, "filter.Status") : null, name: "status"),
            Contained(filter.ProjectName, "name"),
            Contained(filter.CommitMessage, "message"),
            P.TextOrNull(filter.CommitMessage is { } text ? CaseFolding.IndexedRegex(Text.Clean(text)) : null, name: "indexed"),
        ];
    }

    // The limit is that of the given text: its pattern is longer.
    private static NpgsqlParameter Contained(string? text, string name, [CallerArgumentExpression(nameof(text))] string member = "")
    {
        P.TextOrNull(text, DeploymentFilter.MaxTextLength, member);
        return P.TextOrNull(string.IsNullOrEmpty(text) ? null : CaseFolding.ContainedRegex(Text.Clean(text)), name: name);
    }
}
