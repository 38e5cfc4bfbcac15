namespace AutoStack.Data.Accounts;

/// <summary>
/// One rotation of a token, which can be repeated: after an exception with <see cref="DatabaseUnavailableException.OutcomeUnknown"/> call
/// <see cref="ISessionRepository.RotateAsync"/> with the same object again, however much later. The
/// object holds the next token, which no other request has: use a new object for each request of a client.
/// </summary>
public sealed class RotationRequest
{
    /// <summary>The token that the client has.</summary>
    public required SessionToken Presented { get; init; }

    /// <summary>
    /// The client key that was presented; null when none was. A session that is bound to another key is not rotated
    /// (<see cref="RotationOutcome.WrongClient"/>). A session without a key is bound to the first key that rotates its token.
    /// </summary>
    public ClientKey? Client { get; init; }

    /// <summary>
    /// How long the next token is valid; above zero, up to ten years. <see cref="AccountOptions.MaxSignInAge"/> shortens it.
    /// </summary>
    public TimeSpan Lifetime { get; init; } = NewSession.DefaultLifetime;

    /// <summary>The token that the rotation creates.</summary>
    internal SessionToken Next { get; } = SessionToken.New();
}
