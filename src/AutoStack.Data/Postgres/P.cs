using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using AutoStack.Data.Values;
using Npgsql;
using NpgsqlTypes;

namespace AutoStack.Data.Postgres;

/// <summary>
/// Creates parameters with their PostgreSQL type, named after the expression: <c>P.Of(ownerId)</c> is <c>@ownerId</c>,
/// <c>P.Of(project.UserId)</c> is <c>@userId</c>. Text is cleaned and its length checked before anything is sent.
/// </summary>
internal static class P
{
    // One entry per place in this assembly that creates a parameter. An expression is a constant, the same object every time, so that no
    // text is hashed or compared.
    private static readonly ConcurrentDictionary<string, string> Names = new(ReferenceEqualityComparer.Instance);

    public static NpgsqlParameter Of(Guid value, [CallerArgumentExpression(nameof(value))] string name = "") =>
        Typed(value, NpgsqlDbType.Uuid, name);

    public static NpgsqlParameter Of(Guid? value, [CallerArgumentExpression(nameof(value))] string name = "") =>
        value is { } present ? Of(present, name) : Null(NpgsqlDbType.Uuid, name);

    /// <summary>
    /// The owner of a statement, <c>@ownerId</c>: the statement runs with the rights of that user where the database knows such rights. The
    /// text may name the user by another parameter.
    /// </summary>
    public static NpgsqlParameter Owner(Guid userId) => Typed(userId, NpgsqlDbType.Uuid, "ownerId");

    public static NpgsqlParameter Of(bool value, [CallerArgumentExpression(nameof(value))] string name = "") =>
        Typed(value, NpgsqlDbType.Boolean, name);

    public static NpgsqlParameter Of(bool? value, [CallerArgumentExpression(nameof(value))] string name = "") =>
        value is { } present ? Of(present, name) : Null(NpgsqlDbType.Boolean, name);

    public static NpgsqlParameter Of(int value, [CallerArgumentExpression(nameof(value))] string name = "") =>
        Typed(value, NpgsqlDbType.Integer, name);

    public static NpgsqlParameter Of(int? value, [CallerArgumentExpression(nameof(value))] string name = "") =>
        value is { } present ? Of(present, name) : Null(NpgsqlDbType.Integer, name);

    public static NpgsqlParameter Of(long value, [CallerArgumentExpression(nameof(value))] string name = "") =>
        Typed(value, NpgsqlDbType.Bigint, name);

    /// <summary>A time in the form of the <c>timestamp</c> columns: UTC, in microseconds.</summary>
    public static NpgsqlParameter Of(DateTimeOffset value, [CallerArgumentExpression(nameof(value))] string name = "") =>
        Typed(Time.ToColumn(value), NpgsqlDbType.Timestamp, name);

    public static NpgsqlParameter Of(DateTimeOffset? value, [CallerArgumentExpression(nameof(value))] string name = "") =>
        value is { } present ? Of(present, name) : Null(NpgsqlDbType.Timestamp, name);

    /// <summary>A time in the form of the column, including those that .NET cannot hold: microseconds since 2000.</summary>
    public static NpgsqlParameter Moment(long microseconds, [CallerArgumentExpression(nameof(microseconds))] string name = "") =>
        Typed(microseconds, NpgsqlDbType.Timestamp, name);

    public static NpgsqlParameter Of(TimeSpan value, [CallerArgumentExpression(nameof(value))] string name = "") =>
        Typed(value, NpgsqlDbType.Interval, name);

    public static NpgsqlParameter Of(TimeSpan? value, [CallerArgumentExpression(nameof(value))] string name = "") =>
        value is { } present ? Of(present, name) : Null(NpgsqlDbType.Interval, name);

    /// <summary>A value in the spelling of the library.</summary>
    /// <exception cref="ArgumentException">The library does not know the value; the message lists the known values.</exception>
    public static NpgsqlParameter Of<T>(T value, [CallerArgumentExpression(nameof(value))] string name = "")
        where T : struct, ITextValue<T> => Typed(Written(value, name), NpgsqlDbType.Text, name);

    /// <inheritdoc cref="Of{T}(T, string)"/>
    public static NpgsqlParameter Of<T>(T? value, [CallerArgumentExpression(nameof(value))] string name = "")
        where T : struct, ITextValue<T> => value is { } present ? Of(present, name) : Null(NpgsqlDbType.Text, name);

    public static NpgsqlParameter Of(Guid[] values, [CallerArgumentExpression(nameof(values))] string name = "") =>
        Typed(values, NpgsqlDbType.Array | NpgsqlDbType.Uuid, name);

    public static NpgsqlParameter Of(int[] values, [CallerArgumentExpression(nameof(values))] string name = "") =>
        Typed(values, NpgsqlDbType.Array | NpgsqlDbType.Integer, name);

    public static NpgsqlParameter Of(long[] values, [CallerArgumentExpression(nameof(values))] string name = "") =>
        Typed(values, NpgsqlDbType.Array | NpgsqlDbType.Bigint, name);

    public static NpgsqlParameter Of(int?[] values, [CallerArgumentExpression(nameof(values))] string name = "") =>
        Typed(values, NpgsqlDbType.Array | NpgsqlDbType.Integer, name);

    public static NpgsqlParameter Of(bool[] values, [CallerArgumentExpression(nameof(values))] string name = "") =>
        Typed(values, NpgsqlDbType.Array | NpgsqlDbType.Boolean, name);

    public static NpgsqlParameter Of(string?[] values, [CallerArgumentExpression(nameof(values))] string name = "") =>
        Typed(values, NpgsqlDbType.Array | NpgsqlDbType.Text, name);

    public static NpgsqlParameter Of(DateTime?[] values, [CallerArgumentExpression(nameof(values))] string name = "") =>
        Typed(values, NpgsqlDbType.Array | NpgsqlDbType.Timestamp, name);

    public static NpgsqlParameter Of(DateTime[] values, [CallerArgumentExpression(nameof(values))] string name = "") =>
        Typed(values, NpgsqlDbType.Array | NpgsqlDbType.Timestamp, name);

    /// <summary>The values of a column, one per row.</summary>
    public static NpgsqlParameter Column(List<Guid> values, [CallerArgumentExpression(nameof(values))] string name = "") =>
        Typed(values, NpgsqlDbType.Array | NpgsqlDbType.Uuid, name);

    public static NpgsqlParameter Column(List<string?> values, [CallerArgumentExpression(nameof(values))] string name = "") =>
        Typed(values, NpgsqlDbType.Array | NpgsqlDbType.Text, name);

    public static NpgsqlParameter Column(List<DateTime> values, [CallerArgumentExpression(nameof(values))] string name = "") =>
        Typed(values, NpgsqlDbType.Array | NpgsqlDbType.Timestamp, name);

    public static NpgsqlParameter Column(List<long> values, [CallerArgumentExpression(nameof(values))] string name = "") =>
        Typed(values, NpgsqlDbType.Array | NpgsqlDbType.Bigint, name);

    /// <summary>A required text.</summary>
    /// <param name="value">The text.</param>
    /// <param name="maxLength">The maximum length of the column, in code points.</param>
    /// <param name="name">The expression of the value.</param>
    /// <exception cref="ArgumentNullException">The text is null.</exception>
    /// <exception cref="ArgumentException">The text exceeds <paramref name="maxLength"/>.</exception>
    public static NpgsqlParameter Text(string value, int maxLength = int.MaxValue,
        [CallerArgumentExpression(nameof(value))] string name = "")
    {
        ArgumentNullException.ThrowIfNull(value, name);
        return TextOrNull(value, maxLength, name);
    }

    /// <summary>An optional text.</summary>
    /// <param name="value">The text; null is stored as NULL.</param>
    /// <param name="maxLength">The maximum length of the column, in code points.</param>
    /// <param name="name">The expression of the value.</param>
    /// <exception cref="ArgumentException">The text exceeds <paramref name="maxLength"/>.</exception>
    public static NpgsqlParameter TextOrNull(
        string? value, int maxLength = int.MaxValue, [CallerArgumentExpression(nameof(value))] string name = "") =>
        value is null ? Null(NpgsqlDbType.Text, name) : Typed(Fitting(value, maxLength, name), NpgsqlDbType.Text, name);

    /// <summary>The text as the column stores it.</summary>
    /// <exception cref="ArgumentException">The text is null or exceeds <paramref name="maxLength"/>.</exception>
    public static string Fitting(string value, int maxLength, [CallerArgumentExpression(nameof(value))] string name = "")
    {
        ArgumentNullException.ThrowIfNull(value, name);
        var clean = Values.Text.Clean(value);
        return clean.Length > maxLength && Values.Text.CountCodePoints(clean) is var length && length > maxLength
            ? throw new ArgumentException($"{name} is {length} characters long; at most {maxLength} can be stored.", name)
            : clean;
    }

    /// <summary>
    /// JSON in UTF-8, sent as text: the statement casts the value, because the column is <c>json</c> in some databases and <c>jsonb</c> in
    /// others.
    /// </summary>
    public static NpgsqlParameter Json(byte[] value, [CallerArgumentExpression(nameof(value))] string name = "") =>
        Typed(value, NpgsqlDbType.Text, name);

    /// <summary>The text of a value in the spelling of the library.</summary>
    /// <exception cref="ArgumentException">The library does not know the value; the message lists the known values.</exception>
    public static string Written<T>(T value, [CallerArgumentExpression(nameof(value))] string name = "")
        where T : struct, ITextValue<T> =>
        StoredText.FindKnown(value)?.Value
        // Without the value: a message goes to logs, and the value may be a secret, have line ends, and be of any length.
        ?? throw new ArgumentException($"{name} is not a known value; a {typeof(T).Name} is one of: {string.Join(", ", T.Known)}.", name);

    private static NpgsqlParameter<T> Typed<T>(T value, NpgsqlDbType type, string expression) =>
        new() { ParameterName = Name(expression), NpgsqlDbType = type, TypedValue = value };

    private static NpgsqlParameter Null(NpgsqlDbType type, string expression) =>
        new() { ParameterName = Name(expression), NpgsqlDbType = type, Value = DBNull.Value };

    private static string Name(string expression) => Names.GetOrAdd(expression, static expression =>
    {
        var member = expression[(expression.LastIndexOf('.') + 1)..];
        return char.ToLowerInvariant(member[0]) + member[1..];
    });
}
