using AutoStack.Data.Deployments;
using Microsoft.Extensions.Options;

namespace AutoStack.Data.Hosting;

/// <summary>The settings of a worker that <c>AddDeploymentWorker</c> registers. The host checks the settings at its start.</summary>
public sealed class DeploymentWorkerOptions
{
    /// <summary>The greatest <see cref="Concurrency"/>.</summary>
    public const int MaxConcurrency = 1000;

    private static readonly TimeSpan LongestHeartbeat = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestInterval = TimeSpan.FromDays(1);

    /// <summary>
    /// The name of the worker, for people to read, up to <see cref="ClaimOptions.MaxWorkerLength"/> characters; null for the names of the
    /// machine and the process.
    /// </summary>
    public string? Name { get; set; }

    /// <summary>The number of deployments that are built at once, 1 to <see cref="MaxConcurrency"/>. Default 1.</summary>
    public int Concurrency { get; set; } = 1;

    /// <summary>
    /// The time after which another worker takes over the deployments of a worker that stopped answering; above zero, up to
    /// <see cref="ClaimOptions.MaxLease"/>. Default 1 minute. Choose it longer than an outage of the database that builds are to survive.
    /// </summary>
    public TimeSpan Lease { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// The interval at which a lease is renewed, which is also the time within which a cancel by the owner reaches the build: above zero,
    /// up to half of <see cref="Lease"/>. Null, the default, for a third of the lease, at most 5 seconds.
    /// </summary>
    public TimeSpan? HeartbeatInterval { get; set; }

    /// <summary>The maximum number of times that a deployment is started, 1 or more, before it fails. Default 3.</summary>
    public int MaxAttempts { get; set; } = 3;

    /// <summary>The maximum number of running deployments of one project, over all workers, 1 or more; null for no limit.</summary>
    public int? MaxPerProject { get; set; }

    /// <summary>The maximum number of running deployments of one user, over all workers, 1 or more; null for no limit.</summary>
    public int? MaxPerUser { get; set; }

    /// <summary>
    /// The time after which the queue is looked at without a notification, above zero and up to
    /// <see cref="IDeploymentQueueWatcher.MaxPollInterval"/>. Default 10 seconds.
    /// </summary>
    public TimeSpan PollInterval { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// The interval at which the worker looks for expired leases of any worker, above zero and up to 1 day. Default 15 seconds.
    /// </summary>
    public TimeSpan RequeueInterval { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>
    /// The time for which running builds may continue when the host stops, before they are cancelled: zero or more, up to 1 day. Default
    /// zero. It is part of the host's shutdown timeout.
    /// </summary>
    public TimeSpan DrainTime { get; set; }

    /// <summary>
    /// The time that a build has to end after its token was cancelled: above zero, up to 1 day. Default 5 seconds. Afterwards the worker
    /// leaves the build behind, which frees its slot, and returns its deployment to the queue if the host stops. It is part of the host's
    /// shutdown timeout.
    /// </summary>
    public TimeSpan StopTimeout { get; set; } = TimeSpan.FromSeconds(5);

    internal TimeSpan Heartbeat => HeartbeatInterval ?? (Lease / 3 < LongestHeartbeat ? Lease / 3 : LongestHeartbeat);

    /// <summary>The options of a claim with a key.</summary>
    /// <param name="key">The key.</param>
    /// <param name="isNewKey">Whether no claim has used the key yet.</param>
    internal ClaimOptions ToClaim(Guid key, bool isNewKey) =>
        new() { MaxPerProject = MaxPerProject, MaxPerUser = MaxPerUser, Worker = Name, Lease = Lease, Key = key, IsNewKey = isNewKey };

    private IEnumerable<string> Problems()
    {
        if (Name is not null && (string.IsNullOrWhiteSpace(Name) || Name.Length > ClaimOptions.MaxWorkerLength))
        {
            yield return $"{nameof(Name)} is blank or longer than {ClaimOptions.MaxWorkerLength} characters; null for the default.";
        }

        if (Concurrency is < 1 or > MaxConcurrency)
        {
            yield return $"{nameof(Concurrency)} is {Concurrency}; it is 1 to {MaxConcurrency}.";
        }

        if (MaxAttempts < 1)
        {
            yield return $"{nameof(MaxAttempts)} is {MaxAttempts}; it is 1 or more.";
        }

        if (MaxPerProject < 1)
        {
            yield return $"{nameof(MaxPerProject)} is {MaxPerProject}; it is 1 or more, or null for no limit.";
        }

        if (MaxPerUser < 1)
        {
            yield return $"{nameof(MaxPerUser)} is {MaxPerUser}; it is 1 or more, or null for no limit.";
        }

        (string Name, TimeSpan Value, TimeSpan Longest, bool MayBeZero)[] times =
        [
            (nameof(Lease), Lease, ClaimOptions.MaxLease, false),
            (nameof(HeartbeatInterval), HeartbeatInterval ?? Lease / 3, Lease / 2, false),
            (nameof(PollInterval), PollInterval, IDeploymentQueueWatcher.MaxPollInterval, false),
            (nameof(RequeueInterval), RequeueInterval, LongestInterval, false),
            (nameof(DrainTime), DrainTime, LongestInterval, true),
            (nameof(StopTimeout), StopTimeout, LongestInterval, false),
        ];
        foreach (var (name, value, longest, mayBeZero) in times)
        {
            if (value < TimeSpan.Zero || value > longest || (value == TimeSpan.Zero && !mayBeZero))
            {
                yield return $"{name} is {value}; it is {(mayBeZero ? "0 to" : "above zero, and at most")} {longest}.";
            }
        }
    }

    internal sealed class Validator(string registration) : IValidateOptions<DeploymentWorkerOptions>
    {
        public ValidateOptionsResult Validate(string? name, DeploymentWorkerOptions options) =>
            name != registration ? ValidateOptionsResult.Skip
            : options.Problems().Select(problem => $"{nameof(DeploymentWorkerOptions)}.{problem}").ToList() is { Count: > 0 } problems
                ? ValidateOptionsResult.Fail(problems)
            : ValidateOptionsResult.Success;
    }
}
