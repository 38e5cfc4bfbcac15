namespace AutoStack.Data.Projects;

/// <summary>Settings of a project that a build has detected.</summary>
public sealed record DetectedSettings
{
    /// <summary>
    /// The folder that the build writes its result to, up to <see cref="Project.MaxOutputDirLength"/> characters; null when not detected.
    /// </summary>
    public string? OutputDir { get; init; }

    /// <summary>The runtime of the result; null when not detected.</summary>
    public ProjectRuntime? Runtime { get; init; }
}
