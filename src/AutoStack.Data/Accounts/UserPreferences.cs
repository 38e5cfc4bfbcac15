namespace AutoStack.Data.Accounts;

/// <summary>The preferences of a user.</summary>
public sealed record UserPreferences
{
    /// <summary>The id; the empty id when the user has stored nothing and these are the defaults.</summary>
    public required Guid Id { get; init; }

    /// <summary>The user.</summary>
    public required Guid UserId { get; init; }

    /// <summary>The colours of the pages. Default <see cref="Theme.System"/>.</summary>
    public required Theme Theme { get; init; }

    /// <summary>True when the user receives mail about deployments at all. Default true.</summary>
    public required bool EmailNotifications { get; init; }

    /// <summary>True when the user receives mail about successful deployments. Default true.</summary>
    public required bool DeploymentSuccessNotifications { get; init; }

    /// <summary>True when the user receives mail about failed deployments. Default true.</summary>
    public required bool DeploymentFailureNotifications { get; init; }

    /// <summary>When the preferences were first stored; the present for the defaults.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When the preferences last changed; the present for the defaults.</summary>
    public required DateTimeOffset UpdatedAt { get; init; }
}

/// <summary>Changes of a user's preferences. A value that is not given keeps what is stored, or the default when nothing is.</summary>
public sealed record UserPreferencesPatch
{
    /// <summary>The colours of the pages.</summary>
    public Optional<Theme> Theme { get; init; }

    /// <summary>True to receive mail about deployments at all.</summary>
    public Optional<bool> EmailNotifications { get; init; }

    /// <summary>True to receive mail about successful deployments.</summary>
    public Optional<bool> DeploymentSuccessNotifications { get; init; }

    /// <summary>True to receive mail about failed deployments.</summary>
    public Optional<bool> DeploymentFailureNotifications { get; init; }
}

/// <summary>The recipient of a mail about a deployment.</summary>
/// <param name="UserId">The user.</param>
/// <param name="Name">The user's name.</param>
/// <param name="Email">The user's address.</param>
public sealed record NotificationTarget(Guid UserId, string Name, string Email);
