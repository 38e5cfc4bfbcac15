using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json.Serialization;
using AutoStack.Data.Values;

namespace AutoStack.Data;

/// <summary>
/// A place in a list, from which the next page continues. Cursors come from a page, and travel as text (in a URL, a header, JSON). The text
/// holds no secret and grants no access: a list reads its owner's rows only, whatever the cursor. <c>default</c> is <see cref="Start"/>.
/// </summary>
[JsonConverter(typeof(ParsableConverter<Cursor>))]
public readonly struct Cursor : IEquatable<Cursor>, IParsable<Cursor>
{
    private const string StartText = "start";

    private readonly Kind kind;
    private readonly long number;
    private readonly Guid id;
    private readonly long seq;

    private Cursor(Kind kind, long number, Guid id, long seq = 0) =>
        (this.kind, this.number, this.id, this.seq) = (kind, number, id, seq);

    private enum Kind : byte
    {
        Start,
        Id,
        Moment,
        Seq,
        Line,
    }

    /// <summary>The place before the first row of a list, in the direction in which the list is read.</summary>
    public static Cursor Start => default;

    /// <summary>Compares two places.</summary>
    public static bool operator ==(Cursor left, Cursor right) => left.Equals(right);

    /// <summary>Compares two places.</summary>
    public static bool operator !=(Cursor left, Cursor right) => !left.Equals(right);

    /// <summary>Reads the text of <see cref="ToString"/>.</summary>
    /// <param name="s">The text.</param>
    /// <param name="provider">Ignored: the text is the same in every culture.</param>
    /// <returns>The cursor.</returns>
    /// <exception cref="FormatException"><paramref name="s"/> is not the text of a cursor.</exception>
    public static Cursor Parse(string s, IFormatProvider? provider = null) =>
        TryParse(s, provider, out var cursor) ? cursor : throw new FormatException("The text is not a cursor.");

    /// <summary>Reads the text of <see cref="ToString"/>.</summary>
    /// <param name="s">The text.</param>
    /// <param name="result">The cursor; <see cref="Start"/> when the text is not one.</param>
    /// <returns>False when <paramref name="s"/> is null or not the text of a cursor.</returns>
    public static bool TryParse([NotNullWhen(true)] string? s, out Cursor result) => TryParse(s, null, out result);

    /// <summary>Reads the text of <see cref="ToString"/>.</summary>
    /// <param name="s">The text.</param>
    /// <param name="provider">Ignored: the text is the same in every culture.</param>
    /// <param name="result">The cursor; <see cref="Start"/> when the text is not one.</param>
    /// <returns>False when <paramref name="s"/> is null or not the text of a cursor.</returns>
    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out Cursor result)
    {
        var parts = s?.Length <= 80 ? s.Split('.') : [];
        result = parts switch
        {
            ["i", var text] when Guid.TryParseExact(text, "N", out var id) => new(Kind.Id, 0, id),
            ["s", var text] when TryParseNumber(text, out var seq) => new(Kind.Seq, seq, default),
            ["t", var text, var row] when TryParseNumber(text, out var moment) && Time.IsStorable(moment)
                && Guid.TryParseExact(row, "N", out var id) =>
                new(Kind.Moment, moment, id),
            ["l", var text, var line, var row] when TryParseNumber(text, out var moment) && Time.IsStorable(moment)
                && TryParseNumber(line, out var seq) && Guid.TryParseExact(row, "N", out var id) =>
                new(Kind.Line, moment, id, seq),
            _ => Start,
        };

        // A place has one text: a caller may compare the texts of cursors.
        if (result.ToString() == s)
        {
            return true;
        }

        result = Start;
        return false;
    }

    /// <summary>The text, of letters, digits, dots and hyphens; at most 80 characters.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => kind switch
    {
        Kind.Id => $"i.{id:N}",
        Kind.Moment => string.Create(CultureInfo.InvariantCulture, $"t.{number}.{id:N}"),
        Kind.Line => string.Create(CultureInfo.InvariantCulture, $"l.{number}.{seq}.{id:N}"),
        Kind.Seq => string.Create(CultureInfo.InvariantCulture, $"s.{number}"),
        _ => StartText,
    };

    /// <inheritdoc/>
    public bool Equals(Cursor other) => kind == other.kind && number == other.number && id == other.id && seq == other.seq;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Cursor other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(kind, number, id, seq);

    /// <summary>The place after a row, in a list that is ordered by id.</summary>
    internal static Cursor After(Guid id) => new(Kind.Id, 0, id);

    /// <summary>The place after a row, in a list that is ordered by a time and the id; the time as the column has it.</summary>
    internal static Cursor After(long moment, Guid id) => new(Kind.Moment, moment, id);

    /// <summary>The place after the line with a number.</summary>
    internal static Cursor After(long seq) => new(Kind.Seq, seq, default);

    /// <summary>The place after a line of a deployment, in a list of many logs; the time as the column has it.</summary>
    internal static Cursor AfterLine(long moment, Guid id, long seq) => new(Kind.Line, moment, id, seq);

    /// <summary>The id of the last row seen; null at the start.</summary>
    /// <exception cref="ArgumentException">The cursor is from another kind of list.</exception>
    internal Guid? ToId(string name = "cursor") => Of(Kind.Id, name) is { kind: Kind.Id } cursor ? cursor.id : null;

    /// <summary>The time (of the column) and the id of the last row seen; null at the start.</summary>
    /// <exception cref="ArgumentException">The cursor is from another kind of list.</exception>
    internal (long Microseconds, Guid Id)? ToMoment(string name = "cursor") =>
        Of(Kind.Moment, name) is { kind: Kind.Moment } cursor ? (cursor.number, cursor.id) : null;

    /// <summary>The number of the last line seen; null at the start.</summary>
    /// <exception cref="ArgumentException">The cursor is from another kind of list.</exception>
    internal long? ToSeq(string name = "cursor") => Of(Kind.Seq, name) is { kind: Kind.Seq } cursor ? cursor.number : null;

    /// <summary>The time (of the column), the id and the line of the deployment seen last; null at the start.</summary>
    /// <exception cref="ArgumentException">The cursor is from another kind of list.</exception>
    internal (long Microseconds, Guid Id, long Seq)? ToLine(string name = "cursor") =>
        Of(Kind.Line, name) is { kind: Kind.Line } cursor ? (cursor.number, cursor.id, cursor.seq) : null;

    private static bool TryParseNumber(string text, out long number) =>
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number);

    private Cursor Of(Kind wanted, string name) =>
        kind == wanted || kind == Kind.Start ? this : throw new ArgumentException($"{name} belongs to another kind of list.", name);
}
