using AutoStack.Data.Projects;

namespace AutoStack.Data.Deployments;

/// <summary>A project and its newest deployment.</summary>
/// <param name="Project">The project.</param>
/// <param name="Latest">The newest deployment that is not deleted; null when the project has no such deployment.</param>
public sealed record ProjectWithLatestDeployment(Project Project, Deployment? Latest);
