using AutoStack.Data.Postgres;
using AutoStack.Data.Values;
using Npgsql;

namespace AutoStack.Data.Accounts;

/// <summary>The statements on the table <c>user_identities</c>, most of them parts of statements on <c>users</c>.</summary>
internal static class UserIdentities
{
    /// <summary>The name of GitLab in the table.</summary>
    public const string GitLab = "gitlab";

    /// <summary>The name of Bitbucket in the table.</summary>
    public const string Bitbucket = "bitbucket";

    /// <summary>
    /// Links the users of a CTE <c>linked</c> with an account, and replaces a link of such a user with another account of the provider.
    /// Does nothing for GitHub and Google. Needs the parameters of the account, <c>@identityId</c> and <c>@now</c>.
    /// </summary>
    internal const string AddToLinked = $"""
        INSERT INTO user_identities AS i (id, user_id, provider, provider_id, linked_at)
        SELECT @identityId::uuid, l.id, @provider::text, @providerId::text, {ServerTime.Present}
        FROM linked l
        WHERE @provider::text IS NOT NULL
        ON CONFLICT (user_id, provider) DO UPDATE
        SET provider_id = excluded.provider_id, linked_at = excluded.linked_at
        """;

    /// <summary>Removes the link of the users of a CTE <c>unlinked</c> with the provider <c>@provider</c>.</summary>
    internal const string RemoveFromUnlinked = """
        DELETE FROM user_identities i
        USING unlinked l
        WHERE i.user_id = l.id AND i.provider::text = @provider
        """;

    /// <summary>Whether a user <c>u</c> is linked with the provider <c>@provider</c>.</summary>
    internal const string HasProvider =
        "EXISTS (SELECT FROM user_identities i WHERE i.user_id = u.id AND i.provider::text = @provider)";

    /// <summary>Whether a user <c>u</c> is linked with a provider of the table that is not <c>@provider</c>.</summary>
    internal const string HasOther =
        "EXISTS (SELECT FROM user_identities i WHERE i.user_id = u.id AND i.provider::text IS DISTINCT FROM @provider)";

    /// <summary>The ids of a user <c>u</c> at GitLab and at Bitbucket; NULL for no link.</summary>
    internal const string IdsOfUser = $"""
        (SELECT i.provider_id FROM user_identities i WHERE i.user_id = u.id AND i.provider::text = '{GitLab}'),
            (SELECT i.provider_id FROM user_identities i WHERE i.user_id = u.id AND i.provider::text = '{Bitbucket}')
        """;

    /// <summary>The parameter <c>@identityId</c>.</summary>
    public static NpgsqlParameter NewId() => P.Of(Ids.New(), "identityId");

    /// <summary>Removes the links of the user in <see cref="Chosen.Ids"/> that <paramref name="keep"/> does not name.</summary>
    public static Statement RemoveOfChosen(AccountLinks keep) => new($"""
        DELETE FROM user_identities i
        WHERE i.user_id = ANY ({Chosen.Ids}) AND i.provider::text <> ALL (@kept)
        """, P.Of(Kept(keep), "kept"));

    private static string[] Kept(AccountLinks keep)
    {
        var kept = new List<string>();
        if (keep.HasFlag(AccountLinks.GitLab))
        {
            kept.Add(GitLab);
        }

        if (keep.HasFlag(AccountLinks.Bitbucket))
        {
            kept.Add(Bitbucket);
        }

        return [.. kept];
    }
}
