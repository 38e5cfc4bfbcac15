using System.Collections.Frozen;
using AutoStack.Data.Accounts;
using AutoStack.Data.Archives;
using AutoStack.Data.Audit;
using AutoStack.Data.Deployments;
using AutoStack.Data.Exports;
using AutoStack.Data.Health;
using AutoStack.Data.HealthChecks;
using AutoStack.Data.Integrity;
using AutoStack.Data.Logs;
using AutoStack.Data.Monitoring;
using AutoStack.Data.Partitions;
using AutoStack.Data.Postgres;
using AutoStack.Data.Retention;
using AutoStack.Data.SecretRotation;
using AutoStack.Data.Secrets;
using AutoStack.Data.Webhooks;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace AutoStack.Data;

/// <summary>One registered database: its data source, and what is made over it.</summary>
internal sealed class Database : IAsyncDisposable, IDisposable
{
    // The driver's default is the connection string.
    private const string PoolName = "autostack";

    // Followers read after each notification. Workers claim, and a deployment that is queued soon after another waits for the pause.
    private static readonly TimeSpan LogPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan QueuePause = TimeSpan.FromMilliseconds(10);

    // What works with connections of its own, and so is not part of a unit of work.
    private static readonly FrozenDictionary<Type, Func<Database, object>> RequestServices = new Dictionary<Type, Func<Database, object>>
    {
        [typeof(IUnitOfWork)] = database => database.unitOfWork,
        [typeof(IDeploymentLogFollower)] = database => database.logFollower,
        [typeof(IStandbyReads)] = database => database.standbyReads,
        [typeof(IAccountExport)] = database => new AccountExport(
            new Db(database.unlimited, new Subject("AccountExport", table: null))),
        // What it counts must stay when the caller's work is rolled back.
        [typeof(ISignInThrottle)] = database => new SignInThrottle(
            new Db(database.executor, new Subject("SignInThrottle", "sign_in_attempts")), database.context.Accounts),
    }.ToFrozenDictionary();

    private static readonly FrozenDictionary<Type, Func<Database, object>> WorkerServices = new Dictionary<Type, Func<Database, object>>
    {
        [typeof(IDeploymentQueueWatcher)] = database => new DeploymentQueueWatcher(
            new Db(database.background, new Subject("DeploymentQueueWatcher", "deployments")),
            database.Notifications,
            database.context.Deployments),
        [typeof(ILogSecrets)] = database => database.context.Logs.Secrets,
        [typeof(IDeploymentLogWriter)] = database => database.logWriter,
        [typeof(IPushes)] = database => new Pushes(database.unitOfWork),
        [typeof(IRetentionService)] = database => RetentionOver(
            new Db(database.executor, new Subject("RetentionService", table: null)),
            database.archiveStore is { } store
                ? database.CreatePartitions((table, partition, before, token) => database.archive.Value.DropAsync(
                    table, partition, before, store, token))
                : database.partitions.Value,
            database.context),
        [typeof(IDatabaseMonitor)] = database => new DatabaseMonitor(
            new Db(database.executor, new Subject("DatabaseMonitor", table: null)), database.context.Clock),
        [typeof(IDatabaseDoctor)] = database => new DatabaseDoctor(
            new Db(database.executor, new Subject("DatabaseDoctor", table: null)),
            (IDatabaseMonitor)database.Create(typeof(IDatabaseMonitor))),
        [typeof(IPartitionMaintenance)] = database => database.partitions.Value,
        [typeof(IAuditMaintenance)] = database => new AuditMaintenance(
            new Db(database.executor, new Subject("AuditMaintenance", table: null)),
            new Db(database.patient, new Subject("AuditMaintenance", table: null))),
        [typeof(ILogArchive)] = database => database.archive.Value,
        [typeof(ILogRestore)] = database => new LogRestore(
            new Db(database.unlimited, new Subject("LogRestore", table: null)), database.partitions.Value, database.archiveFormats),
        [typeof(ISecretRotation)] = database => new SecretRotator(
            new Db(database.executor, new Subject("SecretRotation", table: null)), database.context.Secrets),
        [typeof(IDatabaseVerifier)] = database => new DatabaseVerifier(
            new Db(database.executor, new Subject("DatabaseVerifier", table: null)), database.context.Secrets, database.context.Clock),
    }.ToFrozenDictionary();

    private readonly NpgsqlDataSource? owned;
    private readonly NpgsqlDataSource? listening;
    private readonly Hosts hosts;
    private readonly UnitOfWork unitOfWork;
    private readonly StandbyReads standbyReads;
    private readonly Executor executor;
    private readonly PooledExecutor background;
    private readonly Context context;
    private readonly Notifier logNotifier;
    private readonly DeploymentLogWriter logWriter;
    private readonly DeploymentLogFollower logFollower;
    private readonly Timeouts timeouts;
    private readonly Readiness readiness;
    private readonly SecretSample secretSample;
    private readonly SchemaRequirement schemaRequirement;
    private readonly Lazy<PartitionMaintenance> partitions;
    private readonly PooledExecutor patient;
    private readonly PooledExecutor unlimited;
    private readonly IArchiveStore? archiveStore;
    private readonly ArchiveFormats archiveFormats;
    private readonly Lazy<LogArchive> archive;

    /// <summary>Builds a data source from the options, unless the host brought one, which then stays the host's to dispose.</summary>
    public Database(AutoStackDataOptions options, NpgsqlDataSource? dataSource, TimeProvider clock, ILoggerFactory loggerFactory,
        bool servesWorkers)
    {
        var logger = loggerFactory.CreateLogger(AutoStackDataTelemetry.LogCategory);
        var settings = dataSource is null ? options.ToConnectionString() : null;
        var used = settings ?? new NpgsqlConnectionStringBuilder(dataSource!.ConnectionString);
        timeouts = Timeouts.Of(used.CommandTimeout, options.OperationTimeout);
        owned = settings is null ? null : Build(settings);
        listening = options.ToListenConnectionString(settings) is { } direct ? Build(direct) : null;
        var source = dataSource ?? owned!;
        hosts = new Hosts(source, options.Pooler);
        var telemetry = new Telemetry(logger, options.SlowOperationThreshold, PoolName, used.Database ?? used.Username);
        var limits = options.ToPoolLimits(used);
        var pool = new Pool(hosts.Primary, limits, telemetry, followsPrimary: hosts.Standbys is not null);
        var standbys = hosts.Standbys is { } driver ? new Pool(driver, limits, telemetry, followsPrimary: false) : null;
        var tenants = options.ToTenantAccess();
        var transactions = new TransactionSettings(options.Actor, tenants);
        executor = new PooledExecutor(pool, telemetry, timeouts, reopens: true, transactions);
        // What repeats its calls by itself learns at once that the server is away.
        background = new PooledExecutor(pool, telemetry, timeouts, reopens: false, transactions);
        logNotifier = new Notifier(
            new Db(background, new Subject("LogNotifier", table: null)), IDeploymentLogRepository.Channel, LogPause, TimeProvider.System);
        QueueNotifier = new Notifier(
            new Db(background, new Subject("QueueNotifier", table: null)),
            IDeploymentRepository.QueueChannel,
            QueuePause,
            TimeProvider.System);
        var logSecrets = new LogSecrets();
        var secrets = new SecretProtector([.. options.SecretKeys], options.AcceptClearSecrets);
        context = new Context(
            clock,
            secrets,
            new AccountContext(clock, options.Accounts, secrets, () => AccountDeployments.EndRunningOfChosen(clock)),
            new DeploymentContext(clock, logSecrets, QueueNotifier),
            new LogContext(clock, logSecrets, logNotifier, options.LogWriter, options.LogSearchTime));
        unitOfWork = new UnitOfWork(pool, CreateForCaller, telemetry, timeouts, transactions);
        standbyReads = new StandbyReads(CreateForCaller, (type, token) => new StandbyExecutor(
            standbys ?? pool, executor, telemetry, timeouts, transactions, options.StandbyWait, type, standbys is null ? default : token));
        logWriter = new DeploymentLogWriter(
            new Db(background, new Subject("DeploymentLogWriter", "deployment_logs")), context.Logs, logger);
        Notifications = new Notifications(options.Listens ? Hosts.PrimaryOf(listening ?? source) : null, logger);
        logFollower = new DeploymentLogFollower(
            new Db(background, new Subject("DeploymentLogFollower", "deployment_logs")),
            Notifications,
            options.LogPollInterval,
            Math.Clamp(used.MaxPoolSize / 4, 1, 8),
            clock,
            logger);

        readiness = new Readiness(new Db(executor, new Subject("Readiness", table: null)), tenants);
        secretSample = new SecretSample(new Db(executor, new Subject("SecretSample", table: null)), secrets, clock);
        // Reads whole partitions, and copies them however long it takes.
        var longest = PartitionMaintenance.Longest;
        patient = new PooledExecutor(
            pool, telemetry, Timeouts.Of((int)longest.TotalSeconds, longest), reopens: false, transactions);
        unlimited = new PooledExecutor(pool, telemetry, Timeouts.Of(0, operation: null), reopens: false, transactions);
        partitions = new(() => CreatePartitions(archiving: null));
        archiveStore = options.ArchiveStore;
        archiveFormats = new ArchiveFormats(options.ArchiveFormats);
        archive = new(() => new LogArchive(
            new Db(unlimited, new Subject("LogArchive", table: null)), partitions.Value, archiveFormats));
        schemaRequirement = new SchemaRequirement(readiness, options.RequireSchema, logger);

        // The query by which the driver loads types compares oid with regproc: an operator for these two types, planted in public, would be
        // called by every new pool. The built-in types are all that the library uses.
        // The driver's time limit comes after the library's: Timeouts says why.
        NpgsqlDataSource Build(NpgsqlConnectionStringBuilder settings)
        {
            var limited = $"{settings.ConnectionString};Command Timeout={timeouts.DriverSeconds}";
            return Hosts.Build(new NpgsqlDataSourceBuilder(limited) { Name = PoolName }
                .UseLoggerFactory(new DriverLog(loggerFactory, options.DriverLogLevel))
                .ConfigureTracing(Telemetry.WithoutDoubledSpans)
                .ConfigureTypeLoading(types => types.EnableTypeLoading(false)));
        }

        object CreateForCaller(Type type, Executor over) => Repositories.CreateForCaller(type, over, context, servesWorkers);
    }

    public Notifications Notifications { get; }

    /// <summary>Notifies workers of queued deployments.</summary>
    public Notifier QueueNotifier { get; }

    /// <summary>Checks the schema at the start of the host.</summary>
    public IHostedService SchemaRequirement => schemaRequirement;

    /// <summary>What is registered for a user's request.</summary>
    public static IEnumerable<Type> RequestInterfaces => Repositories.RequestInterfaces.Concat(RequestServices.Keys);

    /// <summary>What is registered for the platform's own work.</summary>
    public static IEnumerable<Type> WorkerInterfaces => Repositories.WorkerInterfaces.Concat(WorkerServices.Keys);

    public object Create(Type type) =>
        RequestServices.TryGetValue(type, out var make) || WorkerServices.TryGetValue(type, out make) ? make(this)
            : Repositories.Create(type, executor, context);

    /// <summary>A check whether the service can serve.</summary>
    public IHealthCheck CreateReadyCheck(bool needsWrites) => new ReadyCheck(readiness, secretSample, needsWrites);

    /// <summary>A check whether there are partitions ahead.</summary>
    public IHealthCheck CreatePartitionCheck() => new PartitionCheck(partitions.Value);

    /// <summary>A check whether the process must be restarted.</summary>
    public IHealthCheck CreateLiveCheck() => new LiveCheck(
        new Dictionary<string, Pulse> { ["log writer"] = logWriter.Pulse, ["log follower"] = logFollower.Pulse }, timeouts.Operation);

    /// <summary>The lease of a periodic task.</summary>
    public UpkeepLeases CreateLeases(string name) =>
        new(new Db(executor, new Subject("UpkeepLeases", "upkeep_leases")), context.Clock, name);

    private PartitionMaintenance CreatePartitions(PartitionDrop? archiving)
    {
        var subject = new Subject("PartitionMaintenance", table: null);
        return new(new Db(executor, subject), new Db(patient, subject), context.Clock, context.HealthCheckHours, archiving);
    }

    private static RetentionService RetentionOver(Db db, PartitionMaintenance partitions, Context context) => new(db, new(
        context.Clock,
        new DeploymentMaintenance(db, context.Deployments),
        new DeploymentLogRepository(db, context.Logs),
        new DeploymentRuntimeLogRepository(db, context.Logs),
        new DeploymentHealthCheckRepository(db, context.Clock, context.HealthCheckHours),
        new SessionRepository(db, context.Accounts),
        new SignInThrottle(db, context.Accounts),
        new PasswordResetTokenRepository(db, context.Accounts),
        new EmailVerificationTokenRepository(db, context.Accounts),
        new WebhookPayloadRepository(db, context.Clock),
        partitions,
        new ClosedAccounts(db, context.Deployments.HealthCheckHours)));

    public void Dispose()
    {
        logWriter.Dispose();
        logNotifier.Dispose();
        QueueNotifier.Dispose();
        logFollower.Dispose();
        Notifications.Dispose();
        hosts.End();
        listening?.Dispose();
        owned?.Dispose();
    }

    public async ValueTask DisposeAsync()
    {
        await logWriter.DisposeAsync().ConfigureAwait(false);
        await logNotifier.DisposeAsync().ConfigureAwait(false);
        await QueueNotifier.DisposeAsync().ConfigureAwait(false);
        logFollower.Dispose();
        await Notifications.DisposeAsync().ConfigureAwait(false);
        hosts.End();
        if (listening is not null)
        {
            await listening.DisposeAsync().ConfigureAwait(false);
        }

        if (owned is not null)
        {
            await owned.DisposeAsync().ConfigureAwait(false);
        }
    }
}
