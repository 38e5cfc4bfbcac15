using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;

namespace AutoStack.Data.Accounts;

/// <summary>The scopes of a GitHub token: <c>github_connections.scope</c>, separated by commas or spaces.</summary>
[JsonConverter(typeof(ParsableConverter<GitHubScopes>))]
public sealed class GitHubScopes : IEquatable<GitHubScopes>, IParsable<GitHubScopes>
{
    private static readonly char[] Separators = [',', ' '];

    private readonly string text;
    private readonly FrozenSet<string> scopes;

    private GitHubScopes(string text)
    {
        this.text = text;
        scopes = text.Split(Separators, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .ToFrozenSet(StringComparer.Ordinal);
    }

    /// <summary>No scope.</summary>
    public static GitHubScopes None { get; } = new("");

    /// <summary>Parses scopes as GitHub writes them: <c>repo,user:email</c> or <c>repo user:email</c>.</summary>
    /// <param name="text">The text; null and blank text are <see cref="None"/>.</param>
    /// <returns>The scopes.</returns>
    public static GitHubScopes Parse(string? text) => string.IsNullOrEmpty(text) ? None : new(text);

    static GitHubScopes IParsable<GitHubScopes>.Parse(string s, IFormatProvider? provider) => Parse(s);

    static bool IParsable<GitHubScopes>.TryParse(
        [NotNullWhen(true)] string? s, IFormatProvider? provider, [MaybeNullWhen(false)] out GitHubScopes result)
    {
        result = s is null ? null : Parse(s);
        return s is not null;
    }

    /// <summary>
    /// Whether the scopes contain a scope, or a wider one that includes it (<c>repo</c> includes <c>repo:status</c>, <c>user</c> includes
    /// <c>user:email</c>).
    /// </summary>
    /// <param name="scope">For example <c>user:email</c>.</param>
    /// <returns>True when the scope is allowed.</returns>
    /// <exception cref="ArgumentException"><paramref name="scope"/> is null or blank.</exception>
    public bool Allow(string scope)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(scope);
        return scopes.Contains(scope)
            || (scope.IndexOf(':', StringComparison.Ordinal) is > 0 and var colon && scopes.Contains(scope[..colon]));
    }

    /// <inheritdoc/>
    public bool Equals(GitHubScopes? other) => other is not null && scopes.SetEquals(other.scopes);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as GitHubScopes);

    /// <inheritdoc/>
    public override int GetHashCode() => scopes.Aggregate(0, (hash, scope) => hash ^ StringComparer.Ordinal.GetHashCode(scope));

    /// <summary>The text that was parsed.</summary>
    /// <returns>For example <c>repo,user:email</c>.</returns>
    public override string ToString() => text;
}
