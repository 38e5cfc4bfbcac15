using AutoStack.Data.Migrations.Internal;

namespace AutoStack.Data.Migrations;

/// <summary>
/// Applies the schema scripts of this package to a database and reverts them. Several processes may call it at once: one migrates, the
/// others wait and then find nothing to do.
/// </summary>
/// <remarks>
/// The connection must reach the server directly: a session holds the migration lock, and a pooler in transaction mode shares sessions
/// among its clients. The role must be allowed to create tables in the schema <c>public</c> and the extension <c>uuid-ossp</c>.
/// </remarks>
public sealed partial class SchemaMigrator
{
    private readonly MigratorContext context;

    /// <summary>Creates a migrator for one database, with the scripts of this package.</summary>
    /// <param name="connectionString">
    /// An Npgsql connection string (<c>Host=…;Database=…;Username=…</c>), a libpq URI (<c>postgresql://user@host/database</c>) or a
    /// SQLAlchemy URI (<c>postgresql+asyncpg://…</c>).
    /// </param>
    /// <param name="options">Waits, retries and what messages may show; null for the defaults.</param>
    /// <exception cref="MigrationException">
    /// <paramref name="connectionString"/> is not a connection string (<see cref="MigrationError.NoConnection"/>).
    /// </exception>
    /// <exception cref="ArgumentNullException"><paramref name="connectionString"/> is null.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    public SchemaMigrator(string connectionString, SchemaMigratorOptions? options = null)
        : this(connectionString, options, Scripts)
    {
    }

    internal SchemaMigrator(string connectionString, SchemaMigratorOptions? options, IReadOnlyList<MigrationScript> scripts)
    {
        ArgumentNullException.ThrowIfNull(connectionString);
        options ??= new SchemaMigratorOptions();
        options.Validate();
        context = new MigratorContext(
            new MigrationServer(connectionString, options.ShowValues, options.AskPassword), options, SetsOf(options, scripts));
    }

    /// <summary>The scripts of this package, version 1 first.</summary>
    public static IReadOnlyList<MigrationScript> Scripts => MigrationScript.Embedded;

    /// <summary>
    /// Applies the pending scripts: all of the core, of the enabled features and of <see cref="SchemaMigratorOptions.ScriptSets"/>, or
    /// those of one set up to a version.
    /// </summary>
    /// <param name="target">
    /// The version to reach; the default value is <see cref="MigrationTarget.Head"/>, that of every set. <see cref="MigrationTarget.In"/>
    /// names another set than the core.
    /// </param>
    /// <param name="progress">Receives each step as it happens; null to receive nothing.</param>
    /// <param name="cancellationToken">Cancels between two scripts, or cancels the running statement; no script is half-applied.</param>
    /// <returns>The scripts that ran; empty when the database has the version already.</returns>
    /// <exception cref="MigrationException">
    /// See <see cref="MigrationError"/>; scripts committed before the failure stay applied.
    /// </exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public Task<MigrationResult> UpgradeAsync(
        MigrationTarget target = default, IProgress<MigrationEvent>? progress = null, CancellationToken cancellationToken = default) =>
        new Upgrade(context).RunAsync(up: true, target, progress, cancellationToken);

    /// <summary>Reverts versions, newest first. <b>Data in dropped tables and columns is lost.</b></summary>
    /// <param name="target">The version to go back to; <see cref="MigrationTarget.Base"/> reverts every version.</param>
    /// <param name="progress">Receives each step as it happens; null to receive nothing.</param>
    /// <param name="cancellationToken">Cancels between two scripts, or cancels the running statement; no script is half-applied.</param>
    /// <returns>The scripts that ran; empty when the database has the version already.</returns>
    /// <exception cref="MigrationException">
    /// See <see cref="MigrationError"/>; scripts committed before the failure stay reverted.
    /// </exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public Task<MigrationResult> DowngradeAsync(
        MigrationTarget target, IProgress<MigrationEvent>? progress = null, CancellationToken cancellationToken = default) =>
        new Upgrade(context).RunAsync(up: false, target, progress, cancellationToken);

    /// <summary>
    /// Plans what <see cref="UpgradeAsync"/> would run now. The server enforces that the session is read-only; the call takes no lock.
    /// </summary>
    /// <param name="target">The version to reach; the default value is <see cref="MigrationTarget.Head"/>.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    /// <returns>The plan, with the SQL and <see cref="MigrationPlan.Obstacles"/>.</returns>
    /// <exception cref="MigrationException">The upgrade would be refused for the same reason; see <see cref="MigrationError"/>.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public Task<MigrationPlan> PlanUpgradeAsync(MigrationTarget target = default, CancellationToken cancellationToken = default) =>
        new Upgrade(context).PlanAsync(up: true, target, cancellationToken);

    /// <summary>
    /// Plans what <see cref="DowngradeAsync"/> would run now. The server enforces that the session is read-only; the call takes no lock.
    /// </summary>
    /// <param name="target">The version to go back to; <see cref="MigrationTarget.Base"/> reverts every version.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    /// <returns>The plan, with the SQL and <see cref="MigrationPlan.Obstacles"/>.</returns>
    /// <exception cref="MigrationException">
    /// The downgrade would be refused for the same reason; see <see cref="MigrationError"/>.
    /// </exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public Task<MigrationPlan> PlanDowngradeAsync(MigrationTarget target, CancellationToken cancellationToken = default) =>
        new Upgrade(context).PlanAsync(up: false, target, cancellationToken);

    /// <summary>
    /// Runs the scripts of an upgrade in one transaction under the migration lock and rolls the transaction back: a rehearsal finds the
    /// scripts that fail on the existing data. A script that cannot run in a transaction runs in another form or is skipped; the result
    /// names it.
    /// </summary>
    /// <remarks>
    /// The transaction holds every lock until the end, those of index builds too, so writers wait, at most for
    /// <see cref="SchemaMigratorOptions.RehearsalLimit"/>. On a live database choose a quiet moment, or rehearse on a copy. <see
    /// cref="MigrationPlan.RehearsalLocks"/> names the tables.
    /// </remarks>
    /// <param name="target">The version to reach; the default value is <see cref="MigrationTarget.Head"/>.</param>
    /// <param name="progress">Receives each step as it happens; null to receive nothing.</param>
    /// <param name="cancellationToken">Cancels the rehearsal, within a script too.</param>
    /// <returns>The scripts and how each was rehearsed.</returns>
    /// <exception cref="MigrationException">
    /// See <see cref="MigrationError"/>. A script failed or did not get a lock; a rehearsal does not retry.
    /// </exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public Task<RehearsalResult> RehearseUpgradeAsync(
        MigrationTarget target = default, IProgress<MigrationEvent>? progress = null, CancellationToken cancellationToken = default) =>
        new Rehearsal(context).RunAsync(up: true, target, progress, cancellationToken);

    /// <summary>
    /// Runs the scripts of a downgrade in one transaction under the migration lock and rolls the transaction back. A script that cannot run
    /// in a transaction runs in another form or is skipped; the result names it.
    /// </summary>
    /// <inheritdoc cref="RehearseUpgradeAsync" path="/remarks"/>
    /// <param name="target">The version to go back to; <see cref="MigrationTarget.Base"/> reverts every version.</param>
    /// <param name="progress">Receives each step as it happens; null to receive nothing.</param>
    /// <param name="cancellationToken">Cancels the rehearsal, within a script too.</param>
    /// <returns>The scripts and how each was rehearsed.</returns>
    /// <exception cref="MigrationException">
    /// See <see cref="MigrationError"/>. A script failed or did not get a lock; a rehearsal does not retry.
    /// </exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public Task<RehearsalResult> RehearseDowngradeAsync(
        MigrationTarget target, IProgress<MigrationEvent>? progress = null, CancellationToken cancellationToken = default) =>
        new Rehearsal(context).RunAsync(up: false, target, progress, cancellationToken);

    /// <summary>
    /// Reads which optional features this package has, and their versions in a database. <see cref="UpgradeAsync"/> to
    /// <c>MigrationTarget.Head.In(name)</c> enables a feature, and <see cref="DowngradeAsync"/> to <c>MigrationTarget.Base.In(name)</c>
    /// disables it. Writes nothing and takes no lock.
    /// </summary>
    /// <param name="cancellationToken">Cancels the query.</param>
    /// <returns>The features by name; empty when this package has none.</returns>
    /// <exception cref="MigrationException">
    /// The database cannot be reached (<see cref="MigrationError.NoConnection"/>), or the journal cannot be read.
    /// </exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async Task<IReadOnlyList<FeatureStatus>> ReadFeaturesAsync(CancellationToken cancellationToken = default)
    {
        var history = await ReadHistoryAsync(cancellationToken).ConfigureAwait(false);
        return
        [
            .. context.Sets.Where(set => set.Kind == ScriptSetKind.Feature).Select(set =>
                new FeatureStatus(set.Name, set.Description, history.Find(set.Name)?.CurrentVersion ?? 0, set.Scripts.Count)),
        ];
    }

    /// <summary>Reads which versions a database has. Writes nothing and takes no lock.</summary>
    /// <param name="cancellationToken">Cancels the query.</param>
    /// <returns>Every version, applied or not.</returns>
    /// <exception cref="MigrationException">
    /// The database cannot be reached (<see cref="MigrationError.NoConnection"/>), or the journal cannot be read.
    /// </exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async Task<SchemaHistory> ReadHistoryAsync(CancellationToken cancellationToken = default)
    {
        var connection = await context.ConnectAsync(progress: null, cancellationToken).ConfigureAwait(false);
        await using var closing = connection.ConfigureAwait(false);
        return await VersionJournal.ReadHistoryAsync(connection, context.Sets, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Compares a database with what the scripts create up to its version, object by object. Writes nothing, does not wait for a migrator,
    /// and waits at most <see cref="SchemaMigratorOptions.TableWait"/> for a table that another session has locked.
    /// </summary>
    /// <param name="cancellationToken">Cancels the query.</param>
    /// <returns>The versions and the differences.</returns>
    /// <exception cref="MigrationException">
    /// The database cannot be reached (<see cref="MigrationError.NoConnection"/>), a table is locked (<see cref="MigrationError.Locked"/>),
    /// or the journal cannot be read.
    /// </exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public Task<SchemaCheckResult> CheckAsync(CancellationToken cancellationToken = default) =>
        new SchemaCheck(context).RunAsync(cancellationToken);

    /// <summary>Plans what <see cref="RepairSchemaAsync"/> would run now. Writes nothing and takes no lock.</summary>
    /// <param name="options">What the repair may lose; null for nothing.</param>
    /// <param name="cancellationToken">Cancels the queries.</param>
    /// <returns>The statements.</returns>
    /// <exception cref="MigrationException">
    /// The journal is not that of the database (<see cref="MigrationError.NotAdopted"/>, <see cref="MigrationError.SchemaNewer"/>, <see
    /// cref="MigrationError.ScriptChanged"/>), or the check failed; see <see cref="CheckAsync"/>.
    /// </exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public Task<SchemaRepairPlan> PlanSchemaRepairAsync(
        SchemaRepairOptions? options = null, CancellationToken cancellationToken = default) =>
        new SchemaRepair(context, options).PlanAsync(cancellationToken);

    /// <summary>
    /// Runs the statements that <see cref="CheckAsync"/> proposes and that lose nothing, under the migration lock, each in a transaction
    /// of its own where PostgreSQL allows one; then checks again. A statement that does not get its lock in time is retried; one that
    /// fails is rolled back and reported, and the repair continues with the next difference.
    /// </summary>
    /// <param name="options">What the repair may lose; null for nothing.</param>
    /// <param name="progress">Receives each step as it happens; null to receive nothing.</param>
    /// <param name="cancellationToken">Cancels between two statements, or cancels the running one.</param>
    /// <returns>What ran, what failed, and what is left.</returns>
    /// <exception cref="MigrationException">
    /// As for <see cref="PlanSchemaRepairAsync"/>; another migrator holds the lock (<see cref="MigrationError.Locked"/>), or the connection
    /// is lost (<see cref="MigrationError.ScriptFailed"/>).
    /// </exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public Task<SchemaRepairResult> RepairSchemaAsync(
        SchemaRepairOptions? options = null, IProgress<MigrationEvent>? progress = null, CancellationToken cancellationToken = default) =>
        new SchemaRepair(context, options).RunAsync(progress, cancellationToken);

    /// <summary>
    /// Plans what <see cref="AdoptAsync"/> would do now, and finds the rows that would stop it. The server enforces that the session is
    /// read-only; the call takes no lock.
    /// </summary>
    /// <param name="options">What the adoption leaves out; null to leave out nothing.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    /// <returns>The plan.</returns>
    /// <exception cref="MigrationException">
    /// The database is not recognised (<see cref="MigrationError.NotRecognised"/>) or cannot be reached (<see
    /// cref="MigrationError.NoConnection"/>).
    /// </exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public Task<AdoptionPlan> PlanAdoptionAsync(AdoptionOptions? options = null, CancellationToken cancellationToken = default) =>
        new Adoption(context, options).PlanAsync(cancellationToken);

    /// <summary>
    /// Adopts a database that the Python services created, with Alembic or <c>create_all</c>: changes it in place to the documented schema,
    /// records that version in the journal, and upgrades to the newest version. Keeps every row, every NOT NULL, objects outside the
    /// schema, and <c>alembic_version</c>. A database with a journal is upgraded. After an interrupted run call it again: the next run
    /// continues.
    /// </summary>
    /// <param name="options">What the adoption leaves out; null to leave out nothing.</param>
    /// <param name="progress">Receives the plan and each step as it happens; null to receive nothing.</param>
    /// <param name="cancellationToken">Cancels between two steps, or cancels the running statement; no step is half-applied.</param>
    /// <returns>What was found and done.</returns>
    /// <exception cref="MigrationException">
    /// The database is not recognised (<see cref="MigrationError.NotRecognised"/>), or existing rows violate the next step (<see
    /// cref="MigrationError.RowsInTheWay"/>); earlier steps stay applied. For others see <see cref="MigrationError"/>.
    /// </exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public Task<AdoptionResult> AdoptAsync(
        AdoptionOptions? options = null, IProgress<MigrationEvent>? progress = null, CancellationToken cancellationToken = default) =>
        new Adoption(context, options).RunAsync(progress, cancellationToken);

    /// <summary>
    /// Sets the journal to a version without running a script, for a schema that was created in another way. Adds the missing rows up to
    /// the version and removes those above it, in one transaction, under the migration lock. <b>Nothing checks that the schema is that of
    /// the version.</b>
    /// </summary>
    /// <param name="target">The version that the schema has; <see cref="MigrationTarget.Base"/> empties the journal.</param>
    /// <param name="progress">Receives a wait for the lock, and how many rows will change; null to receive nothing.</param>
    /// <param name="cancellationToken">Cancels the call; the journal is then unchanged.</param>
    /// <returns>The rows that were added and removed; both empty when the journal has the version already.</returns>
    /// <exception cref="MigrationException">
    /// See <see cref="MigrationError"/>; like an upgrade, a stamp refuses a changed script and a newer package's journal.
    /// </exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public Task<StampResult> StampAsync(
        MigrationTarget target, IProgress<MigrationEvent>? progress = null, CancellationToken cancellationToken = default) =>
        new Stamp(context).RunAsync(target, progress, cancellationToken);

    /// <summary>
    /// Finds the version of the core whose objects a database has, whatever its journal records. Writes nothing, and waits at most <see
    /// cref="SchemaMigratorOptions.TableWait"/> for a table that another session has locked.
    /// </summary>
    /// <param name="cancellationToken">Cancels the query.</param>
    /// <returns>The version; null when the database has none of AutoStack's tables.</returns>
    /// <exception cref="MigrationException">
    /// The database cannot be reached (<see cref="MigrationError.NoConnection"/>), or a table is locked (<see
    /// cref="MigrationError.Locked"/>).
    /// </exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public Task<DetectedVersion?> DetectVersionAsync(CancellationToken cancellationToken = default) =>
        new SchemaCheck(context).DetectAsync(cancellationToken);

    /// <summary>Plans what a stamp would change now. Writes nothing and takes no lock.</summary>
    internal async Task<StampResult> PlanStampAsync(MigrationTarget target, CancellationToken cancellationToken = default) =>
        Stamp.Plan(await ReadHistoryAsync(cancellationToken).ConfigureAwait(false), context.Sets, target).Result;

    /// <summary>Plans without a database: up from an empty one, down from the newest version.</summary>
    internal static MigrationPlan PlanOffline(bool up, MigrationTarget target, SchemaMigratorOptions? options = null)
    {
        var plan = MigrationPlanner.PlanOffline(SetsOf(options ?? new SchemaMigratorOptions(), Scripts), up, target);
        plan.Reason = options?.Reason;
        return plan;
    }

    private static IReadOnlyList<ScriptSet> SetsOf(SchemaMigratorOptions options, IReadOnlyList<MigrationScript> core) =>
        [ScriptSet.OfCore(core), .. options.Features, .. options.ScriptSets];
}
