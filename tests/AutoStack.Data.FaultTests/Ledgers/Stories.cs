using AutoStack.Data.Accounts;
using AutoStack.Data.Logs;

namespace AutoStack.Data.FaultTests.Ledgers;

/// <summary>A claim and what its worker reported.</summary>
/// <param name="Worker">The worker; null for a claim whose answer was lost.</param>
/// <param name="DeploymentId">The deployment; null for a claim whose answer was lost.</param>
internal sealed record Build(string Worker, Guid? DeploymentId)
{
    /// <summary>The statuses that the worker reported, in their order.</summary>
    public List<(DeploymentStatus Status, Verdict Verdict)> Reports { get; } = [];
}

/// <summary>A sign-in with its family of sessions.</summary>
internal sealed class SignIn(Guid familyId, Guid userId)
{
    public Guid FamilyId { get; } = familyId;

    public Guid UserId { get; } = userId;

    public SignInState State { get; set; } = SignInState.Unknown;

    /// <summary>The token that the last answer gave.</summary>
    public SessionToken? Token { get; set; }
}

/// <summary>What the caller knows of a sign-in.</summary>
internal enum SignInState
{
    /// <summary>An answer is missing.</summary>
    Unknown,

    /// <summary>The caller's token is valid.</summary>
    Active,

    /// <summary>All sessions of the family ended.</summary>
    Ended,
}

/// <summary>A port of one container, from the answer to its reservation until the container's end is reported.</summary>
internal sealed class PortUse(Guid containerId, int port, TimeSpan from)
{
    public Guid ContainerId { get; } = containerId;

    public int Port { get; } = port;

    public TimeSpan From { get; } = from;

    /// <summary>When the end was reported first, answered or not; null while the container runs.</summary>
    public TimeSpan? Until { get; set; }

    public bool IsStopAcknowledged { get; set; }
}

/// <summary>The reset tokens of one user.</summary>
internal sealed class ResetUse
{
    /// <summary>The token of the last acknowledged call.</summary>
    public Guid? Issued { get; set; }

    /// <summary>Whether a later call is without an answer.</summary>
    public bool IsLaterUnknown { get; set; }
}

/// <summary>The lines of one writer in one log, numbered from 1.</summary>
internal sealed class LineCount
{
    public int Written { get; set; }

    /// <summary>The number of lines that a flush has acknowledged.</summary>
    public int Flushed { get; set; }
}

/// <summary>What a follower of one log saw.</summary>
internal sealed record Follow(string Follower, Guid DeploymentId)
{
    public List<DeploymentLog> Seen { get; } = [];
}
