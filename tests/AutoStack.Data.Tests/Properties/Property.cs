using System.Text;
using CsCheck;

namespace AutoStack.Data.Tests.Properties;

/// <summary>
/// A statement that holds for every value of a generator, checked on a fixed number of random ones. A failure shrinks to a small value, and
/// prints it with the seed that leads to it: <c>CsCheck_Seed=… dotnet test …</c> runs it again.
/// </summary>
internal static class Property
{
    /// <summary>Texts of letters and digits, and of everything that has broken a parser before.</summary>
    public static Gen<string> Text { get; } = Gen.Frequency(
        (6, Gen.Char['!', '~'].Select(unit => unit.ToString())),
        (1, Gen.OneOf(
            " ", "\t", "\n", "\r\n", "\0", "\u001b[31m", "\ud800", "\udc00", "\ud83d\ude80", "\u0301", "\u00df", "\u0130", "\u212a",
            "\u200b", "\ufeff", "\uffff", "\u0660", "%", "%00", "%ff", "\\u0000", "\\", "//", "://", "..", "@", "xn--", "***")),
        (1, Gen.Char.Select(unit => unit.ToString())))
        .Array[0, 40].Select(string.Concat);

    /// <summary>Texts that can be stored: whole characters, without U+0000.</summary>
    public static Gen<string> CleanText { get; } = Text.Select(Data.Values.Text.Clean);

    /// <summary>Texts of letters and digits.</summary>
    public static Gen<string> Word(int min, int max) => Gen.Char.AlphaNumeric.Array[min, max].Select(units => new string(units));

    /// <summary>Checks that a statement holds.</summary>
    public static void Holds<T>(Gen<T> values, Func<T, bool> statement, int times = 1000, Func<T, string>? print = null) =>
        values.Sample(statement, iter: times, threads: 1, print: value => print is null ? Print(value) : print(value));

    // Characters that cannot be seen are escaped.
    private static string Print<T>(T value)
    {
        var text = new StringBuilder();
        foreach (var unit in $"{value}")
        {
            text.Append(unit is >= ' ' and <= '~' ? unit.ToString() : $"\\u{(int)unit:x4}");
        }

        return text.ToString();
    }
}
