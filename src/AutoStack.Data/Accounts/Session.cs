namespace AutoStack.Data.Accounts;

/// <summary>A signed-in client. The token is not part of it.</summary>
public sealed record Session
{
    /// <summary>The id.</summary>
    public required Guid Id { get; init; }

    /// <summary>The user.</summary>
    public required Guid UserId { get; init; }

    /// <summary>From when on the token is refused.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>When the session was made.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>The sign-in that it came out of, by rotation; null for the first of its family, whose id names it.</summary>
    public required Guid? FamilyId { get; init; }

    /// <summary>When it was exchanged for the next one; null while it is in use.</summary>
    public required DateTimeOffset? RotatedAt { get; init; }

    /// <summary>
    /// When the user signed in, by the database's clock; the same for every session of a family. Null when another program made the
    /// session and nobody has
    /// exchanged it yet: such a sign-in is not fresh.
    /// </summary>
    public required DateTimeOffset? SignedInAt { get; init; }
}

/// <summary>A session to be made. Its token is made with it: <see cref="IssuedSession.Token"/>.</summary>
public sealed record NewSession
{
    /// <summary>How long a session lasts unless said otherwise: 7 days.</summary>
    public static TimeSpan DefaultLifetime { get; } = TimeSpan.FromDays(7);

    /// <summary>
    /// The id; null to generate one. A repeated request with the same id, user and <see cref="Client"/> returns the first request's
    /// session and token; without a
    /// client it is refused, since nobody but the client that got the first answer may have that token.
    /// </summary>
    public Guid? Id { get; init; }

    /// <summary>The user.</summary>
    public required Guid UserId { get; init; }

    /// <summary>The client that signs in; null binds the session to no client: whoever has its token can exchange it.</summary>
    public ClientKey? Client { get; init; }

    /// <summary>How long the token is accepted; above zero, up to ten years. <see cref="AccountOptions.MaxSignInAge"/> shortens
    /// it.</summary>
    public TimeSpan Lifetime { get; init; } = DefaultLifetime;
}

/// <summary>A session that was made, with its token.</summary>
/// <param name="Session">The session.</param>
/// <param name="Token">The token, to be given to the client; it cannot be read again.</param>
public sealed record IssuedSession(Session Session, SessionToken Token);

/// <summary>A session and its user.</summary>
/// <param name="Session">The session.</param>
/// <param name="User">The user.</param>
public sealed record SessionWithUser(Session Session, User User);

/// <summary>What came of an exchange of tokens.</summary>
/// <param name="Outcome">Whether the next token is valid, and if not, why.</param>
/// <param name="Next">The new session and its user; null unless <see cref="RotationOutcome.Rotated"/>.</param>
/// <param name="Token">The new session's token, to be given to the client; null unless <see cref="RotationOutcome.Rotated"/>.</param>
public sealed record RotationResult(RotationOutcome Outcome, SessionWithUser? Next, SessionToken? Token)
{
    /// <summary>For how long after an exchange a second one of the same token counts as parallel and not as theft: 10 s.</summary>
    public static TimeSpan Grace { get; } = TimeSpan.FromSeconds(10);
}

/// <summary>How an exchange of tokens ended.</summary>
public enum RotationOutcome
{
    /// <summary>The next token is valid, the presented one no longer.</summary>
    Rotated,

    /// <summary>There is no such session.</summary>
    Unknown,

    /// <summary>The session has expired, or its sign-in is older than <see cref="AccountOptions.MaxSignInAge"/>.</summary>
    Expired,

    /// <summary>
    /// Another request exchanged the token at most <see cref="RotationResult.Grace"/> ago, and this one does not prove that it comes from
    /// the same client. The client has, or gets, that answer, and need not sign in again.
    /// </summary>
    RotatedByAnother,

    /// <summary>The token was exchanged before: somebody has a copy. All sessions of the family are revoked.</summary>
    Reused,

    /// <summary>The session is bound to another client key than the presented one, or to one and none was presented. The session stays as
    /// it is.</summary>
    WrongClient,
}
