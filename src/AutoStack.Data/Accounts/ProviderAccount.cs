using System.Runtime.CompilerServices;
using AutoStack.Data.Postgres;
using Npgsql;

namespace AutoStack.Data.Accounts;

/// <summary>
/// An account at a provider, as statements compare it: of GitHub and Google with columns of <c>users</c>, of the others with a row of
/// <c>user_identities</c>. The values of the other providers are null, and are equal to nothing.
/// </summary>
/// <param name="GitHubId">The id at GitHub.</param>
/// <param name="GoogleId">The id at Google.</param>
/// <param name="Provider">The name of another provider, as it is stored.</param>
/// <param name="ProviderId">The id at that provider.</param>
internal sealed record ProviderAccount(string? GitHubId, string? GoogleId, string? Provider, string? ProviderId)
{
    /// <summary>
    /// Whether a user <c>u</c> is linked with the account. Needs <see cref="Parameters"/>. The sub-select refers to no row of the
    /// statement: the server evaluates it once, and finds the user by an index.
    /// </summary>
    internal const string IsLinked = """
        (u.github_id::text = @gitHubId OR u.google_id::text = @googleId OR u.id = (
            SELECT i.user_id
            FROM user_identities i
            WHERE i.provider_id::text = @providerId AND i.provider::text = @provider))
        """;

    /// <summary>
    /// Whether a user <c>u</c> has no link with an account of the provider, neither this one nor another. Needs <see cref="Parameters"/>.
    /// </summary>
    internal const string HasNone = $"""
        CASE
            WHEN @gitHubId IS NOT NULL THEN u.github_id IS NULL
            WHEN @googleId IS NOT NULL THEN u.google_id IS NULL
            ELSE NOT {UserIdentities.HasProvider}
        END
        """;

    private string Key => GitHubId is not null ? $"GitHub:{GitHubId}"
        : GoogleId is not null ? $"Google:{GoogleId}"
        : $"{Provider}:{ProviderId}";

    /// <summary>The account of a provider's id.</summary>
    /// <exception cref="ArgumentException">
    /// The provider is not defined, or the id is null, blank or longer than 255 characters.
    /// </exception>
    public static ProviderAccount Of(
        IdentityProvider provider,
        string providerId,
        [CallerArgumentExpression(nameof(provider))] string providerName = "",
        [CallerArgumentExpression(nameof(providerId))] string idName = "")
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(providerId, idName);
        P.Fitting(providerId, 255, idName);
        return provider switch
        {
            IdentityProvider.GitHub => new(providerId, null, null, null),
            IdentityProvider.Google => new(null, providerId, null, null),
            IdentityProvider.GitLab => new(null, null, UserIdentities.GitLab, providerId),
            IdentityProvider.Bitbucket => new(null, null, UserIdentities.Bitbucket, providerId),
            _ => throw new ArgumentOutOfRangeException(providerName, provider, "The provider is not defined."),
        };
    }

    /// <summary>
    /// Locks the account until the commit: of two concurrent links with it, the second one sees the first.
    /// </summary>
    public Statement Lock() => new("""
        SELECT 1
        FROM pg_catalog.pg_advisory_xact_lock('users'::regclass::oid::int, pg_catalog.hashtext(@account))
        """, P.Text(Key, name: "account"));

    /// <summary>The account as parameters.</summary>
    public NpgsqlParameter[] Parameters() =>
    [
        P.TextOrNull(GitHubId),
        P.TextOrNull(GoogleId),
        P.TextOrNull(Provider),
        P.TextOrNull(ProviderId),
    ];
}
