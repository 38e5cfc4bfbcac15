using System.Text.Json;
using AutoStack.Data.Values;
using Npgsql;

namespace AutoStack.Data.Postgres;

/// <summary>
/// Reads a row column by column, in the order of the column list. A class, so that the readers of two records that share a row go on where
/// the one before stopped. Typed getters only: no handler or type map of the host's Dapper has a say.
/// </summary>
/// <remarks>
/// A value that another writer stored and that .NET or the record cannot hold harms its own row only: a time is the nearest that there is,
/// and a NULL where the table's checks came too late is the type's empty value.
/// </remarks>
internal sealed class RowReader(NpgsqlDataReader reader)
{
    private int column;

    /// <summary>Moves to the next row; false after the last.</summary>
    public Task<bool> NextAsync(CancellationToken cancellationToken)
    {
        column = 0;
        return reader.ReadAsync(cancellationToken);
    }

    public Guid Guid() => IsNull() ? System.Guid.Empty : reader.GetGuid(column++);

    public Guid? GuidOrNull() => IsNull() ? null : reader.GetGuid(column++);

    public string Text() => IsNull() ? "" : reader.GetString(column++);

    public string? TextOrNull() => IsNull() ? null : reader.GetString(column++);

    public bool Flag() => !IsNull() && reader.GetBoolean(column++);

    public int Int() => IsNull() ? 0 : reader.GetInt32(column++);

    public int? IntOrNull() => IsNull() ? null : reader.GetInt32(column++);

    public long Long() => IsNull() ? 0 : reader.GetInt64(column++);

    public long? LongOrNull() => IsNull() ? null : reader.GetInt64(column++);

    public double? DoubleOrNull() => IsNull() ? null : reader.GetDouble(column++);

    public T[] Array<T>() => reader.GetFieldValue<T[]>(column++);

    public DateTimeOffset Time() => IsNull() ? DateTimeOffset.MinValue : Values.Time.FromColumn(reader.GetInt64(column++));

    public DateTimeOffset? TimeOrNull() => IsNull() ? null : Time();

    /// <summary>A <c>json</c> or <c>jsonb</c> column, which databases of different origin have.</summary>
    public JsonElement Json() => JsonElement.Parse(Text(), JsonText.Options);

    public T Value<T>()
        where T : struct, ITextValue<T> => T.From(Text());

    public T? ValueOrNull<T>()
        where T : struct, ITextValue<T> => TextOrNull() is { } text ? T.From(text) : null;

    // Steps over the column when it is null, so that every getter takes exactly one.
    private bool IsNull()
    {
        if (!reader.IsDBNull(column))
        {
            return false;
        }

        column++;
        return true;
    }
}
