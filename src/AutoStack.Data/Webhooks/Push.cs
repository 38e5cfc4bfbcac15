using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using AutoStack.Data.Deployments;
using AutoStack.Data.Projects;

namespace AutoStack.Data.Webhooks;

/// <summary>A push, as the body of a webhook describes it.</summary>
public sealed record Push
{
    /// <summary>The most branches and tags that are read of one push.</summary>
    public const int MaxRefs = 1000;

    /// <summary>The provider.</summary>
    public required WebhookProvider Provider { get; init; }

    /// <summary>The address of the repository; <c>key/slug</c> when the body names no host, as that of Bitbucket Data Center.</summary>
    public required string Repository { get; init; }

    /// <summary>The provider's id of the repository, which renames and transfers keep.</summary>
    public required string RepositoryId { get; init; }

    /// <summary>The branches and tags that were pushed, one per name, up to <see cref="MaxRefs"/>.</summary>
    public required IReadOnlyList<PushedRef> Refs { get; init; }

    /// <summary>The host of the repository in lower case; empty when the body names none.</summary>
    public string Host => RepositoryAddress.Of(Repository).Host;

    /// <summary>Reads a push of GitHub, GitLab, Bitbucket Cloud or Bitbucket Data Center. Never fails, whatever the body holds.</summary>
    /// <param name="provider">Who sent it.</param>
    /// <param name="body">The body.</param>
    /// <param name="push">The push; null when the body is that of another event, or lacks the repository or its id.</param>
    /// <returns>True when the body is a push.</returns>
    public static bool TryParse(WebhookProvider provider, JsonElement body, [NotNullWhen(true)] out Push? push)
    {
        push = PushParser.Parse(provider, body);
        return push is not null;
    }
}

/// <summary>A branch or tag that was pushed.</summary>
public sealed record PushedRef
{
    /// <summary>What it is.</summary>
    public required PushedRefKind Kind { get; init; }

    /// <summary>The name, without <c>refs/heads/</c> or <c>refs/tags/</c>; that of another reference in full.</summary>
    public required string Name { get; init; }

    /// <summary>True when it was deleted.</summary>
    public required bool IsDeleted { get; init; }

    /// <summary>The commit before; null when it was created.</summary>
    public required string? Before { get; init; }

    /// <summary>The commit now; null when it was deleted, or the body does not say.</summary>
    public required CommitInfo? Commit { get; init; }
}

/// <summary>What kind of reference was pushed.</summary>
public enum PushedRefKind
{
    /// <summary>A branch.</summary>
    Branch,

    /// <summary>A tag.</summary>
    Tag,

    /// <summary>Another reference, such as one of a pull request.</summary>
    Other,
}
