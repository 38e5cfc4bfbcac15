using System.Globalization;
using System.Text;
using System.Text.Json;
using AutoStack.Data.Accounts;
using AutoStack.Data.Audit;
using AutoStack.Data.Containers;
using AutoStack.Data.Deployments;
using AutoStack.Data.Logs;
using AutoStack.Data.Projects;
using AutoStack.Data.Values;
using CsCheck;

namespace AutoStack.Data.Tests.Properties;

public sealed class TextProperties
{
    private static readonly Encoding Strict = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    [Test]
    public void A_clean_text_can_be_stored_and_stays_as_it_is() => Property.Holds(Property.Text, text =>
    {
        var clean = Text.Clean(text);
        return Strict.GetByteCount(clean) >= 0 && !clean.Contains('\0', StringComparison.Ordinal)
            && clean.Length == text.Length && ReferenceEquals(Text.Clean(clean), clean);
    });

    [Test]
    public void A_cut_text_is_the_longest_beginning_that_fits() => Property.Holds(
        Gen.Select(Property.CleanText, Gen.Int[0, 50]), sample =>
    {
        var (text, max) = sample;
        var cut = Text.Cut(text, max);
        return text.StartsWith(cut, StringComparison.Ordinal) && Text.Clean(cut) == cut
            && Text.CountCodePoints(cut) == Math.Min(max, text.EnumerateRunes().Count());
    });

    // Each of these characters takes two units.
    [TestCase(2, "\ud83d\ude80\ud83d\ude80")]
    [TestCase(3, "\ud83d\ude80\ud83d\ude80\ud83d\ude80")]
    [TestCase(4, "\ud83d\ude80\ud83d\ude80\ud83d\ude80")]
    public void A_text_with_fewer_characters_than_units_is_cut_by_characters(int max, string expected) =>
        Assert.That(Text.Cut("\ud83d\ude80\ud83d\ude80\ud83d\ude80", max), Is.EqualTo(expected));

    [Test]
    public void Characters_that_fit_into_bytes_are_whole_and_one_more_does_not_fit() => Property.Holds(
        Gen.Select(Property.CleanText, Gen.Int[4, 200]), sample =>
    {
        var (text, max) = sample;
        var fitting = Text.CountFitting(text, max);
        var next = fitting < text.Length ? Rune.GetRuneAt(text, fitting).Utf16SequenceLength : 0;
        return Strict.GetByteCount(text[..fitting]) <= max && (next == 0 || Strict.GetByteCount(text[..(fitting + next)]) > max);
    });

    [Test]
    public void A_text_cut_to_bytes_says_how_many_are_missing() => Property.Holds(
        Gen.Select(Property.CleanText, Gen.Int[1, 60], Gen.Int[40, 60]), sample =>
    {
        var max = sample.Item3;
        var text = sample.Item1 + new string('é', sample.Item2) + new string('x', max);
        var bytes = Strict.GetByteCount(text);
        var cut = Text.CutBytes(text, bytes, max);
        var mark = cut.LastIndexOf(" [", StringComparison.Ordinal);
        var missing = int.Parse(cut[(mark + 2)..].Split(' ')[0], CultureInfo.InvariantCulture);
        return Strict.GetByteCount(cut) <= max && text.StartsWith(cut[..mark], StringComparison.Ordinal)
            && missing + Strict.GetByteCount(cut[..mark]) == bytes;
    });

    [Test]
    public void Cleaned_json_is_strict_storable_and_stays_as_it_is() => Property.Holds(
        Gen.Select(Property.Text, Property.CleanText, Gen.Int), sample =>
    {
        var (escaped, plain, number) = sample;
        var raw = $$"""{"a": "{{Escape(escaped)}}", "b": [{{JsonSerializer.Serialize(plain)}}, {{number}}, null,],}""";
        using var document = JsonDocument.Parse(raw, new JsonDocumentOptions { AllowTrailingCommas = true });
        var clean = JsonText.Clean(document.RootElement, "json");
        using var read = JsonDocument.Parse(clean);
        return read.RootElement.GetProperty("a").GetString() == Text.Clean(escaped)
            && read.RootElement.GetProperty("b")[0].GetString() == plain
            && JsonText.Clean(read.RootElement, "json").AsSpan().SequenceEqual(clean);
    });

    [TestCase(TypeArgs = [typeof(DeploymentStatus)])]
    [TestCase(TypeArgs = [typeof(StageName)])]
    [TestCase(TypeArgs = [typeof(StageStatus)])]
    [TestCase(TypeArgs = [typeof(CreatorType)])]
    [TestCase(TypeArgs = [typeof(ContainerStatus)])]
    [TestCase(TypeArgs = [typeof(RuntimeLogSource)])]
    [TestCase(TypeArgs = [typeof(DeploymentLogLevel)])]
    [TestCase(TypeArgs = [typeof(ProjectRuntime)])]
    [TestCase(TypeArgs = [typeof(WebhookProvider)])]
    [TestCase(TypeArgs = [typeof(Theme)])]
    [TestCase(TypeArgs = [typeof(AuditAction)])]
    [TestCase(TypeArgs = [typeof(UpkeepOutcome)])]
    public void A_text_value_keeps_every_text_and_ignores_case_alone<T>()
        where T : struct, ITextValue<T>
    {
        var texts = Gen.OneOf(
            Property.CleanText,
            Gen.Select(Gen.OneOf([.. T.Known]), Gen.Bool, (known, upper) => upper ? known.Value.ToUpperInvariant() : known.Value));
        Property.Holds(Gen.Select(texts, texts), pair =>
        {
            var (left, right) = (T.From(pair.Item1), T.From(pair.Item2));
            var equal = string.Equals(pair.Item1, pair.Item2, StringComparison.OrdinalIgnoreCase);
            return left.Value == pair.Item1
                && JsonSerializer.Deserialize<T>(JsonSerializer.Serialize(left)).Value == pair.Item1
                && left.Equals(right) == equal && (!equal || left.GetHashCode() == right.GetHashCode())
                && left.IsKnown == T.Known.Any(known => known.Equals(left));
        }, times: 300);
    }

    [Test]
    public void Punycode_is_decoded_to_what_was_encoded() => Property.Holds(
        Gen.Frequency((3, Gen.Int[0x80, 0xD7FF]), (1, Gen.Int[0xE000, 0x10FFFF]), (2, Gen.Int['a', 'z'])).Array[1, 30]
            .Select(points => string.Concat(points.Select(char.ConvertFromUtf32))),
        label => Punycode.Decode(Punycode.Encode(label)) == label);

    [Test]
    public void What_is_not_punycode_is_no_error() => Property.Holds(
        Gen.OneOf(Property.Text, Property.Word(0, 60).Select(text => text.ToLowerInvariant())),
        text => Punycode.Decode(text) is not { } decoded || Text.Clean(decoded).Length == decoded.Length);

    [Test]
    public void A_domain_in_unicode_has_one_name_in_the_dns() => Property.Holds(
        Gen.OneOf(Property.Text, Property.Word(1, 20), Gen.Int[0xE0, 0xF6].Array[1, 20].Select(
            points => string.Concat(points.Select(char.ConvertFromUtf32)))).Array[1, 3].Select(labels => string.Join('.', labels)),
        domain =>
            EmailDomain.ToAscii(domain, domain) is not { } ascii
            || (Ascii.IsValid(ascii) && EmailDomain.ToUnicode(ascii) is { } unicode && EmailDomain.ToAscii(unicode, unicode) == ascii));

    [Test]
    public void An_address_is_split_without_an_error() => Property.Holds(
        Gen.Select(Property.Text, Property.Text, (local, domain) => $"{local}@{domain}"),
        text => EmailSyntax.Split(text, out var local, out var domain) is not null || $"{local}@{domain}" == text);

    // As a JSON text, with each unit escaped that JSON does not take as it is.
    private static string Escape(string text) => string.Concat(text.Select(unit =>
        unit < ' ' || unit is '"' or '\\' || char.IsSurrogate(unit) ? $"\\u{(int)unit:x4}" : unit.ToString()));
}
