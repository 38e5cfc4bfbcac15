namespace AutoStack.Data.Accounts;

/// <summary>An account. The password hash is not part of it.</summary>
public sealed record User
{
    /// <summary>The maximum length of <see cref="AvatarUrl"/> when written, in characters. Longer ones of other writers are read.</summary>
    public const int MaxAvatarUrlLength = 2048;

    /// <summary>The id.</summary>
    public required Guid Id { get; init; }

    /// <summary>The name that is shown.</summary>
    public required string Name { get; init; }

    /// <summary>
    /// The e-mail address. This library stores A to Z in lower case; no two accounts have addresses that differ only in the case of A to Z.
    /// </summary>
    public required string Email { get; init; }

    /// <summary>The URL of the picture; null when the account has no picture.</summary>
    public required string? AvatarUrl { get; init; }

    /// <summary>The id of the linked GitHub account, a number as text; null when none is linked.</summary>
    public required string? GitHubId { get; init; }

    /// <summary>The id of the linked Google account; null when none is linked.</summary>
    public required string? GoogleId { get; init; }

    /// <summary>True when the user has proved that the address is theirs.</summary>
    public required bool EmailVerified { get; init; }

    /// <summary>When the account was created.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When the account last changed.</summary>
    public required DateTimeOffset UpdatedAt { get; init; }
}

/// <summary>Changes of an account. A value that is not given keeps what is stored.</summary>
public sealed record UserPatch
{
    /// <summary>The name, up to 255 characters, not blank.</summary>
    public Optional<string> Name { get; init; }

    /// <summary>
    /// The URL of the picture, up to <see cref="User.MaxAvatarUrlLength"/> characters; null removes the picture.
    /// </summary>
    public Optional<string?> AvatarUrl { get; init; }
}

/// <summary>The result of <see cref="IUserRepository.UpdateAsync"/>.</summary>
/// <param name="Outcome">Whether the account was changed, and if not, why.</param>
/// <param name="User">The account as it is stored now; null when it does not exist.</param>
public sealed record UserUpdateResult(UpdateOutcome Outcome, User? User);

/// <summary>How <see cref="IUserRepository.VerifyEmailAsync"/> ended.</summary>
public enum EmailVerificationOutcome
{
    /// <summary>The account's address is recorded as verified.</summary>
    Verified,

    /// <summary>The account has another address than the one that was verified. Nothing was changed.</summary>
    AnotherEmail,

    /// <summary>The account does not exist.</summary>
    UserNotFound,
}

/// <summary>An account to add.</summary>
public sealed record NewUser
{
    /// <summary>
    /// The id, not the empty one; null to generate one. A repeated request with the same id returns the account of the first request.
    /// </summary>
    public Guid? Id { get; init; }

    /// <summary>The name that is shown; up to 255 characters.</summary>
    public required string Name { get; init; }

    /// <summary>
    /// The address, up to 255 characters. Surrounding white space is removed, and A to Z are stored in lower case.
    /// </summary>
    public required string Email { get; init; }

    /// <summary>
    /// The URL of the picture, up to <see cref="User.MaxAvatarUrlLength"/> characters; null for no picture.
    /// </summary>
    public string? AvatarUrl { get; init; }

    /// <summary>The id of the GitHub account, up to 255 characters, unique; null links none.</summary>
    public string? GitHubId { get; init; }

    /// <summary>The id of the Google account, up to 255 characters, unique; null links none.</summary>
    public string? GoogleId { get; init; }

    /// <summary>True when the user has proved that the address is theirs.</summary>
    public bool EmailVerified { get; init; }
}
