using AutoStack.Data.Accounts;

namespace AutoStack.Data.Tests.Support;

/// <summary>Rotations by a client that keeps no request: each call is a request of its own.</summary>
internal static class Rotations
{
    public static Task<RotationResult> RotateAsync(
        this ISessionRepository sessions, SessionToken presented, ClientKey? client, TimeSpan lifetime, CancellationToken token) =>
        sessions.RotateAsync(new RotationRequest { Presented = presented, Client = client, Lifetime = lifetime }, token);
}
