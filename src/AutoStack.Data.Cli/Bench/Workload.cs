using AutoStack.Data.Deployments;
using AutoStack.Data.Logs;
using AutoStack.Data.Postgres;
using AutoStack.Data.Secrets;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace AutoStack.Data.Cli.Bench;

/// <summary>The statements of the load: calls of the library's repositories on the benchmark's rows.</summary>
internal sealed class Workload(Workload.Row[] deployments, Workload.Row[] logged, Workload.Row[] building, int logLength)
{
    public const int RecentLimit = 20;
    public const int PageSize = 200;

    // A lost answer must not hold a point up for the thirty seconds that a service waits.
    private static readonly Timeouts Limits = new(CommandSeconds: 10, Operation: null);

    private static readonly Telemetry Unmeasured = new(NullLogger.Instance, TimeSpan.MaxValue, pool: "bench", database: null);

    private static readonly Subject Load = new("Load", table: null);

    // Has no connection and is never used: no notification of the load may reach the services on the database.
    private static readonly Notifier Nobody = new(db: null!, channel: "", TimeSpan.Zero, TimeProvider.System);

    private static readonly LogContext Logs = new(
        TimeProvider.System, new LogSecrets(), Nobody, new LogWriterOptions(), SearchTime: TimeSpan.FromSeconds(2));

    private static readonly DeploymentContext Deployments = new(TimeProvider.System, Logs.Secrets, Nobody);

    // The load queues nothing.
    private static readonly SecretProtector NoSecrets = new([]);

    /// <summary>A deployment and its owner.</summary>
    internal readonly record struct Row(Guid Id, Guid OwnerId);

    public async Task RunAsync(NpgsqlConnection connection, LoadStatement statement, int pick, CancellationToken cancellationToken)
    {
        var db = new Db(new LentConnection(connection), Load);
        switch (statement)
        {
            case LoadStatement.ById:
                var one = Pick(deployments, pick);
                await new DeploymentRepository(db, Deployments, NoSecrets)
                    .FindAsync(one.Id, one.OwnerId, cancellationToken).ConfigureAwait(false);
                break;
            case LoadStatement.Recent:
                var ownerId = Pick(deployments, pick).OwnerId;
                await new DeploymentRepository(db, Deployments, NoSecrets)
                    .ListRecentAsync(ownerId, Cursor.Start, RecentLimit, cancellationToken).ConfigureAwait(false);
                break;
            case LoadStatement.LogPage:
                var log = Pick(logged, pick);
                await new DeploymentLogRepository(db, Logs)
                    .ListAsync(log.Id, log.OwnerId, Cursor.After(pick % logLength), PageSize, cancellationToken).ConfigureAwait(false);
                break;
            default:
                var lines = Enumerable.Range(0, statement == LoadStatement.Append1 ? 1 : 100).Select(_ => new NewDeploymentLog
                {
                    Level = DeploymentLogLevel.Info,
                    Message = "Compiled module 1234 of the site in 56 ms, without a warning",
                });
                await new DeploymentLogRepository(db, Logs)
                    .AppendAsync(Pick(building, pick).Id, [.. lines], cancellationToken).ConfigureAwait(false);
                break;
        }
    }

    private static Row Pick(Row[] rows, int pick) => rows[pick % rows.Length];

    /// <summary>
    /// The executor of the library on a connection that the load has taken from the pool, so that the load can time the wait for it. Every
    /// failure is final: a retry would hide the failure from the result.
    /// </summary>
    private sealed class LentConnection(NpgsqlConnection connection)
        : Executor(Unmeasured, Limits, new TransactionSettings(actor: null, tenants: null))
    {
        public override bool IsTransactionPerCall => true;

        public override void WhenCommitted(Action action)
        {
        }

        public override bool MayChange(Access access) => access != Access.Read;

        public override void GivenUp(Exception exception, bool wasSent)
        {
        }

        public override async ValueTask<NpgsqlTransaction?> BeginAsync(NpgsqlConnection lent, CancellationToken cancellationToken) =>
            await lent.BeginTransactionAsync(cancellationToken).ConfigureAwait(false);

        protected override ValueTask<NpgsqlConnection> AcquireAsync(Call call) => new(connection);

        protected override ValueTask ReleaseAsync(NpgsqlConnection lent, Call call) => default;

        protected override bool Reopen(ref Retries retries, Exception exception, Call call, out TimeSpan delay)
        {
            delay = TimeSpan.Zero;
            return false;
        }

        protected override bool Continue(ref Retries retries, Exception exception, bool isLost, out TimeSpan delay)
        {
            delay = TimeSpan.Zero;
            return false;
        }
    }
}
