using System.Globalization;
using System.Text.Json;
using AutoStack.Data.Deployments;
using AutoStack.Data.Projects;
using AutoStack.Data.Values;

namespace AutoStack.Data.Webhooks;

/// <summary>
/// Parses the pushes of each provider, by its documentation and real bodies. A property of an unexpected type counts as missing.
/// </summary>
internal static class PushParser
{
    /// <summary>Returns the push; null when the body is not a push.</summary>
    public static Push? Parse(WebhookProvider provider, JsonElement body)
    {
        if (body.ValueKind != JsonValueKind.Object)
        {
            return null;
        }

        body = JsonElement.Parse(JsonText.Clean(body, nameof(body)), JsonText.Options);
        return provider == WebhookProvider.GitHub ? GitHub(body)
            : provider == WebhookProvider.GitLab ? GitLab(body)
            : provider != WebhookProvider.Bitbucket ? null
            : Get(body, "push") is { ValueKind: JsonValueKind.Object } ? BitbucketCloud(body)
            : BitbucketDataCenter(body);
    }

    private static Push? GitHub(JsonElement body)
    {
        var repository = Get(body, "repository");
        var address = Text(repository, "clone_url") ?? Text(repository, "html_url") ?? Text(repository, "full_name");
        return Text(body, "ref") is { } name && name.StartsWith("refs/", StringComparison.Ordinal) && Text(body, "after") is { } after
            ? Make(
                WebhookProvider.GitHub,
                address,
                Text(repository, "id"),
                [Ref(name, Text(body, "before"), after, GitHubCommit(Get(body, "head_commit"), after))])
            : null;
    }

    private static Push? GitLab(JsonElement body)
    {
        if ((Text(body, "object_kind") ?? Text(body, "event_name")) is not ("push" or "tag_push")
            || Text(body, "ref") is not { } name || Text(body, "after") is not { } after)
        {
            return null;
        }

        var project = Get(body, "project");
        var repository = Get(body, "repository");
        var address = Text(project, "git_http_url") ?? Text(project, "http_url") ?? Text(project, "web_url")
            ?? Text(repository, "git_http_url") ?? Text(repository, "homepage");
        var id = Text(project, "id") ?? Text(body, "project_id");

        // An annotated tag names both its own object and its commit.
        var hash = Text(body, "checkout_sha") ?? after;
        var commits = Elements(Get(body, "commits")).ToList();
        var commit = commits.Find(c => Text(c, "id") == hash);
        return Make(WebhookProvider.GitLab, address, id, [Ref(name, Text(body, "before"), after, GitHubCommit(commit, hash))]);
    }

    private static Push? BitbucketCloud(JsonElement body)
    {
        var repository = Get(body, "repository");
        var address = Text(Get(repository, "links", "html"), "href")
            ?? (Text(repository, "full_name") is { } name ? $"https://bitbucket.org/{name}" : null);
        return Make(WebhookProvider.Bitbucket, address, Text(repository, "uuid"), Elements(Get(body, "push", "changes")).Select(change =>
        {
            var (now, old) = (Get(change, "new"), Get(change, "old"));
            var named = now.ValueKind == JsonValueKind.Object ? now : old;
            var target = Get(now, "target");
            return Text(named, "name") is not { } name ? null : new PushedRef
            {
                Kind = Text(named, "type") is "tag" or "annotated_tag" ? PushedRefKind.Tag : PushedRefKind.Branch,
                Name = name,
                IsDeleted = now.ValueKind != JsonValueKind.Object,
                Before = Hash(Text(Get(old, "target"), "hash")),
                Commit = Commit(
                    Text(target, "hash"),
                    Text(target, "message"),
                    Text(Get(target, "author", "user"), "display_name") ?? Text(Get(target, "author"), "raw"),
                    Text(target, "date")),
            };
        }));
    }

    // The body has neither host nor address in most versions: the key of the project and the slug identify the repository.
    private static Push? BitbucketDataCenter(JsonElement body)
    {
        if (Text(body, "eventKey") is not "repo:refs_changed")
        {
            return null;
        }

        var repository = Get(body, "repository");
        var address = Elements(Get(repository, "links", "clone")).Concat(Elements(Get(repository, "links", "self")))
                .Select(link => Text(link, "href")).FirstOrDefault(href => href is not null)
            ?? (Text(Get(repository, "project"), "key") is { } key && Text(repository, "slug") is { } slug ? $"{key}/{slug}" : null);
        var commits = new Dictionary<string, JsonElement>();
        foreach (var commit in Elements(Get(body, "commits")).Append(Get(body, "toCommit")))
        {
            commits.TryAdd(Text(commit, "id") ?? "", commit);
        }

        return Make(WebhookProvider.Bitbucket, address, Text(repository, "id"), Elements(Get(body, "changes")).Select(change =>
        {
            var hash = Text(change, "toHash");
            var commit = commits.GetValueOrDefault(hash ?? "");
            var time = Get(commit, "authorTimestamp") is { ValueKind: JsonValueKind.Number } ms
                && ms.TryGetInt64(out var value) && value is > 0 and < 253_402_300_800_000
                ? DateTimeOffset.FromUnixTimeMilliseconds(value).ToString("O", CultureInfo.InvariantCulture) : null;
            return (Text(Get(change, "ref"), "id") ?? Text(change, "refId")) is not { } name ? null
                : Ref(
                    name,
                    Text(change, "fromHash"),
                    hash ?? "",
                    Commit(hash, Text(commit, "message"), Text(Get(commit, "author"), "name"), time));
        }));
    }

    private static Push? Make(WebhookProvider provider, string? address, string? id, IEnumerable<PushedRef?> refs)
    {
        if (string.IsNullOrWhiteSpace(address) || address.Length > RepositoryAddress.MaxLength
            || string.IsNullOrWhiteSpace(id) || id.Length > RepositoryAccess.MaxRepositoryIdLength)
        {
            return null;
        }

        // The last change of each name counts: one push may delete a branch and create it again.
        var last = new Dictionary<(PushedRefKind, string), PushedRef>();
        foreach (var pushed in refs.OfType<PushedRef>().Where(pushed => !string.IsNullOrWhiteSpace(pushed.Name)).Take(Push.MaxRefs))
        {
            last[(pushed.Kind, pushed.Name)] = pushed;
        }

        return new Push { Provider = provider, Repository = address, RepositoryId = id.Trim(), Refs = [.. last.Values] };
    }

    private static PushedRef Ref(string name, string? before, string after, CommitInfo? commit)
    {
        var (kind, own) =
            name.StartsWith(BranchName.Prefix, StringComparison.Ordinal) ? (PushedRefKind.Branch, name[BranchName.Prefix.Length..])
            : name.StartsWith("refs/tags/", StringComparison.Ordinal) ? (PushedRefKind.Tag, name["refs/tags/".Length..])
            : (PushedRefKind.Other, name);
        var isDeleted = after.Length > 0 && after.All(c => c == '0');
        return new PushedRef { Kind = kind, Name = own, IsDeleted = isDeleted, Before = Hash(before), Commit = isDeleted ? null : commit };
    }

    private static CommitInfo? GitHubCommit(JsonElement commit, string hash)
    {
        var author = Get(commit, "author");
        return Commit(hash, Text(commit, "message"), Text(author, "name") ?? Text(author, "username"), Text(commit, "timestamp"));
    }

    // A long message is cut when it is stored, with a mark and after its secrets were masked.
    private static CommitInfo? Commit(string? hash, string? message, string? author, string? time) =>
        Hash(hash) is { } known
            ? new CommitInfo(
                known,
                message,
                author,
                DateTimeOffset.TryParse(time, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at) ? at : null)
            : null;

    // The id of a commit; null for any other text, and for the zeros that mean no commit.
    private static string? Hash(string? text) =>
        text is { Length: 40 or 64 } && text.All(char.IsAsciiHexDigit) && text.Any(c => c != '0') ? text.ToLowerInvariant() : null;

    private static JsonElement Get(JsonElement element, params ReadOnlySpan<string> path)
    {
        foreach (var name in path)
        {
            if (element.ValueKind != JsonValueKind.Object || !element.TryGetProperty(name, out element))
            {
                return default;
            }
        }

        return element;
    }

    private static string? Text(JsonElement element, string name) => Get(element, name) switch
    {
        { ValueKind: JsonValueKind.String } text => text.GetString(),
        { ValueKind: JsonValueKind.Number } number => number.GetRawText(),
        _ => null,
    };

    private static JsonElement[] Elements(JsonElement element) =>
        element.ValueKind == JsonValueKind.Array ? [.. element.EnumerateArray()] : [];
}
