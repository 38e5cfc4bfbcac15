using AutoStack.Data.Values;

namespace AutoStack.Data.Accounts;

/// <summary>Rules for sign-ins, sessions and password resets.</summary>
public sealed class AccountOptions
{
    /// <summary>
    /// The maximum age of a sign-in that may link an account with a provider's (<see cref="IIdentityRepository.LinkAsync"/>); above
    /// zero, up to a day.
    /// Default 10 minutes.
    /// </summary>
    public TimeSpan FreshSignIn { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>
    /// The minimum time between two reset tokens of a user while the first one can be used; a request in between ends nothing. Up to a
    /// day; zero issues a token
    /// each time. Default 1 minute.
    /// </summary>
    public TimeSpan ResetInterval { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// The maximum age of a sign-in: a session ends then, however often it was exchanged. Above zero, up to ten years; null for no limit.
    /// Default 90 days: a
    /// stolen token that nobody notices is of no use after a quarter of a year.
    /// </summary>
    public TimeSpan? MaxSignInAge { get; set; } = TimeSpan.FromDays(90);

    /// <summary>
    /// The maximum number of sign-ins of a user at once; a further one ends the one that was longest not exchanged. 1 to 1000; null for no
    /// limit. Default 100:
    /// more than a person's devices, and a bound for a client that signs in with each request.
    /// </summary>
    public int? MaxSignIns { get; set; } = 100;

    /// <summary>How many passwords may be tried.</summary>
    public SignInThrottleOptions Throttle { get; } = new();

    /// <summary>A lifetime that does not exceed the maximum age of a sign-in.</summary>
    internal TimeSpan Cap(TimeSpan lifetime) => MaxSignInAge is { } max && max < lifetime ? max : lifetime;

    /// <summary>Throws when a setting is wrong.</summary>
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
