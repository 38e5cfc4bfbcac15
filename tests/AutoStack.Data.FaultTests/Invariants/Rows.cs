using System.Diagnostics.CodeAnalysis;
using Npgsql;

namespace AutoStack.Data.FaultTests.Invariants;

/// <summary>Reads all rows of a statement over the laboratory's direct connection.</summary>
internal static class Rows
{
    public static async Task<List<T>> ReadAsync<T>(
        NpgsqlConnection connection, [ConstantExpected] string sql, Func<NpgsqlDataReader, T> read, CancellationToken cancellationToken)
    {
#pragma warning disable CA2100 // A constant.
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 300 };
#pragma warning restore CA2100
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var rows = new List<T>();
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add(read(reader));
        }

        return rows;
    }

    public static Guid? GuidOrNull(this NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetGuid(column);
}
