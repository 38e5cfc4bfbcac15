using AutoStack.Data.Cli.Output;

namespace AutoStack.Data.Migrations.Tests.Verbs;

/// <summary>Sizes and ages as every verb prints them.</summary>
public sealed class AmountTests
{
    [TestCase(0L, "0 B")]
    [TestCase(999L, "999 B")]
    [TestCase(1_000L, "0.98 kB")]
    [TestCase(24_576L, "24.0 kB")]
    [TestCase(123_290_000L, "118 MB")]
    [TestCase(5_368_709_120L, "5.00 GB")]
    [TestCase(-2_048L, "-2.00 kB")]
    [TestCase(null, "–")]
    public void A_size_has_three_digits(long? bytes, string text) => Assert.That(Amount.Bytes(bytes), Is.EqualTo(text));

    [TestCase(-1, "0.0 s")]
    [TestCase(4, "4.0 s")]
    [TestCase(59, "59 s")]
    [TestCase(600, "10 min")]
    [TestCase(856, "14 min 16 s")]
    [TestCase(3_600, "1 h")]
    [TestCase(7_260, "2 h 1 min")]
    [TestCase(93_600, "1 d 2 h")]
    [TestCase(691_200, "8 d")]
    public void An_age_has_its_two_largest_units(int seconds, string text) =>
        Assert.That((Amount.Age(TimeSpan.FromSeconds(seconds)), Amount.Seconds(seconds)), Is.EqualTo((text, text)));
}
