using AutoStack.Data.Logs;
using AutoStack.Data.Postgres;
using AutoStack.Data.Values;
using Npgsql;

namespace AutoStack.Data.Deployments;

/// <summary>Parameters that several statements on deployments take: of a commit, an address and the bound of a page.</summary>
internal static class DeploymentParameters
{
    // What commit_hash holds.
    private const int ShortHash = 40;

    /// <summary>The columns of a commit as parameters; null for a commit that is not known yet.</summary>
    internal static NpgsqlParameter[] OfCommit(LogSecrets secrets, Guid id, CommitInfo? commit)
    {
        var hash = commit is null ? null : P.Fitting(commit.Hash, CommitInfo.MaxHashLength, "hash");
        return
        [
            P.TextOrNull(hash is null ? null : Text.Cut(hash, ShortHash), name: "hash"),
            P.TextOrNull(hash?.Length > ShortHash ? hash : null, name: "hashFull"),
            P.TextOrNull(BuildText.Of(secrets, id, commit?.Message, CommitInfo.MaxMessageLength), name: "message"),
            P.TextOrNull(BuildText.Of(secrets, id, commit?.Author, CommitInfo.MaxAuthorLength), name: "author"),
            P.Of(commit?.Timestamp, "timestamp"),
        ];
    }

    /// <summary>An address as a parameter, without what is secret.</summary>
    internal static NpgsqlParameter Url(LogSecrets secrets, Guid id, string? deployedUrl) =>
        P.TextOrNull(deployedUrl is null ? null : BuildText.Masked(secrets, id, deployedUrl, IDeploymentRepository.MaxUrlLength, nameof(deployedUrl)), IDeploymentRepository.MaxUrlLength, nameof(deployedUrl));

    /// <summary>
    /// The bound of a page, <c>@createdAt</c>: the moment of the row that the cursor names, also one that .NET has no value for.
    /// </summary>
    internal static async ValueTask<NpgsqlParameter> BoundAsync(Db db, DeploymentCursor after, CancellationToken cancellationToken)
    {
        long? moment = after == DeploymentCursor.Start ? Time.Infinity : null;
        if (moment is null && (after.CreatedAt == DateTimeOffset.MaxValue || after.CreatedAt == DateTimeOffset.MinValue))
        {
            moment = await db.FindValueAsync(row => row.Long(), """
                SELECT d.created_at
                FROM deployments d
                WHERE d.id = @id
                """, [P.Of(after.Id)], cancellationToken, nameof(BoundAsync)).ConfigureAwait(false);
        }

        return P.Moment(moment ?? Time.ToMicroseconds(after.CreatedAt), "createdAt");
    }

    /// <summary>
    /// The id of a commit from its two columns. A later writer's <c>commit_hash</c> wins: it is the beginning of the whole one otherwise.
    /// </summary>
    internal static string? WholeHash(string? hash, string? full) => hash is not null && full?.StartsWith(hash, StringComparison.Ordinal) == true ? full : hash;
}
