using System.Text.Json;
using Npgsql;

namespace AutoStack.Data.Internal;

/// <summary>
/// Reads a row column by column, in the order of the column list. A class, so that the readers of two records that share a row go on where
/// the one before stopped. Typed getters only: no handler or type map of the host's Dapper has a say.
/// </summary>
internal sealed class RowReader(NpgsqlDataReader reader)
{
    private int column;

    /// <summary>Moves to the next row; false after the last.</summary>
    public Task<bool> NextAsync(CancellationToken cancellationToken)
    {
        column = 0;
        return reader.ReadAsync(cancellationToken);
    }

    public Guid Guid() => reader.GetGuid(column++);

    public Guid? GuidOrNull() => IsNull() ? null : Guid();

    public string Text() => reader.GetString(column++);

    public string? TextOrNull() => IsNull() ? null : Text();

    public bool Flag() => reader.GetBoolean(column++);

    public int Int() => reader.GetInt32(column++);

    public int? IntOrNull() => IsNull() ? null : Int();

    public long Long() => reader.GetInt64(column++);

    public double? DoubleOrNull() => IsNull() ? null : reader.GetDouble(column++);

    public T[] Array<T>() => reader.GetFieldValue<T[]>(column++);

    public DateTimeOffset Time() => Internal.Time.FromColumn(reader.GetDateTime(column++));

    public DateTimeOffset? TimeOrNull() => IsNull() ? null : Time();

    /// <summary>A <c>json</c> or <c>jsonb</c> column, which databases of different origin have.</summary>
    public JsonElement Json() => JsonElement.Parse(Text(), JsonText.Options);

    public T Value<T>()
        where T : struct, ITextValue<T> => T.From(Text());

    public T? ValueOrNull<T>()
        where T : struct, ITextValue<T> => IsNull() ? null : Value<T>();

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
