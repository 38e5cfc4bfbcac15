using System.Runtime.ExceptionServices;
using System.Security.Cryptography;
using AutoStack.Data.Deployments;
using AutoStack.Data.Projects;
using AutoStack.Data.Values;

namespace AutoStack.Data.Webhooks;

internal sealed class Pushes(IUnitOfWork unitOfWork) : IPushes
{
    // The time at the beginning of an id.
    private const int TimeBytes = 6;

    public async Task<PushResult> HandleAsync(NewWebhookPayload payload, PushOptions options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(payload);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();

        // One id for all attempts, so that a repeated attempt finds its row.
        var delivery = payload with { Id = Ids.Of(payload.Id, "payload.Id") };
        try
        {
            return await TryAsync().ConfigureAwait(false);
        }
        catch (DatabaseUnavailableException exception) when (exception.OutcomeUnknown)
        {
            // The answer to COMMIT was lost. A second attempt finds what the first has committed.
            try
            {
                return await TryAsync().ConfigureAwait(false);
            }
            catch (AutoStackDataException second) when (second.IsTransient)
            {
                // Says nothing about the first attempt.
            }

            throw;
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            await StoreAsync().ConfigureAwait(false);
            throw;
        }

        Task<PushResult> TryAsync() => unitOfWork.RunAsync((tx, token) => HandleAsync(tx, delivery, options, token), cancellationToken);

        // The delivery is stored despite the failure; it can be sent again, because it queued nothing.
        async Task StoreAsync()
        {
            try
            {
                _ = await unitOfWork
                    .RunAsync((tx, token) => tx.Get<IWebhookPayloadRepository>().StoreAsync(delivery, token), cancellationToken)
                    .ConfigureAwait(false);
            }
            catch (AutoStackDataException second) when (second.IsTransient)
            {
                // The first failure is the one to report.
            }
        }
    }

    private static async Task<PushResult> HandleAsync(
        IRepositories tx, NewWebhookPayload delivery, PushOptions options, CancellationToken cancellationToken)
    {
        var webhooks = tx.Get<IWebhookPayloadRepository>();
        var stored = await webhooks.StoreAsync(delivery, cancellationToken).ConfigureAwait(false);
        var isDuplicate = stored.Outcome == WebhookStoreOutcome.Duplicate;
        var result = new PushResult
        {
            Outcome = isDuplicate ? PushOutcome.Duplicate : PushOutcome.NotABranch,
            PayloadId = stored.PayloadId,
            Push = null,
            Deployments = [],
            Postponed = [],
            Unreadable = [],
            Unproven = [],
            MoreTargets = false,
        };
        if (!Push.TryParse(delivery.Provider, delivery.PayloadJson, out var push))
        {
            return result;
        }

        if (stored.DeploymentId is not null)
        {
            return result with
            {
                Outcome = isDuplicate ? PushOutcome.Duplicate : PushOutcome.Queued,
                Push = push,
                Deployments = await ListQueuedAsync(webhooks, stored.PayloadId, cancellationToken).ConfigureAwait(false),
            };
        }

        // A deleted branch has nothing to deploy, and no project has a branch whose name does not fit the column, whatever another writer's
        // row contains. One target more than needed shows whether there are more.
        var branches = push.Refs.Where(r => r.Kind == PushedRefKind.Branch).ToList();
        var commits = branches.Where(branch => !branch.IsDeleted && BranchName.IsStorable(branch.Name))
            .ToDictionary(branch => branch.Name, branch => branch.Commit);
        var projects = (ProjectRepository)tx.Get<IPlatformProjectRepository>();
        var (proven, unproven) = commits.Count == 0 ? ([], []) : await projects.ListPushTargetsAsync(
            RepositoryOf(push, options),
            [.. commits.Keys],
            options.MaxDeployments + IPushes.MaxListedTargets + 1,
            IPushes.MaxListedTargets + 1,
            cancellationToken).ConfigureAwait(false);
        var deployments = new List<Deployment>();
        var unreadable = new List<PushTarget>();
        SecretUnreadableException? first = null;
        foreach (var target in proven.Take(options.MaxDeployments))
        {
            // Null when the project was removed concurrently.
            var wanted = ToDeployment(stored.PayloadId, target, commits[target.Branch], options);
            try
            {
                if (await tx.Get<IDeploymentRepository>().EnqueueAsync(wanted, cancellationToken).ConfigureAwait(false) is { } deployment)
                {
                    deployments.Add(deployment);
                }
            }
            catch (SecretUnreadableException exception)
            {
                // One project's fault does not leave out those of other users.
                unreadable.Add(target);
                first ??= exception;
            }
        }

        if (deployments.Count == 0 && first is not null)
        {
            ExceptionDispatchInfo.Throw(first);
        }

        if (deployments.Count > 0)
        {
            _ = await webhooks.AttachDeploymentAsync(stored.PayloadId, deployments[0].Id, cancellationToken).ConfigureAwait(false);
        }

        return result with
        {
            Outcome = deployments.Count > 0 ? PushOutcome.Queued
                : isDuplicate ? PushOutcome.Duplicate
                : branches.Count == 0 ? PushOutcome.NotABranch
                : branches.TrueForAll(branch => branch.IsDeleted) ? PushOutcome.Deleted
                : unproven.Count > 0 ? PushOutcome.AccessUnproven
                : PushOutcome.NoTarget,
            Push = push,
            Deployments = deployments,
            Unreadable = unreadable,
            Postponed = [.. proven.Skip(options.MaxDeployments).Take(IPushes.MaxListedTargets)],
            Unproven = [.. unproven.Take(IPushes.MaxListedTargets)],
            MoreTargets = proven.Count > options.MaxDeployments + IPushes.MaxListedTargets
                || unproven.Count > IPushes.MaxListedTargets,
        };
    }

    // The ids of the delivery's deployments start like its own; the project confirms each.
    private static async Task<IReadOnlyList<Deployment>> ListQueuedAsync(
        IWebhookPayloadRepository webhooks, Guid payloadId, CancellationToken cancellationToken)
    {
        Span<byte> bound = stackalloc byte[16];
        payloadId.TryWriteBytes(bound, bigEndian: true, out _);
        bound[TimeBytes..].Clear();
        var first = new Guid(bound, bigEndian: true);
        bound[TimeBytes..].Fill(byte.MaxValue);
        var near = await ((WebhookPayloadRepository)webhooks)
            .ListDeploymentsAsync(first, new Guid(bound, bigEndian: true), cancellationToken).ConfigureAwait(false);
        return [.. near.Where(deployment => deployment.Id == DeploymentId(payloadId, deployment.ProjectId))];
    }

    private static PushedRepository RepositoryOf(Push push, PushOptions options)
    {
        var address = RepositoryAddress.Of(push.Repository);
        var host = address.Host.Length > 0 ? address.Host : RepositoryAddress.CheckHost(options.Host, "options.Host");
        return new(push.Provider, host, push.RepositoryId, address.Path, options.MaxAccessAge is { } age ? (int)age.TotalSeconds : null);
    }

    private static NewDeployment ToDeployment(Guid payloadId, PushTarget target, CommitInfo? commit, PushOptions options) => new()
    {
        Id = DeploymentId(payloadId, target.ProjectId),
        ProjectId = target.ProjectId,
        UserId = target.UserId,
        Branch = target.Branch,
        Commit = commit,
        CreatorType = CreatorType.Webhook,
        IsProduction = options.IsProduction,
        Supersedes = options.Supersedes,
    };

    // Computed from delivery and project: however often a delivery is repeated, it is one deployment of a project. Version 8 is for
    // computed ids.
    private static Guid DeploymentId(Guid payloadId, Guid projectId)
    {
        Span<byte> source = stackalloc byte[32];
        payloadId.TryWriteBytes(source, bigEndian: true, out _);
        projectId.TryWriteBytes(source[16..], bigEndian: true, out _);
        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(source, hash);

        // The id starts with the delivery's time, so that new ids are adjacent in the index.
        source[..TimeBytes].CopyTo(hash);
        hash[6] = (byte)((hash[6] & 0x0f) | 0x80);
        hash[8] = (byte)((hash[8] & 0x3f) | 0x80);
        return new Guid(hash[..16], bigEndian: true);
    }
}
