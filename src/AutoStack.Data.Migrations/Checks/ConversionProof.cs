using Npgsql;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>What the values of a column become when its type changes.</summary>
/// <param name="KeepsValues">True when every value is the same after it was converted and converted back.</param>
/// <param name="IsRead">True when the values were compared.</param>
/// <param name="FreesDomain">True when the found type is a domain that refuses values.</param>
/// <param name="Obstacle">Why the statement would fail; null when nothing is in the way.</param>
internal sealed record Conversion(bool KeepsValues, bool IsRead, bool FreesDomain, RepairObstacle? Obstacle);

/// <summary>
/// Converts the values of a column to another type and back, and compares the text. Runs functions of the server alone: the casts and
/// domains of others are not tried.
/// </summary>
internal sealed class ConversionProof(NpgsqlConnection connection, NpgsqlTransaction transaction, string maxTime)
{
    private const string Savepoint = "conversion";

    public async Task<Conversion> RunAsync(string table, CatalogObject column, string to, CancellationToken cancellationToken)
    {
        var (from, freesDomain, isOwn) = await ReadTypeAsync(table, column.Name, cancellationToken).ConfigureAwait(false);
        var unproven = new Conversion(false, false, freesDomain, null);
        to = TypeChange.WithoutCollation(to);
        if (from is null || !isOwn)
        {
            return unproven;
        }

        if (TypeChange.IsWidening(from, to))
        {
            return unproven with { KeepsValues = true, IsRead = true };
        }

        if (await AskAsync($"SELECT NULL::{from}::{to} IS NULL", cancellationToken).ConfigureAwait(false) is (null, { } refused))
        {
            return refused == PostgresErrorCodes.CannotCoerce
                ? unproven with { Obstacle = new RepairObstacle($"The server has no conversion from {from} to {to}: convert by hand.") }
                : unproven;
        }

        // The text of bytes is an encoding of them, not what they stand for.
        var value = $"t.{column.Sql}";
        var (differs, failed) = from.StartsWith("bytea", StringComparison.Ordinal) ? (null, null) : await AskAsync(
            $"SELECT EXISTS (SELECT FROM public.{table} t WHERE {value} IS NOT NULL AND " +
            $"(({value}::{to})::{from})::text IS DISTINCT FROM {value}::text)", cancellationToken).ConfigureAwait(false);
        if (differs is not null)
        {
            return unproven with { KeepsValues = differs == false, IsRead = true };
        }

        return await AskAsync($"SELECT count({value}::{to}) >= 0 FROM public.{table} t", cancellationToken).ConfigureAwait(false)
            is (null, { } state) && state.StartsWith("22", StringComparison.Ordinal)
            ? unproven with
            {
                Obstacle = new RepairObstacle($"A value of {table}.{column.Name} does not fit {to}: find and correct it."),
            }
            : unproven;
    }

    // Policies would hide rows. The settings make the text of a value complete and the same in every session; times are UTC.
    private async Task<(bool? Answer, string? Error)> AskAsync(string query, CancellationToken cancellationToken)
    {
        await transaction.SaveAsync(Savepoint, cancellationToken).ConfigureAwait(false);
        (bool?, string?) answer;
        try
        {
            using var command = new NpgsqlCommand(
                $"SET LOCAL row_security = off; SET LOCAL statement_timeout = '{maxTime}'; SET LOCAL timezone = 'UTC'; " +
                $"SET LOCAL datestyle = 'ISO, YMD'; SET LOCAL extra_float_digits = 3; {query}", connection, transaction);
            answer = ((bool)(await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false))!, null);
        }
        catch (PostgresException exception) when (!cancellationToken.IsCancellationRequested)
        {
            answer = (null, exception.SqlState);
        }

        await transaction.RollbackAsync(Savepoint, cancellationToken).ConfigureAwait(false);
        return answer;
    }

    // The type below all domains, whether one of them refuses values, and whether no code of others converts it.
    private async Task<(string? Type, bool FreesDomain, bool IsOwn)> ReadTypeAsync(
        string table, string column, CancellationToken cancellationToken)
    {
        using var command = new NpgsqlCommand("""
            WITH RECURSIVE chain AS (
                SELECT y.*, 0 AS depth, format_type(a.atttypid, a.atttypmod) AS name
                FROM pg_attribute a
                JOIN pg_type y ON y.oid = a.atttypid
                WHERE a.attrelid = to_regclass(format('public.%I', @table)) AND a.attname = @column AND NOT a.attisdropped
                UNION ALL
                SELECT y.*, c.depth + 1, format_type(c.typbasetype, c.typtypmod)
                FROM chain c
                JOIN pg_type y ON y.oid = c.typbasetype
                WHERE c.typtype = 'd'
            )
            SELECT name,
                EXISTS (
                    SELECT
                    FROM chain d
                    WHERE d.typtype = 'd' AND (d.typnotnull OR EXISTS (SELECT FROM pg_constraint k WHERE k.contypid = d.oid))),
                (typnamespace = 'pg_catalog'::regnamespace OR typtype = 'e') AND NOT EXISTS (
                    SELECT
                    FROM pg_cast k
                    WHERE (k.castsource = chain.oid OR k.casttarget = chain.oid) AND k.oid >= 16384)
            FROM chain
            ORDER BY depth DESC
            LIMIT 1
            """, connection, transaction);
        command.Parameters.AddWithValue("table", table);
        command.Parameters.AddWithValue("column", column);
        var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        await using var closing = reader.ConfigureAwait(false);
        return await reader.ReadAsync(cancellationToken).ConfigureAwait(false)
            ? (reader.GetString(0), reader.GetBoolean(1), reader.GetBoolean(2))
            : (null, false, false);
    }
}
