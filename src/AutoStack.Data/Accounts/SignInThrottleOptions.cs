namespace AutoStack.Data.Accounts;

/// <summary>
/// The number of passwords that may be tried before <see cref="ISignInThrottle"/> locks out. Attempts that did not succeed count together
/// while each follows the one before by at most <see cref="Lockout"/>; the last allowed attempt starts the lockout.
/// </summary>
public sealed class SignInThrottleOptions
{
    /// <summary>Whether attempts are counted. False allows every attempt and writes nothing. Default true.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>
    /// The maximum number of attempts for one account from one IP address, or from one client that has a session of the account; 1 to 1000.
    /// Default 5.
    /// </summary>
    public int MaxAttempts { get; set; } = 5;

    /// <summary>
    /// The maximum number of attempts for one account from all clients without a session of it; 1 to 1,000,000. Default 100.
    /// </summary>
    public int MaxAttemptsOfAccount { get; set; } = 100;

    /// <summary>The maximum number of attempts from one IP address for all accounts; 1 to 1,000,000. Default 100.</summary>
    public int MaxAttemptsOfAddress { get; set; } = 100;

    /// <summary>How long a lockout lasts; above zero, up to a day. Default 5 minutes.</summary>
    public TimeSpan Lockout { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>Throws when a setting is out of its range.</summary>
    internal void Validate()
    {
        Check(nameof(MaxAttempts), MaxAttempts, MaxAttempts is >= 1 and <= 1000, "1 to 1000");
        Check(nameof(MaxAttemptsOfAccount), MaxAttemptsOfAccount, MaxAttemptsOfAccount is >= 1 and <= 1_000_000, "1 to 1,000,000");
        Check(nameof(MaxAttemptsOfAddress), MaxAttemptsOfAddress, MaxAttemptsOfAddress is >= 1 and <= 1_000_000, "1 to 1,000,000");
        Check(nameof(Lockout), Lockout, Lockout > TimeSpan.Zero && Lockout <= TimeSpan.FromDays(1), "above zero, up to a day");

        static void Check(string setting, object? value, bool valid, string range) =>
            AccountOptions.Check($"Throttle.{setting}", value, valid, range);
    }
}
