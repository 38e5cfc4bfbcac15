using System.Net;
using AutoStack.Data.Accounts;

namespace AutoStack.Data.Tests.Accounts;

/// <summary>Calls whose records tests would write out in every line.</summary>
internal static class AccountCalls
{
    public static Task<SignInAttemptResult> AcquireAsync(
        this ISignInThrottle throttle, string email, IPAddress address, ClientKey? client, CancellationToken token) =>
        throttle.AcquireAsync(new SignInAttempt { Email = email, Address = address, Client = client }, token);

    public static Task RecordSuccessAsync(
        this ISignInThrottle throttle, string email, IPAddress address, ClientKey? client, CancellationToken token) =>
        throttle.RecordSuccessAsync(new SignInAttempt { Email = email, Address = address, Client = client }, token);

    public static Task<LinkOutcome> LinkAsync(
        this IIdentityRepository identities,
        Guid userId,
        IdentityProvider provider,
        string providerId,
        string? avatarUrl,
        DateTimeOffset signedInAt,
        CancellationToken token) =>
        identities.LinkAsync(
            userId,
            new ProviderLink { Provider = provider, ProviderId = providerId, AvatarUrl = avatarUrl, SignedInAt = signedInAt },
            token);

    public static Task<PasswordChangeOutcome> ChangePasswordAsync(
        this IIdentityRepository identities,
        Guid userId,
        PasswordHash? verified,
        PasswordHash password,
        Guid? exceptSessionId,
        CancellationToken token) =>
        identities.ChangePasswordAsync(
            userId, new PasswordChange { Verified = verified, Password = password, ExceptSessionId = exceptSessionId }, token);
}
