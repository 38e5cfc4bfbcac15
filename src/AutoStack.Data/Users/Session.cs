using AutoStack.Data.Security;

namespace AutoStack.Data.Users;

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
}

/// <summary>A session to be made.</summary>
public sealed record NewSession
{
    /// <summary>How long a session lasts unless said otherwise: 7 days.</summary>
    public static TimeSpan DefaultLifetime { get; } = TimeSpan.FromDays(7);

    /// <summary>The id; null to have one made. With one, a repeated request finds the row of the first.</summary>
    public Guid? Id { get; init; }

    /// <summary>The user.</summary>
    public required Guid UserId { get; init; }

    /// <summary>The token that the client gets.</summary>
    public required SessionToken Token { get; init; }

    /// <summary>How long the token is accepted; above zero, up to ten years.</summary>
    public TimeSpan Lifetime { get; init; } = DefaultLifetime;
}

/// <summary>A session and its user.</summary>
/// <param name="Session">The session.</param>
/// <param name="User">The user.</param>
public sealed record SessionWithUser(Session Session, User User);

/// <summary>What came of an exchange of tokens.</summary>
/// <param name="Outcome">Whether the next token is valid, and if not, why.</param>
/// <param name="Next">The new session and its user; null unless <see cref="RotationOutcome.Rotated"/>.</param>
public sealed record Rotation(RotationOutcome Outcome, SessionWithUser? Next)
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

    /// <summary>The session has expired.</summary>
    Expired,

    /// <summary>Another request exchanged the token a moment ago. The client has, or gets, that answer: it is no thief and need not sign in again.</summary>
    RotatedByAnother,

    /// <summary>The token was exchanged before: somebody has a copy. All sessions of the family are revoked.</summary>
    Reused,
}
