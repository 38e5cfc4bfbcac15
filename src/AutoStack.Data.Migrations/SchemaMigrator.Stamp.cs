using AutoStack.Data.Migrations.Internal;
using Npgsql;

namespace AutoStack.Data.Migrations;

/// <content>The journal without the scripts.</content>
public sealed partial class SchemaMigrator
{
    /// <summary>
    /// Sets the journal to a version and runs no script: for a schema that came about another way. Writes the rows that are missing up to
    /// the version and removes those above it, in one transaction, under the migration lock. <b>Nothing checks that the schema is that of the version.</b>
    /// </summary>
    /// <param name="target">The version that the schema has; <see cref="MigrationTarget.Base"/> empties the journal.</param>
    /// <param name="progress">Told of a wait for the lock, and how many rows will change; null for nobody.</param>
    /// <param name="cancellationToken">Cancels; then nothing is changed.</param>
    /// <returns>The rows that were written and removed; none when the journal is so already.</returns>
    /// <exception cref="MigrationException">See <see cref="MigrationError"/>; as an upgrade, it goes on neither from a changed script nor from a newer package.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async Task<StampReport> StampAsync(
        MigrationTarget target, IProgress<MigrationEvent>? progress = null, CancellationToken cancellationToken = default)
    {
        var lockConnection = await OpenAsync(progress, cancellationToken).ConfigureAwait(false);
        var held = await MigrationLock.AcquireAsync(lockConnection, options.LockWait, progress, cancellationToken).ConfigureAwait(false);
        await using var releasing = held.ConfigureAwait(false);
        var connection = await OpenBesideAsync(lockConnection, cancellationToken).ConfigureAwait(false);
        await using var closing = connection.ConfigureAwait(false);

        var history = Compare(await ReadJournalAsync(connection, make: true, cancellationToken).ConfigureAwait(false));
        var (add, remove) = Stamps(history, target);
        progress?.Report(new MigrationPlanned(history.CurrentVersion, Resolve(target, history), add.Count + remove.Count));
        try
        {
            var transaction = await connection.BeginTransactionAsync(cancellationToken).ConfigureAwait(false);
            await using var ending = transaction.ConfigureAwait(false);
            foreach (var script in remove.Concat(add))
            {
                using var command = new NpgsqlCommand { Connection = connection, Transaction = transaction };
                await VersionJournal.Note(command, script, up: add.Contains(script), TimeSpan.Zero)
                    .ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
            }

            // A commit that is cancelled leaves open whether it happened.
            await transaction.CommitAsync(CancellationToken.None).ConfigureAwait(false);
        }
        catch (NpgsqlException exception)
        {
            var why = exception is PostgresException postgres ? ServerError.Describe(postgres, options.ShowValues) : exception.Message;
            throw new MigrationException(MigrationError.ScriptFailed, $"The journal public.schema_versions cannot be written: {why}", exception);
        }

        return Report(history, target, add, remove);
    }

    /// <summary>What a stamp would change now. Writes nothing and takes no lock.</summary>
    internal async Task<StampReport> PlanStampAsync(MigrationTarget target, CancellationToken cancellationToken)
    {
        var history = await GetHistoryAsync(cancellationToken).ConfigureAwait(false);
        var (add, remove) = Stamps(history, target);
        return Report(history, target, add, remove);
    }

    private (List<MigrationScript> Add, List<MigrationScript> Remove) Stamps(SchemaHistory history, MigrationTarget target)
    {
        RefuseForeign(history);
        var version = Resolve(target, history);
        var recorded = history.Versions.Where(v => v.State == VersionState.Applied).Select(v => v.Version).ToHashSet();
        return ([.. scripts.Where(s => s.Version <= version && !recorded.Contains(s.Version))],
            [.. scripts.Where(s => s.Version > version && recorded.Contains(s.Version)).Reverse()]);
    }

    private static StampReport Report(SchemaHistory history, MigrationTarget target, List<MigrationScript> add, List<MigrationScript> remove) =>
        new(history.CurrentVersion, Resolve(target, history), [.. add.Select(s => s.Name)], [.. remove.Select(s => s.Name)]);
}
