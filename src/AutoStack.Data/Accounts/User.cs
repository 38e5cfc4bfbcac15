namespace AutoStack.Data.Accounts;

/// <summary>An account. The password hash is not part of it.</summary>
public sealed record User
{
    /// <summary>The id.</summary>
    public required Guid Id { get; init; }

    /// <summary>The name that is shown.</summary>
    public required string Name { get; init; }

    /// <summary>The address, with a to z for A to Z when this library wrote it; unique whatever the case of these.</summary>
    public required string Email { get; init; }

    /// <summary>The picture; null when there is none.</summary>
    public required string? AvatarUrl { get; init; }

    /// <summary>The account at GitHub, a number as text; null when not linked.</summary>
    public required string? GitHubId { get; init; }

    /// <summary>The account at Google; null when not linked.</summary>
    public required string? GoogleId { get; init; }

    /// <summary>True when the address is known to belong to the user.</summary>
    public required bool EmailVerified { get; init; }

    /// <summary>When the account was made.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When the account last changed.</summary>
    public required DateTimeOffset UpdatedAt { get; init; }
}

/// <summary>What to change of an account; what is left out stays.</summary>
public sealed record UserPatch
{
    /// <summary>The name, up to 255 characters, not blank.</summary>
    public Optional<string> Name { get; init; }

    /// <summary>The picture; null for none.</summary>
    public Optional<string?> AvatarUrl { get; init; }
}

/// <summary>What came of a change of an account.</summary>
/// <param name="Outcome">Whether it was changed, and if not, why.</param>
/// <param name="User">The account as it stands now; null when there is none.</param>
public sealed record UserUpdateResult(UpdateOutcome Outcome, User? User);

/// <summary>An account to be made.</summary>
public sealed record NewUser
{
    /// <summary>The id; null to have one made. With one, a repeated request finds the row of the first.</summary>
    public Guid? Id { get; init; }

    /// <summary>The name that is shown; up to 255 characters.</summary>
    public required string Name { get; init; }

    /// <summary>The address, up to 255 characters; stored without surrounding space, with a to z for A to Z.</summary>
    public required string Email { get; init; }

    /// <summary>The picture; null for none.</summary>
    public string? AvatarUrl { get; init; }

    /// <summary>The account at GitHub, up to 255 characters, unique; null when not linked.</summary>
    public string? GitHubId { get; init; }

    /// <summary>The account at Google, up to 255 characters, unique; null when not linked.</summary>
    public string? GoogleId { get; init; }

    /// <summary>True when the address is known to belong to the user.</summary>
    public bool EmailVerified { get; init; }
}
