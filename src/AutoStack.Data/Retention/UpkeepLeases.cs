using AutoStack.Data.Postgres;
using AutoStack.Data.Values;
using Npgsql;

namespace AutoStack.Data.Retention;

/// <summary>
/// The table <c>upkeep_leases</c>: one process at a time runs a periodic task. A lease is a row, so that it works through a pooler in
/// transaction mode.
/// </summary>
/// <param name="db">The executor.</param>
/// <param name="clock">The clock; a fake clock shifts the time that statements compare with.</param>
/// <param name="name">The task.</param>
internal sealed class UpkeepLeases(Db db, TimeProvider clock, string name)
{
    private const int MaxNameLength = 64;
    private static readonly TimeSpan LongestHeartbeat = TimeSpan.FromSeconds(5);

    // A lease that is not given back expires.
    private static readonly TimeSpan ReleaseTime = TimeSpan.FromSeconds(5);

    private const string Shown = """
        l.holder, l.acquired_at, l.renewed_at, l.expires_at, l.released_at,
        l.last_holder, l.last_started_at, l.last_finished_at, l.last_succeeded_at, l.last_outcome, l.last_rows
        """;

    // Needs @now. A task that never ran holds no claim.
    private const string IsHeld = $"l.claim_key IS NOT NULL AND l.released_at IS NULL AND l.expires_at > {ServerTime.Present}";

    // Needs @now, and of @interval and @timeOfDay at most one. A daily task that never ran waits for the next time of day.
    private const string IsDue = $"""
        CASE
            WHEN @interval::interval IS NOT NULL THEN
                l.last_finished_at IS NULL OR l.last_finished_at + @interval::interval <= {ServerTime.Present}
            WHEN @timeOfDay::interval IS NOT NULL THEN
                coalesce(l.last_finished_at, l.created_at)
                    < pg_catalog.date_trunc('day', {ServerTime.Present} - @timeOfDay::interval) + @timeOfDay::interval
            ELSE TRUE
        END
        """;

    private static readonly string[] OwnRights = ["SELECT", "INSERT", "UPDATE"];

    /// <summary>The state of the task; null when no process has asked for its lease yet.</summary>
    public Task<UpkeepState?> FindAsync(string operation, CancellationToken cancellationToken) =>
        db.FindAsync(Read, $"""
            SELECT {Shown}, {IsHeld}
            FROM upkeep_leases l
            WHERE l.name::text = @name
            """, [P.Text(name, MaxNameLength), ServerTime.Now(clock)], cancellationToken, operation);

    /// <summary>
    /// Acquires the lease, if it is free or expired and the schedule has a run due, or if the key holds it already. The state is that after
    /// the attempt.
    /// </summary>
    public Task<(bool IsAcquired, bool IsDue, UpkeepState? State)> AcquireAsync(
        UpkeepClaim claim, string operation, CancellationToken cancellationToken)
    {
        NpgsqlParameter[] Schedule() =>
        [
            P.Text(name, MaxNameLength), P.Of(claim.Schedule?.Interval, "interval"), P.Of(claim.Schedule?.TimeOfDay, "timeOfDay"),
            ServerTime.Now(clock),
        ];

        var create = new Statement($"""
            INSERT INTO upkeep_leases (name, created_at)
            VALUES (@name, {ServerTime.Present})
            ON CONFLICT (name) DO NOTHING
            RETURNING name
            """, P.Text(name, MaxNameLength), ServerTime.Now(clock));
        var acquire = new Statement($"""
            UPDATE upkeep_leases l
            SET holder = @holder, claim_key = @key, acquired_at = {ServerTime.Present}, renewed_at = {ServerTime.Present},
                expires_at = {ServerTime.Present} + @lease, released_at = NULL
            WHERE l.name::text = @name AND (l.claim_key = @key OR NOT ({IsHeld})) AND {IsDue}
            RETURNING l.name
            """,
            [
                .. Schedule(), P.Text(claim.Holder ?? ThisProcess.Name, UpkeepClaim.MaxHolderLength, "holder"), P.Of(claim.Key, "key"),
                P.Of(claim.Lease, "lease"),
            ]);
        var read = new Statement($"""
            SELECT {Shown}, {IsHeld}, {IsDue}
            FROM upkeep_leases l
            WHERE l.name::text = @name
            """, Schedule());
        return db.WriteBatchAsync(
            async sets =>
            {
                await sets.SkipAsync().ConfigureAwait(false);
                var isAcquired = await sets.AnyAsync().ConfigureAwait(false);
                var found = await sets.FindAsync(row => new { State = Read(row), IsDue = row.Flag() }).ConfigureAwait(false);
                return (isAcquired, found?.IsDue == true, found?.State);
            },
            [create, acquire, read],
            cancellationToken,
            operation);
    }

    /// <summary>Renews the lease while the key holds it. An expired lease is renewed, unless another process has acquired it.</summary>
    private Task<int> RenewAsync(Guid key, TimeSpan lease, CancellationToken cancellationToken) =>
        db.WriteAsync($"""
            UPDATE upkeep_leases l
            SET renewed_at = {ServerTime.Present}, expires_at = {ServerTime.Present} + @lease
            WHERE l.name::text = @name AND l.claim_key = @key AND l.released_at IS NULL
            """,
            [P.Text(name, MaxNameLength), P.Of(key), P.Of(lease), ServerTime.Now(clock)], cancellationToken);

    /// <summary>Runs a task under the lease when the schedule has a run due and no other process holds the lease.</summary>
    /// <param name="schedule">When a run is due.</param>
    /// <param name="key">The key of the claim.</param>
    /// <param name="task">The task; returns its result and the number of rows for the record of the run.</param>
    /// <param name="operation">The name of the operation for telemetry.</param>
    /// <param name="cancellationToken">Stops the run.</param>
    /// <returns>The result; null when the task did not run.</returns>
    public async Task<T?> RunWhenDueAsync<T>(
        UpkeepSchedule schedule, Guid key, Func<Task<(T Result, long Rows)>> task, string operation, CancellationToken cancellationToken)
        where T : class
    {
        var claim = new UpkeepClaim(key, schedule);
        var (isAcquired, _, _) = await AcquireAsync(claim, operation, cancellationToken).ConfigureAwait(false);
        if (!isAcquired)
        {
            return null;
        }

        var (result, rows) = await KeepAsync(claim, task).ConfigureAwait(false);
        await ReleaseAsync(key, UpkeepOutcome.Completed, rows, cancellationToken).ConfigureAwait(false);
        return result;
    }

    /// <summary>
    /// Renews the lease while a task runs. The lease of a task that throws is given back, and the run is not recorded; the caller releases
    /// the lease of a task that ends.
    /// </summary>
    public async Task<T> KeepAsync<T>(UpkeepClaim claim, Func<Task<T>> task)
    {
        using var ended = new CancellationTokenSource();
        var heartbeat = RenewAsync(claim.Key, claim.Lease, ended);
        try
        {
            return await task().ConfigureAwait(false);
        }
        catch
        {
            await TryReleaseAsync(claim.Key).ConfigureAwait(false);
            throw;
        }
        finally
        {
            await ended.CancelAsync().ConfigureAwait(false);
            await heartbeat.ConfigureAwait(false);
        }
    }

    // A failed renewal is repeated.
    private async Task RenewAsync(Guid key, TimeSpan lease, CancellationTokenSource ended)
    {
        var interval = lease / 3 < LongestHeartbeat ? lease / 3 : LongestHeartbeat;
        while (true)
        {
            await Task.Delay(interval, ended.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (ended.IsCancellationRequested)
            {
                return;
            }

            try
            {
                await RenewAsync(key, lease, ended.Token).ConfigureAwait(false);
            }
#pragma warning disable CA1031 // The next renewal may succeed; without one, the lease expires.
            catch (Exception)
#pragma warning restore CA1031
            {
            }
        }
    }

    private async Task TryReleaseAsync(Guid key)
    {
        using var limit = new CancellationTokenSource(ReleaseTime);
        try
        {
            await ReleaseAsync(key, outcome: null, rows: 0, limit.Token).ConfigureAwait(false);
        }
#pragma warning disable CA1031 // The failure that led here is reported, and the lease expires.
        catch (Exception)
#pragma warning restore CA1031
        {
        }
    }

    /// <summary>What the next batch depends on, in one round trip.</summary>
    /// <param name="key">The key of the claim.</param>
    /// <param name="readsLag">Whether the lag of standbys is read.</param>
    /// <param name="cancellationToken">Stops the read.</param>
    public Task<Signs?> ReadSignsAsync(Guid key, bool readsLag, CancellationToken cancellationToken) => db.FindAsync(
        row => new Signs(row.Flag(), row.DoubleOrNull() is { } seconds ? TimeSpan.FromSeconds(seconds) : null, row.Flag()), """
        SELECT
            EXISTS (SELECT FROM upkeep_leases l WHERE l.name::text = @name AND l.claim_key = @key AND l.released_at IS NULL),
            CASE WHEN @readsLag THEN (
                SELECT pg_catalog.date_part('epoch', pg_catalog.max(r.replay_lag))
                FROM pg_catalog.pg_stat_replication r
            ) END,
            CASE WHEN @readsLag THEN EXISTS (SELECT FROM pg_catalog.pg_stat_replication r WHERE r.state IS NULL) ELSE FALSE END
        """, [P.Text(name, MaxNameLength), P.Of(key), P.Of(readsLag)], cancellationToken);

    /// <summary>Gives the lease back; does nothing when the key does not hold it any more.</summary>
    /// <param name="key">The key of the claim.</param>
    /// <param name="outcome">The outcome of the run; null does not record the run.</param>
    /// <param name="rows">The number of removed rows.</param>
    /// <param name="cancellationToken">Stops the write.</param>
    public Task ReleaseAsync(Guid key, UpkeepOutcome? outcome, long rows, CancellationToken cancellationToken) =>
        db.WriteAsync($"""
            UPDATE upkeep_leases l
            SET released_at = {ServerTime.Present},
                last_holder = CASE WHEN @outcome::text IS NULL THEN l.last_holder ELSE l.holder END,
                last_started_at = CASE WHEN @outcome::text IS NULL THEN l.last_started_at ELSE l.acquired_at END,
                last_finished_at = CASE WHEN @outcome::text IS NULL THEN l.last_finished_at ELSE {ServerTime.Present} END,
                last_succeeded_at = CASE WHEN @outcome::text IN ('completed', 'partial') THEN {ServerTime.Present}
                    ELSE l.last_succeeded_at END,
                last_outcome = coalesce(@outcome::text, l.last_outcome),
                last_rows = CASE WHEN @outcome::text IS NULL THEN l.last_rows ELSE @rows END
            WHERE l.name::text = @name AND l.claim_key = @key AND l.released_at IS NULL
            """,
            [
                P.Text(name, MaxNameLength), P.Of(key), P.Of(outcome), P.Of(rows), ServerTime.Now(clock),
            ],
            cancellationToken);

    /// <summary>The rights that the role lacks, of those that are asked for, and of those that a lease needs.</summary>
    public Task<IReadOnlyList<string>> FindMissingRightsAsync(
        IEnumerable<(string Table, string Right)> rights, CancellationToken cancellationToken)
    {
        var needed = rights
            .Concat(OwnRights.Select(right => (Table: "upkeep_leases", Right: right)))
            .Distinct().ToList();
        string?[] tables = [.. needed.Select(right => right.Table)];
        string?[] names = [.. needed.Select(right => right.Right)];
        return db.ListAsync(row => $"{row.Text()} on {row.Text()}{(row.Flag() ? "" : ", which does not exist")}", """
            SELECT n.name, n.table_name, pg_catalog.to_regclass(n.table_name) IS NOT NULL
            FROM ROWS FROM (pg_catalog.unnest(@names), pg_catalog.unnest(@tables)) WITH ORDINALITY AS n (name, table_name, ordinal)
            WHERE pg_catalog.has_table_privilege(pg_catalog.to_regclass(n.table_name), n.name) IS NOT TRUE
            ORDER BY n.ordinal
            """, [P.Of(names), P.Of(tables)], cancellationToken);
    }

    private static UpkeepState Read(RowReader row) => new()
    {
        Holder = row.TextOrNull(),
        AcquiredAt = row.TimeOrNull(),
        RenewedAt = row.TimeOrNull(),
        ExpiresAt = row.TimeOrNull(),
        ReleasedAt = row.TimeOrNull(),
        LastHolder = row.TextOrNull(),
        LastStartedAt = row.TimeOrNull(),
        LastFinishedAt = row.TimeOrNull(),
        LastSucceededAt = row.TimeOrNull(),
        LastOutcome = row.ValueOrNull<UpkeepOutcome>(),
        LastRows = row.LongOrNull(),
        IsRunning = row.Flag(),
    };

    /// <summary>What the next batch depends on.</summary>
    /// <param name="IsHeld">Whether the key holds the lease.</param>
    /// <param name="Lag">The greatest replay lag of a standby; null without a standby, or when it is not known.</param>
    /// <param name="LagIsHidden">True when the role does not see the lag of a standby.</param>
    internal sealed record Signs(bool IsHeld, TimeSpan? Lag, bool LagIsHidden);
}
