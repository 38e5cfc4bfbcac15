namespace AutoStack.Data.Accounts;

/// <summary>A session of a signed-in client. The token is not part of it.</summary>
public sealed record Session
{
    /// <summary>The id.</summary>
    public required Guid Id { get; init; }

    /// <summary>The user.</summary>
    public required Guid UserId { get; init; }

    /// <summary>When the token expires.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>When the session was created.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>
    /// The family: the id of the first session of the sign-in, from which rotation created this one. Null for the first session itself.
    /// </summary>
    public required Guid? FamilyId { get; init; }

    /// <summary>When the token was rotated, which created the next session; null while the token is in use.</summary>
    public required DateTimeOffset? RotatedAt { get; init; }

    /// <summary>
    /// When the user signed in, by the database's clock; the same for every session of a family. Null when another program created the
    /// session and its token was never rotated: such a sign-in is not fresh.
    /// </summary>
    public required DateTimeOffset? SignedInAt { get; init; }
}

/// <summary>A session to add. The library generates its token: <see cref="IssuedSession.Token"/>.</summary>
public sealed record NewSession
{
    /// <summary>The default of <see cref="Lifetime"/>: 7 days.</summary>
    public static TimeSpan DefaultLifetime { get; } = TimeSpan.FromDays(7);

    /// <summary>
    /// The id, not the empty one; null to generate one. A repeated request with the same id, user and <see cref="Client"/> returns the
    /// first request's session and token. Without a client a repeated request is refused: only the client that received the first answer
    /// may have that token.
    /// </summary>
    public Guid? Id { get; init; }

    /// <summary>The user.</summary>
    public required Guid UserId { get; init; }

    /// <summary>The client that signs in. Null binds the session to no client: anyone who has its token can rotate the token.</summary>
    public ClientKey? Client { get; init; }

    /// <summary>
    /// How long the token is valid; above zero, up to ten years. <see cref="AccountOptions.MaxSignInAge"/> shortens it.
    /// </summary>
    public TimeSpan Lifetime { get; init; } = DefaultLifetime;
}

/// <summary>A new session with its token.</summary>
/// <param name="Session">The session.</param>
/// <param name="Token">The token, for the client; it cannot be read again.</param>
public sealed record IssuedSession(Session Session, SessionToken Token);

/// <summary>The result of <see cref="ISessionRepository.AddVerifiedAsync"/>.</summary>
/// <param name="Outcome">Whether the session was added.</param>
/// <param name="Issued">The session and its token; null unless the outcome is <see cref="SessionIssueOutcome.Issued"/>.</param>
public sealed record SessionIssueResult(SessionIssueOutcome Outcome, IssuedSession? Issued);

/// <summary>How <see cref="ISessionRepository.AddVerifiedAsync"/> ended.</summary>
public enum SessionIssueOutcome
{
    /// <summary>The session was added.</summary>
    Issued,

    /// <summary>
    /// The user has another password hash than the one that was verified, or does not exist any more. Nothing was added: read the
    /// credentials and verify the password again.
    /// </summary>
    Superseded,
}

/// <summary>A session and its user.</summary>
/// <param name="Session">The session.</param>
/// <param name="User">The user.</param>
public sealed record SessionWithUser(Session Session, User User);

/// <summary>The result of <see cref="ISessionRepository.RotateAsync"/>.</summary>
/// <param name="Outcome">Whether the token was rotated, and if not, why.</param>
/// <param name="Next">The new session and its user; null unless the outcome is <see cref="RotationOutcome.Rotated"/>.</param>
/// <param name="Token">The new session's token, for the client; null unless the outcome is <see cref="RotationOutcome.Rotated"/>.</param>
public sealed record RotationResult(RotationOutcome Outcome, SessionWithUser? Next, SessionToken? Token)
{
    /// <summary>How long after a rotation a second one of the same token counts as concurrent and not as theft: 10 s.</summary>
    public static TimeSpan Grace { get; } = TimeSpan.FromSeconds(10);
}

/// <summary>How <see cref="ISessionRepository.RotateAsync"/> ended.</summary>
public enum RotationOutcome
{
    /// <summary>The next token is valid; the presented token no longer is.</summary>
    Rotated,

    /// <summary>No session has the token.</summary>
    Unknown,

    /// <summary>The session has expired, or its sign-in is older than <see cref="AccountOptions.MaxSignInAge"/>.</summary>
    Expired,

    /// <summary>
    /// Another request rotated the token at most <see cref="RotationResult.Grace"/> ago, and this request does not prove that it comes from
    /// the same client. The client receives the next token with the other answer, and need not sign in again.
    /// </summary>
    RotatedByAnother,

    /// <summary>The token was rotated before: somebody has a copy of it. All sessions of the family were revoked.</summary>
    Reused,

    /// <summary>
    /// The session is bound to a client key, and another key or none was presented. The session is unchanged.
    /// </summary>
    WrongClient,
}
