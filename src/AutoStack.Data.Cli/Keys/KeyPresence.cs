using AutoStack.Data.Cli.Databases;
using AutoStack.Data.Cli.Output;
using AutoStack.Data.SecretRotation;
using Npgsql;

namespace AutoStack.Data.Cli.Keys;

/// <summary>Which keys the stored secrets name, as far as a limited time shows.</summary>
/// <param name="Report">The counts of what was read. No value was opened.</param>
/// <param name="NotRead">What was not read, or not to its end, each with the reason.</param>
internal sealed record KeyPresence(KeyReport Report, IReadOnlyList<string> NotRead)
{
    /// <summary>The usual limit.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(2);

    /// <summary>Counts the ids of the keys, column by column.</summary>
    /// <param name="services">The library.</param>
    /// <param name="keys">The keys that were given.</param>
    /// <param name="limit">The longest time for one column.</param>
    /// <param name="cancellationToken">Cancels the reading.</param>
    public static async Task<KeyPresence> ReadAsync(
        DataServices services, IReadOnlyList<SecretKey> keys, TimeSpan limit, CancellationToken cancellationToken)
    {
        var rotation = (SecretRotator)services.Get<ISecretRotation>();
        var hidden = await rotation.ListHiddenAsync(cancellationToken).ConfigureAwait(false);
        var counts = new List<SecretCount>();
        var notRead = hidden.Select(column => $"{column} (the role may not read it)").ToList();
        foreach (var column in SecretRotator.Columns.Where(column => !hidden.Contains(column.Name)))
        {
            var read = 0L;
            using var time = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            time.CancelAfter(limit);
            try
            {
                await foreach (var (rows, found) in rotation.CountWindowsAsync(column, ISecretRotation.MaxBatchSize, time.Token)
                    .ConfigureAwait(false))
                {
                    counts.AddRange(found);
                    read = rows;
                }
            }
            catch (Exception exception) when (exception is OperationCanceledException or StatementTimeoutException)
            {
                cancellationToken.ThrowIfCancellationRequested();
                notRead.Add($"{column.Name} after {Figures.Number(read, "row")} (it took longer than {Amount.Age(limit)})");
            }
            catch (PostgresException exception)
                when (exception.SqlState is PostgresErrorCodes.UndefinedTable or PostgresErrorCodes.UndefinedColumn)
            {
                notRead.Add($"{column.Name} (the schema lacks it)");
            }
        }

        return new KeyPresence(
            new KeyReport(services.Where, [.. keys.Select(key => key.Id)], [.. Sum(counts)], Unreadable: [], hidden), notRead);
    }

    private static IEnumerable<SecretCount> Sum(IEnumerable<SecretCount> counts) => counts
        .GroupBy(count => (count.Column, count.Form, count.KeyId))
        .Select(group => new SecretCount(group.Key.Column, group.Key.Form, group.Key.KeyId, group.Sum(count => count.Values)));
}
