using AutoStack.Data.Values;

namespace AutoStack.Data.Accounts;

/// <summary>Rules for sign-ins, sessions and password resets.</summary>
public sealed class AccountOptions
{
    /// <summary>
    /// The maximum age of a sign-in that may link a provider's account (<see cref="IIdentityRepository.LinkAsync"/>) or change the address
    /// (<see cref="IEmailVerificationTokenRepository.IssueChangeAsync"/>); above zero, up to a day. Default 10 minutes.
    /// </summary>
    public TimeSpan FreshSignIn { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>
    /// The minimum time between two reset tokens of a user while the first one is usable, and between two tokens that verify or change an
    /// address; an earlier request issues and ends nothing. Up to a day; zero issues a token for every request. Default 1 minute.
    /// </summary>
    public TimeSpan ResetInterval { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// The maximum age of a sign-in: its session ends then, however often its token was rotated. Above zero, up to ten years; null for no
    /// maximum. Default 90 days: a stolen token that nobody notices is useless after a quarter of a year.
    /// </summary>
    public TimeSpan? MaxSignInAge { get; set; } = TimeSpan.FromDays(90);

    /// <summary>
    /// The maximum number of concurrent sign-ins of a user; a further one ends the sign-in whose last rotation is the oldest. 1 to 1000;
    /// null for no maximum. Default 100: more than a person's devices, and a bound for a client that signs in with every request.
    /// </summary>
    public int? MaxSignIns { get; set; } = 100;

    /// <summary>The number of passwords that may be tried.</summary>
    public SignInThrottleOptions Throttle { get; } = new();

    /// <summary>Shortens a lifetime to the maximum age of a sign-in.</summary>
    internal TimeSpan Cap(TimeSpan lifetime) => MaxSignInAge is { } max && max < lifetime ? max : lifetime;

    /// <summary>Throws when a setting is out of its range.</summary>
    internal void Validate()
    {
        var (day, decade) = (TimeSpan.FromDays(1), TimeSpan.FromDays(3650));
        Check(nameof(FreshSignIn), FreshSignIn, FreshSignIn > TimeSpan.Zero && FreshSignIn <= day, "above zero, up to a day");
        Check(nameof(ResetInterval), ResetInterval, ResetInterval >= TimeSpan.Zero && ResetInterval <= day, "zero to a day");
        Check(
            nameof(MaxSignInAge), MaxSignInAge, MaxSignInAge is null || (MaxSignInAge > TimeSpan.Zero && MaxSignInAge <= decade),
            "above zero, up to ten years, or null");
        Check(nameof(MaxSignIns), MaxSignIns, MaxSignIns is null or (>= 1 and <= 1000), "1 to 1000, or null");
        Throttle.Validate();
    }

    internal static void Check(string setting, object? value, bool valid, string range) =>
        InvalidSetting.Check(typeof(AccountOptions), $"Accounts.{setting}", value, valid, range);
}
