using AutoStack.Data.Accounts;
using AutoStack.Data.Deployments;
using AutoStack.Data.FaultTests.Ledgers;
using AutoStack.Data.Projects;

namespace AutoStack.Data.FaultTests.Workload;

/// <summary>
/// Registers users, tries taken addresses, issues reset tokens, and adds projects with their first deployment as one unit of work.
/// </summary>
internal sealed class Registration(string name, Service service, Ledger ledger, int seed) : Caller(name, service, ledger, seed)
{
    private readonly List<(Guid Id, string Email)> users = [];

    protected override async Task TurnAsync(CancellationToken ending)
    {
        var id = NewId();
        var email = $"{id:n}@example.com";
        var user = new NewUser { Id = id, Name = "Ada", Email = email };
        var added = await InsertAsync(
            "Users.AddAsync",
            Ledger.Expect(RowKind.User, id, email),
            () => Service.Get<IUserRepository>().AddAsync(user, CancellationToken.None));
        if (!added.IsAcknowledged)
        {
            return;
        }

        users.Add((id, email));
        await AddTakenAsync(users[Random.Next(users.Count)].Email);
        await IssueAsync(users[Random.Next(users.Count)].Id);
        await AddProjectAsync(id, isAbandoned: OneOf(4));
    }

    private async Task AddTakenAsync(string email)
    {
        var id = NewId();
        var again = new NewUser { Id = id, Name = "Eve", Email = email };
        var result = await InsertAsync(
            "Users.AddAsync, taken",
            Ledger.Expect(RowKind.User, id, $"taken {id:n}"),
            () => Service.Get<IUserRepository>().AddAsync(again, CancellationToken.None));
        if (result.IsAcknowledged)
        {
            Ledger.Contradictions.Enqueue($"{Name}: the taken address of {id} was accepted");
        }
    }

    private async Task IssueAsync(Guid userId)
    {
        var use = Ledger.Resets.GetOrAdd(userId, _ => new ResetUse());
        var result = await TryAsync(
            "PasswordResetTokens.IssueAsync",
            () => Service.Get<IPasswordResetTokenRepository>().IssueAsync(userId, TimeSpan.FromHours(1), CancellationToken.None));
        if (result.IsAcknowledged && result.Value!.Reset is { } reset)
        {
            (use.Issued, use.IsLaterUnknown) = (reset.Id, false);
        }
        else
        {
            use.IsLaterUnknown = true;
        }
    }

    private async Task AddProjectAsync(Guid userId, bool isAbandoned)
    {
        var (projectId, deploymentId) = (NewId(), NewId());
        var project = new NewProject { Id = projectId, UserId = userId, Name = $"site {projectId:n}", Repository = $"ada/{projectId:n}" };
        var deployment = new NewDeployment
        {
            Id = deploymentId,
            ProjectId = projectId,
            UserId = userId,
            Commit = new CommitInfo("abc", $"first {deploymentId:n}"),
        };
        Effect[] effects =
        [
            Ledger.Expect(RowKind.Project, projectId, project.Name),
            Ledger.Expect(RowKind.Deployment, deploymentId, deployment.Commit.Message!),
        ];
        Ledger.Units.Enqueue(effects);
        await InsertAsync("UnitOfWork.RunAsync", effects, () => Service.Get<IUnitOfWork>().RunAsync(
            async (tx, ct) =>
            {
                await tx.Get<IProjectRepository>().AddAsync(project, ct);
                await tx.Get<IDeploymentRepository>().EnqueueAsync(deployment, ct);
                return isAbandoned ? throw new AbandonedException() : true;
            },
            CancellationToken.None));
    }
}
