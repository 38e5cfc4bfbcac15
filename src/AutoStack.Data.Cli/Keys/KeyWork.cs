using System.Diagnostics;
using AutoStack.Data.Cli.Databases;
using AutoStack.Data.Cli.Output;
using AutoStack.Data.SecretRotation;

namespace AutoStack.Data.Cli.Keys;

/// <summary>Counts, opens and re-encrypts the stored secrets with the library, and shows the progress.</summary>
internal sealed class KeyWork(Session session, DataServices services, IReadOnlyList<SecretKey> keys)
{
    // Other writers may change values during each pass, with an older key.
    private const int MaxPasses = 5;
    private const int BatchSize = ISecretRotation.MaxBatchSize;

    private readonly SecretRotator rotation = (SecretRotator)services.Get<ISecretRotation>();

    /// <summary>Counts the values; with keys, also opens each of them unless that is left out.</summary>
    public async Task<KeyReport> VerifyAsync(bool opens, CancellationToken cancellationToken)
    {
        var progress = new WorkProgress(session.Error, "counting", "rows read");
        try
        {
            var hidden = await rotation.ListHiddenAsync(cancellationToken).ConfigureAwait(false);
            var visible = rotation.Without(hidden);
            var counts = await visible.CountAsync(BatchSize, RowsOf(progress), cancellationToken).ConfigureAwait(false);
            return new KeyReport(
                services.Where,
                [.. keys.Select(key => key.Id)],
                counts,
                opens && keys.Count > 0 ? await OpenAsync(visible, cancellationToken).ConfigureAwait(false) : [],
                hidden);
        }
        finally
        {
            progress.Close();
        }
    }

    /// <summary>Re-encrypts until a pass meets no value that another writer changed.</summary>
    public async Task<KeyRotationReport> RotateAsync(CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        var progress = new WorkProgress(session.Error, "rotating", "values replaced");
        var results = new Dictionary<string, SecretRotationResult>();
        long done = 0;
        try
        {
            for (var pass = 1; pass <= MaxPasses; pass++)
            {
                var found = await rotation.RunAsync(BatchSize, new Reporter<SecretProgress>(Report), cancellationToken)
                    .ConfigureAwait(false);
                foreach (var column in found)
                {
                    var earlier = results.TryGetValue(column.Column, out var known) ? known.Rotated : 0;
                    results[column.Column] = column with { Rotated = column.Rotated + earlier };
                }

                if (found.All(column => column.Skipped == 0))
                {
                    break;
                }
            }
        }
        catch (OperationCanceledException)
        {
            throw Failure.Cancelled($"Cancelled. {Figures.Number(done, "value")} replaced; the next run continues.");
        }
        finally
        {
            progress.Close();
        }

        var elapsed = Stopwatch.GetElapsedTime(started);
        return new KeyRotationReport(
            [.. results.Values], elapsed, await VerifyAsync(opens: true, cancellationToken).ConfigureAwait(false));

        void Report(SecretProgress value)
        {
            if (value.Values > 0)
            {
                session.HasChanged = true;
                done = results.Values.Sum(column => (long)column.Rotated) + value.Values;
            }

            progress.Report(value.Column, value.Values, total: null);
        }
    }

    private async Task<IReadOnlyList<UnreadableGroup>> OpenAsync(SecretRotator visible, CancellationToken cancellationToken)
    {
        var progress = new WorkProgress(session.Error, "opening", "rows read");
        var groups = new List<UnreadableGroup>();
        try
        {
            var found = visible.FindUnreadableAsync(BatchSize, RowsOf(progress), cancellationToken);
            await foreach (var (column, row, key, reason) in found.ConfigureAwait(false))
            {
                var at = groups.FindIndex(group => group.Column == column && group.KeyId == key && group.Reason == reason);
                if (at < 0)
                {
                    groups.Add(new UnreadableGroup(column, key, reason, 1, [row]));
                    continue;
                }

                var group = groups[at];
                groups[at] = group with
                {
                    Values = group.Values + 1,
                    Rows = group.Rows.Count < UnreadableGroup.MaxRows ? [.. group.Rows, row] : group.Rows,
                };
            }
        }
        finally
        {
            progress.Close();
        }

        return groups;
    }

    private static Reporter<SecretProgress> RowsOf(WorkProgress progress) =>
        new(value => progress.Report(value.Column, value.Rows, total: null));
}
