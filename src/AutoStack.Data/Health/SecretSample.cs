using AutoStack.Data.Postgres;
using AutoStack.Data.SecretRotation;
using AutoStack.Data.Secrets;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace AutoStack.Data.Health;

/// <summary>
/// Opens a few stored secrets, and tells keys that are wrong from rows that are damaged. A row that does not open, among others that do,
/// says nothing of the keys: a service without it would be no better.
/// </summary>
/// <param name="db">The executor.</param>
/// <param name="secrets">Opens the secrets.</param>
/// <param name="clock">The clock.</param>
internal sealed class SecretSample(Db db, SecretProtector secrets, TimeProvider clock)
{
    // At each end of a table, the rows to look at, and the values to open. Many rows may have no value.
    private const int Window = 1_000;
    private const int Values = 5;

    // A rotation leaves behind what it cannot open: a damaged row or two may be the last that name an old key.
    private const int EnoughOfOneKey = 3;

    private static readonly TimeSpan Every = TimeSpan.FromMinutes(10);

    private Found? last;

    /// <summary>
    /// Unhealthy when a key is missing or opens nothing, degraded when single values do not open. An answer is kept for ten minutes, unless
    /// it is unhealthy.
    /// </summary>
    public async Task<(HealthStatus Status, string? Problem)> FindProblemAsync(CancellationToken cancellationToken)
    {
        if (Volatile.Read(ref last) is { } kept && clock.GetElapsedTime(kept.At) < Every)
        {
            return (kept.Status, kept.Problem);
        }

        var values = new List<Value>();
        foreach (var column in SecretRotator.Samples)
        {
            var rows = await db.ListAsync(column.Read, column.Sample(Window, Values), cancellationToken).ConfigureAwait(false);
            values.AddRange(rows.Select(row => Open(column.Name, row)));
        }

        var (status, problem) = Judge(values);
        if (status != HealthStatus.Unhealthy)
        {
            Volatile.Write(ref last, new Found(status, problem, clock.GetTimestamp()));
        }

        return (status, problem);
    }

    private (HealthStatus Status, string? Problem) Judge(List<Value> values)
    {
        var failed = values.FindAll(value => value.Problem is not null);
        if (failed is [])
        {
            return (HealthStatus.Healthy, null);
        }

        var opened = values.Where(value => value.IsWhole && value.Problem is null).Select(value => value.KeyId).ToHashSet();
        var wrong = failed.Find(value => value.IsWhole && !secrets.HasKey(value.KeyId))
            ?? failed.Find(value => value.IsWhole && !opened.Contains(value.KeyId) && (
                opened.Count == 0 || failed.Count(other => other.IsWhole && other.KeyId == value.KeyId) >= EnoughOfOneKey));
        return wrong is not null
            ? (HealthStatus.Unhealthy, wrong.Problem)
            : (HealthStatus.Degraded,
                $"{failed[0].Problem} It is one of {failed.Count} among {values.Count} sampled values, and no other says that a key is " +
                "wrong: 'autostack-db keys verify' lists every such row.");
    }

    private Value Open(string column, StaleSecret row)
    {
        var form = StoredForm.Of(row.Stored.Value, row.Stored.Version is not null);
        var isWhole = StoredForm.IsWhole(row.Stored) && form.Form == SecretForm.Encrypted;
        try
        {
            secrets.Open(row.Stored, row.Place);
            return new Value(form.KeyId, isWhole, Problem: null);
        }
        catch (SecretUnreadableException exception)
        {
            return new Value(form.KeyId, isWhole, $"A secret in {column} does not open. {exception.Message}");
        }
    }

    /// <summary>A sampled value.</summary>
    /// <param name="KeyId">The key that it names; null for none.</param>
    /// <param name="IsWhole">Whether the library wrote it, so that it tells something of the keys.</param>
    /// <param name="Problem">Why it does not open; null when it does.</param>
    private sealed record Value(string? KeyId, bool IsWhole, string? Problem);

    private sealed record Found(HealthStatus Status, string? Problem, long At);
}
