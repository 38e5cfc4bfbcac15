namespace AutoStack.Data.Users;

/// <summary>A password reset that a user asked for. The token is not part of it.</summary>
public sealed record PasswordResetToken
{
    /// <summary>How long a token is accepted unless said otherwise: 1 hour.</summary>
    public static TimeSpan DefaultLifetime { get; } = TimeSpan.FromHours(1);

    /// <summary>The id.</summary>
    public required Guid Id { get; init; }

    /// <summary>The user.</summary>
    public required Guid UserId { get; init; }

    /// <summary>From when on the token is refused.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>When it was used, or replaced by a newer one; null until then.</summary>
    public required DateTimeOffset? UsedAt { get; init; }

    /// <summary>When it was issued.</summary>
    public required DateTimeOffset CreatedAt { get; init; }
}
