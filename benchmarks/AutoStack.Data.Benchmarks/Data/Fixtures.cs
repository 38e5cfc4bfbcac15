namespace AutoStack.Data.Benchmarks.Data;

/// <summary>A row and its owner.</summary>
internal readonly record struct Owned(Guid Id, Guid OwnerId);

/// <summary>The rows that the questions ask for.</summary>
/// <param name="Scale">How many there are around them.</param>
/// <param name="Spread">A thousand deployments from the whole table, in no order.</param>
/// <param name="Ordinary">A deployment with an ordinary log, stages, a container and health checks.</param>
/// <param name="Giant">The deployment with the giant log.</param>
/// <param name="HeavyUserId">The user with a twentieth of all deployments.</param>
/// <param name="ProjectId">A project of that user.</param>
internal sealed record Fixtures(Scale Scale, Owned[] Spread, Owned Ordinary, Owned Giant, Guid HeavyUserId, Guid ProjectId);
