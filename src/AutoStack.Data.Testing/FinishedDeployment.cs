using AutoStack.Data.Accounts;
using AutoStack.Data.Deployments;
using AutoStack.Data.Projects;

namespace AutoStack.Data.Testing;

/// <summary>A deployment that has ended, from <see cref="TestRows.AddFinishedDeploymentAsync"/>.</summary>
/// <param name="User">The user.</param>
/// <param name="Project">The project of the user.</param>
/// <param name="Deployment">The deployment of the project.</param>
public sealed record FinishedDeployment(User User, Project Project, Deployment Deployment);
