using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using AutoStack.Data.Deployments;
using AutoStack.Data.Projects;

namespace AutoStack.Data.Webhooks;

/// <summary>A push, as the body of a webhook describes it.</summary>
public sealed record Push
{
    /// <summary>The maximum number of branches and tags read from one push.</summary>
    public const int MaxRefs = 1000;

    /// <summary>The provider.</summary>
    public required WebhookProvider Provider { get; init; }

    /// <summary>
    /// The address of the repository; <c>key/slug</c> when the body does not name a host, as that of Bitbucket Data Center.
    /// </summary>
    public required string Repository { get; init; }

    /// <summary>The provider's id of the repository, which is kept by renames and transfers.</summary>
    public required string RepositoryId { get; init; }

    /// <summary>The pushed branches and tags, one per name, at most <see cref="MaxRefs"/>.</summary>
    public required IReadOnlyList<PushedRef> Refs { get; init; }

    /// <summary>The host of the repository in lower case; empty when the body does not name one.</summary>
    public string Host => RepositoryAddress.Of(Repository).Host;

    /// <summary>Parses a push of GitHub, GitLab, Bitbucket Cloud or Bitbucket Data Center. Never throws, whatever the body.</summary>
    /// <param name="provider">The provider that sent the body.</param>
    /// <param name="body">The body.</param>
    /// <param name="push">The push; null when the body is of another event, or without repository or id.</param>
    /// <returns>True when the body is a push.</returns>
    public static bool TryParse(WebhookProvider provider, JsonElement body, [NotNullWhen(true)] out Push? push)
    {
        push = PushParser.Parse(provider, body);
        return push is not null;
    }
}

/// <summary>A pushed branch or tag.</summary>
public sealed record PushedRef
{
    /// <summary>The kind of reference.</summary>
    public required PushedRefKind Kind { get; init; }

    /// <summary>The name without <c>refs/heads/</c> or <c>refs/tags/</c>; the full name of any other reference.</summary>
    public required string Name { get; init; }

    /// <summary>True when the push deleted the reference.</summary>
    public required bool IsDeleted { get; init; }

    /// <summary>The commit before the push; null when the push created the reference.</summary>
    public required string? Before { get; init; }

    /// <summary>The commit after the push; null when the push deleted the reference, or the body does not name the commit.</summary>
    public required CommitInfo? Commit { get; init; }
}

/// <summary>The kind of a pushed reference.</summary>
public enum PushedRefKind
{
    /// <summary>A branch.</summary>
    Branch,

    /// <summary>A tag.</summary>
    Tag,

    /// <summary>Another reference, such as one of a pull request.</summary>
    Other,
}
