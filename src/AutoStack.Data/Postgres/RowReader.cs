using System.Text.Json;
using AutoStack.Data.Values;
using Npgsql;

namespace AutoStack.Data.Postgres;

/// <summary>
/// Reads a row column by column, in the order of the column list. A class, so that the reader of a second record in the same row continues
/// after the first. Typed getters only: handlers and type maps of the host's Dapper have no effect.
/// </summary>
/// <remarks>
/// A value of another writer that .NET or the record cannot hold affects its own row only: a time becomes the nearest one that .NET has,
/// and NULL becomes the type's empty value where the table's checks came too late.
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

    public bool? FlagOrNull() => IsNull() ? null : reader.GetBoolean(column++);

    public int Int() => IsNull() ? 0 : reader.GetInt32(column++);

    public int? IntOrNull() => IsNull() ? null : reader.GetInt32(column++);

    public long Long() => IsNull() ? 0 : reader.GetInt64(column++);

    public long? LongOrNull() => IsNull() ? null : reader.GetInt64(column++);

    public double? DoubleOrNull() => IsNull() ? null : reader.GetDouble(column++);

    public T[] Array<T>() => reader.GetFieldValue<T[]>(column++);

    public DateTimeOffset Time() => IsNull() ? DateTimeOffset.MinValue : Values.Time.FromColumn(reader.GetInt64(column++));

    public DateTimeOffset? TimeOrNull() => IsNull() ? null : Time();

    /// <summary>A <c>json</c> or a <c>jsonb</c> column: databases of different origin have one or the other.</summary>
    public JsonElement Json() => JsonElement.Parse(Text(), JsonText.Options);

    public T Value<T>()
        where T : struct, ITextValue<T> => T.From(Text());

    public T? ValueOrNull<T>()
        where T : struct, ITextValue<T> => TextOrNull() is { } text ? T.From(text) : null;

    // Advances past a NULL column, so that every getter consumes exactly one column.
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
