using System.Text;
using AutoStack.Data.Logs;
using AutoStack.Data.Secrets;
using AutoStack.Data.Values;
using CsCheck;

namespace AutoStack.Data.Tests.Properties;

public sealed class SecretProperties
{
    private static readonly SecretProtector Protector = new(
        [new SecretKey { Id = "k1", Secret = Convert.ToBase64String(new byte[32]) }], acceptClear: false);

    private static readonly SecretPlace Place = new("projects.env_vars", Guid.CreateVersion7(), Guid.CreateVersion7());

    // A value has no asterisk, which the mask has.
    private static readonly Gen<string> Values = Property.Word(ILogSecrets.MinLength, 30);

    [Test]
    public void A_protected_value_opens_to_what_it_was() => Property.Holds(
        Property.CleanText, text => Protector.Open(Protector.Protect(text, Place), Place)?.Reveal() == text);

    [Test]
    public void A_protected_value_with_one_other_character_does_not_open() => Property.Holds(
        Gen.Select(Property.CleanText, Gen.Int[0, 400], Gen.Char['!', '~']), sample =>
    {
        var (text, place, unit) = sample;
        var (stored, version) = Protector.Protect(text, Place);
        var units = stored!.ToCharArray();
        units[place % units.Length] = unit;
        var changed = new string(units);
        return changed == stored || IsRefused(() => Protector.Open(new StoredSecret(changed, version), Place));
    });

    [Test]
    public void A_text_of_others_is_refused_as_unreadable_and_by_no_other_error() => Property.Holds(
        Gen.Select(
            Gen.OneOf("", "enc:", "enc:v1:", "enc:v2:", "enc:v2:k1:", "enc:v2:k9:", "enc:v3:k1:"), Property.Text,
            (prefix, rest) => prefix + rest),
        text => IsRefused(() => Protector.Open(new StoredSecret(text, Guid.NewGuid()), Place)));

    [Test]
    public void A_masked_line_does_not_contain_the_value() => Property.Holds(
        Gen.Select(Property.CleanText, Values, Property.CleanText), sample =>
    {
        var (before, value, after) = sample;
        var masked = new LogMask([value]).Apply(before + value + after);
        return masked.Contains("***", StringComparison.Ordinal) && !masked.Contains(value, StringComparison.Ordinal);
    });

    [Test]
    public void A_line_that_is_stored_fits_and_contains_no_value() => Property.Holds(
        Gen.Select(Property.Text, Values, Property.Text, Gen.Int[64, 100]), sample =>
    {
        var (before, value, after, max) = sample;
        var (secrets, deployment) = (new LogSecrets(), Guid.NewGuid());
        using var registered = secrets.Add(deployment, [value]);
        var line = secrets.MaskLine(deployment, before + value + after, max, out var bytes);
        return bytes == Encoding.UTF8.GetByteCount(line) && bytes <= max && Text.Clean(line) == line
            && !line.Contains(value, StringComparison.Ordinal);
    });

    [Test]
    public void A_line_without_the_value_stays_as_it_is() => Property.Holds(
        Gen.Select(Gen.OneOf("npm ci", "added 12 packages", "[32m✓[0m 128 modules", "%20", "&amp;", "\\n").Array[0, 10], Values),
        sample =>
    {
        var text = string.Join(' ', sample.Item1);
        return text.Contains(sample.Item2, StringComparison.Ordinal) || new LogMask([sample.Item2]).Apply(text) == text;
    });

    [Test]
    public void A_password_in_an_address_is_masked_and_a_masked_text_stays() => Property.Holds(
        Gen.Select(Property.CleanText, Property.Word(1, 10), Property.Word(8, 30), Property.Word(1, 20)), sample =>
    {
        var (before, user, password, host) = sample;
        var masked = UrlSecrets.Mask($"{before} https://{user}:{password}@{host}/site.git?access_token={password}&b=1");
        return !masked.Contains($":{password}@", StringComparison.Ordinal) && !masked.Contains($"={password}&", StringComparison.Ordinal)
            && masked.Contains(host, StringComparison.Ordinal) && UrlSecrets.Mask(masked) == masked;
    });

    private static bool IsRefused(Func<Secret?> open)
    {
        try
        {
            _ = open();
            return false;
        }
        catch (SecretUnreadableException)
        {
            return true;
        }
    }
}
