using System.Text.Json;
using CsCheck;

namespace AutoStack.Data.Tests.Properties;

public sealed class CursorProperties
{
    // The times that a column can hold, and the infinities.
    private static readonly Gen<long> Moments = Gen.Frequency(
        (8, Gen.Long[-211_813_488_000_000_000, 9_223_371_331_199_999_999]), (1, Gen.OneOf(long.MinValue, long.MaxValue, 0)));

    private static readonly Gen<Cursor> Cursors = Gen.OneOf(
        Gen.Const(Cursor.Start),
        Gen.Guid.Select(Cursor.After),
        Gen.Long.Select(Cursor.After),
        Gen.Select(Moments, Gen.Guid, Cursor.After),
        Gen.Select(Moments, Gen.Guid, Gen.Long, Cursor.AfterLine));

    [Test]
    public void A_cursor_survives_its_text_and_json() => Property.Holds(Cursors, cursor =>
        Cursor.TryParse(cursor.ToString(), out var read) && read == cursor
        && JsonSerializer.Deserialize<Cursor>(JsonSerializer.Serialize(cursor)) == cursor);

    [Test]
    public void The_text_of_a_cursor_needs_no_escape_in_a_url() => Property.Holds(
        Cursors, cursor => cursor.ToString() is { Length: <= 80 } text && Uri.EscapeDataString(text) == text);

    [Test]
    public void A_place_has_one_text() => Property.Holds(
        Gen.Select(Cursors, Cursors), pair => (pair.Item1 == pair.Item2) == (pair.Item1.ToString() == pair.Item2.ToString()));

    [Test]
    public void A_text_is_refused_or_is_the_text_of_what_was_read() => Property.Holds(
        Gen.OneOf(Property.Text, Gen.Select(Cursors, Gen.Int[0, 79], Gen.Char[' ', '~'], Changed)),
        text => !Cursor.TryParse(text, out var read) ? read == Cursor.Start : read.ToString() == text);

    [Test]
    public void A_token_of_a_read_has_one_text() => Property.Holds(
        Gen.OneOf(
            Gen.ULong.Select(number => number.ToString(System.Globalization.CultureInfo.InvariantCulture)),
            Gen.Select(Gen.UInt, Gen.UInt, (high, low) => $"{high:X}/{low:X}"),
            Property.Text),
        text => !ReadToken.TryParse(text, out var read) || read.ToString() == text);

    private static string Changed(Cursor cursor, int place, char unit)
    {
        var units = cursor.ToString().ToCharArray();
        units[place % units.Length] = unit;
        return new string(units);
    }
}
