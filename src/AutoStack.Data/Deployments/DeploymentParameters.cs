using System.Runtime.CompilerServices;
using AutoStack.Data.Logs;
using AutoStack.Data.Postgres;
using AutoStack.Data.Values;
using Npgsql;

namespace AutoStack.Data.Deployments;

/// <summary>
/// Parameters that several statements on deployments take: a commit, a reason, an address, and the place after which a page starts.
/// </summary>
internal static class DeploymentParameters
{
    /// <summary>
    /// The condition of a page that goes from the newest to the oldest deployment. Needs the row <c>d</c> and the parameters of
    /// <see cref="OfCursor"/>.
    /// </summary>
    internal const string After = "(d.created_at, d.id) < (@createdAt, @id)";

    // The length of commit_hash.
    private const int ShortHash = 40;

    /// <summary><c>@createdAt</c> and <c>@id</c> of <see cref="After"/>.</summary>
    /// <exception cref="ArgumentException">The cursor is from another kind of list.</exception>
    internal static NpgsqlParameter[] OfCursor(Cursor cursor)
    {
        var (createdAt, id) = cursor.ToMoment() ?? (Time.Infinity, Guid.AllBitsSet);
        return [P.Moment(createdAt), P.Of(id)];
    }

    /// <summary>
    /// The columns of a commit: <c>@hash</c>, <c>@hashFull</c>, <c>@message</c>, <c>@author</c> and <c>@timestamp</c>; all NULL for a
    /// commit that is not known yet.
    /// </summary>
    internal static NpgsqlParameter[] OfCommit(
        LogSecrets secrets, Guid id, CommitInfo? commit, [CallerArgumentExpression(nameof(commit))] string name = "")
    {
        var hash = commit is null ? null : P.Fitting(commit.Hash, CommitInfo.MaxHashLength, $"{name}.Hash");
        return
        [
            P.TextOrNull(hash is null ? null : Text.Cut(hash, ShortHash), name: "hash"),
            P.TextOrNull(hash?.Length > ShortHash ? hash : null, name: "hashFull"),
            P.TextOrNull(BuildText.Of(secrets, id, commit?.Message, CommitInfo.MaxMessageLength), name: "message"),
            P.TextOrNull(BuildText.Of(secrets, id, commit?.Author, CommitInfo.MaxAuthorLength), name: "author"),
            P.Of(commit?.Timestamp, "timestamp"),
        ];
    }

    /// <summary>The reason that a caller gives, masked: <c>@reason</c>.</summary>
    /// <exception cref="ArgumentException">The reason is too long.</exception>
    internal static NpgsqlParameter Reason(LogSecrets secrets, Guid id, string? reason) => P.TextOrNull(
        reason is null ? null : BuildText.Masked(secrets, id, reason, Deployment.MaxReasonLength, nameof(reason)),
        Deployment.MaxReasonLength,
        nameof(reason));

    /// <summary>The address of a deployment, masked: <c>@deployedUrl</c>.</summary>
    /// <exception cref="ArgumentException">The address is too long.</exception>
    internal static NpgsqlParameter Url(LogSecrets secrets, Guid id, string? deployedUrl) => P.TextOrNull(
        deployedUrl is null ? null : BuildText.Masked(secrets, id, deployedUrl, Deployment.MaxUrlLength, nameof(deployedUrl)),
        Deployment.MaxUrlLength,
        nameof(deployedUrl));

    /// <summary>
    /// The id of a commit from its two columns. A later writer's <c>commit_hash</c> wins: it is the beginning of the whole id otherwise.
    /// </summary>
    internal static string? WholeHash(string? hash, string? full) =>
        hash is not null && full?.StartsWith(hash, StringComparison.Ordinal) == true ? full : hash;
}
