namespace AutoStack.Data.Accounts;

/// <summary>What a user prefers.</summary>
public sealed record UserPreferences
{
    /// <summary>The id; empty when nothing is stored and these are the defaults.</summary>
    public required Guid Id { get; init; }

    /// <summary>The user.</summary>
    public required Guid UserId { get; init; }

    /// <summary>How pages look.</summary>
    public required Theme Theme { get; init; }

    /// <summary>True when mail may be sent at all.</summary>
    public required bool EmailNotifications { get; init; }

    /// <summary>True when successful deployments are reported.</summary>
    public required bool DeploymentSuccessNotifications { get; init; }

    /// <summary>True when failed deployments are reported.</summary>
    public required bool DeploymentFailureNotifications { get; init; }

    /// <summary>When they were first stored; the present for the defaults.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When they last changed; the present for the defaults.</summary>
    public required DateTimeOffset UpdatedAt { get; init; }
}

/// <summary>Preferences to be stored, all of them.</summary>
public sealed record NewUserPreferences
{
    /// <summary>How pages look.</summary>
    public Theme Theme { get; init; } = Theme.System;

    /// <summary>True when mail may be sent at all.</summary>
    public bool EmailNotifications { get; init; } = true;

    /// <summary>True when successful deployments are reported.</summary>
    public bool DeploymentSuccessNotifications { get; init; } = true;

    /// <summary>True when failed deployments are reported.</summary>
    public bool DeploymentFailureNotifications { get; init; } = true;
}

/// <summary>Whom to tell about a deployment.</summary>
/// <param name="UserId">The user.</param>
/// <param name="Name">The name.</param>
/// <param name="Email">The address.</param>
public sealed record NotificationTarget(Guid UserId, string Name, string Email);
