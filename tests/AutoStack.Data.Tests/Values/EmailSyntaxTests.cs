using AutoStack.Data.Values;

namespace AutoStack.Data.Tests.Values;

public sealed class EmailSyntaxTests
{
    [TestCase("ada@example.com", "ada", "example.com")]
    [TestCase("!#$%&'*+-/=?^_`{|}~.x@b", "!#$%&'*+-/=?^_`{|}~.x", "b")]
    [TestCase("gr\u00F6\u00DFe@b\u00FCcher.example", "gr\u00F6\u00DFe", "b\u00FCcher.example")]
    [TestCase("a@[::1]", "a", "[::1]")]
    public void An_address_is_split_at_its_sign(string text, string local, string domain)
    {
        Assert.That(EmailSyntax.Split(text, out var before, out var after), Is.Null);
        Assert.That((before, after), Is.EqualTo((local, domain)));
    }

    [TestCase("ada", "no @")]
    [TestCase("a@b@c", "more than one @")]
    [TestCase("a\uFF20b@c", "stands for another one")]
    [TestCase("a@\u212A", "stands for another one")]
    [TestCase("@b", "nothing before")]
    [TestCase("a@", "nothing after")]
    [TestCase(".a@b", "a dot before the @")]
    [TestCase("a.@b", "a dot before the @")]
    [TestCase("a..b@c", "a dot before the @")]
    [TestCase("\"a\"@b", "it is one address")]
    [TestCase("a,b@c", "it is one address")]
    [TestCase("a b@c", "a space")]
    [TestCase("a\u00A0b@c", "a space")]
    [TestCase("a\nb@c", "control character or line end")]
    [TestCase("a\u2028b@c", "control character or line end")]
    [TestCase("a\u2029b@c", "control character or line end")]
    [TestCase("a\u200Bb@c", "an invisible character")]
    [TestCase("a\u034Fb@c", "an invisible character")]
    [TestCase("a\uFE0Fb@c", "an invisible character")]
    [TestCase("a\u180Bb@c", "an invisible character")]
    [TestCase("a\uDB40\uDD00b@c", "an invisible character")]
    [TestCase("a\uE000b@c", "without a meaning")]
    [TestCase("a\uFFFDb@c", "without a meaning")]
    [TestCase("a\u0378b@c", "without a meaning")]
    public void What_is_wrong_with_a_text_is_said(string text, string says) =>
        Assert.That(EmailSyntax.Split(text, out _, out _), Does.Contain(says));

    [Test]
    public void Twice_the_longest_address_is_read_and_a_longer_text_is_not()
    {
        Assert.That(EmailSyntax.Split("a@" + new string('b', 506), out _, out var domain), Is.Null);
        Assert.That(domain, Has.Length.EqualTo(506));
        Assert.That(EmailSyntax.Split("a@" + new string('b', 507), out _, out domain), Is.EqualTo("it is longer than 254 bytes"));
        Assert.That(domain, Is.Empty);
    }

    [Test]
    public void Sizes_are_bytes_of_UTF_8()
    {
        var local = new string('\u00E9', 32);

        Assert.That(EmailSyntax.ProblemOfSize(local, "x"), Is.Null);
        Assert.That(EmailSyntax.ProblemOfSize(local + "a", "x"), Is.EqualTo("it has more than 64 bytes before the @"));
        Assert.That(EmailSyntax.ProblemOfSize("x", new string('\u00E9', 127)), Is.Null);
        Assert.That(EmailSyntax.ProblemOfSize("x", new string('\u00E9', 127) + "a"), Is.EqualTo("it is longer than 254 bytes"));
    }

    [Test]
    public void Letters_of_ASCII_are_folded_and_no_others() =>
        Assert.That(AsciiText.Lower("AZaz09@[\u00C4\u0130"), Is.EqualTo("azaz09@[\u00C4\u0130"));

    [TestCase("B\u00FCcher.Example", "b\u00FCcher.example", "xn--bcher-kva.example")]
    [TestCase("a\u3002b", "a.b", "a.b")]
    [TestCase("a\uFF0Eb\uFF61c", "a.b.c", "a.b.c")]
    [TestCase("example.com.", "example.com", "example.com")]
    [TestCase("xn--bcher-kva.example", "b\u00FCcher.example", "xn--bcher-kva.example")]
    [TestCase("XN--BCHER-KVA.example", "b\u00FCcher.example", "xn--bcher-kva.example")]
    public void A_domain_has_a_name_in_the_DNS(string typed, string unicode, string ascii)
    {
        Assert.That(EmailDomain.ToUnicode(typed), Is.EqualTo(typed.StartsWith("B\u00FC", StringComparison.Ordinal) ? typed : unicode));
        Assert.That(EmailDomain.ToAscii(unicode, typed), Is.EqualTo(ascii));
    }

    [TestCase("a..b")]
    [TestCase("")]
    [TestCase("-a.b")]
    [TestCase("a-.b")]
    [TestCase("a_b.c")]
    [TestCase("xn--a.b")]
    [TestCase("127.0.0.1")]
    [TestCase("a.1")]
    [TestCase("a\u200Db.c")]
    public void A_domain_that_cannot_be_one_has_no_name(string unicode) => Assert.That(EmailDomain.ToAscii(unicode, unicode), Is.Null);

    [Test]
    public void A_label_has_at_most_63_characters_in_the_DNS()
    {
        var longest = new string('a', 63);

        Assert.That(EmailDomain.ToAscii($"{longest}.b", "x.b"), Is.EqualTo($"{longest}.b"));
        Assert.That(EmailDomain.ToAscii($"{longest}a.b", "x.b"), Is.Null);
        Assert.That(EmailDomain.ToAscii($"{new string('a', 57)}\u00FC.b", "x.b"), Is.Null, "The name in the DNS is the longer one.");
    }

    [TestCase("xn--a-0.b")]
    [TestCase("a.xn--")]
    public void A_label_that_is_not_Punycode_has_no_text(string domain) => Assert.That(EmailDomain.ToUnicode(domain), Is.Null);

    [Test]
    public void A_label_that_was_typed_encoded_comes_out_as_it_was()
    {
        var other = $"xn--{Punycode.Encode("bu\u0308cher")}";

        Assert.That(EmailDomain.ToAscii("b\u00FCcher.example", $"{other}.example"), Is.Null, "It only normalises to the same.");
        Assert.That(EmailDomain.ToAscii("b\u00FCcher.example.org", "xn--bcher-kva.example"), Is.Null);
        Assert.That(
            EmailDomain.ToAscii("b\u00FCcher.m\u00FCnchen", "b\u00FCcher.xn--mnchen-3ya"),
            Is.EqualTo("xn--bcher-kva.xn--mnchen-3ya"));
    }

    [Test]
    public void A_mark_belongs_to_a_label() =>
        Assert.That(EmailDomain.ToAscii("\u0915\u093E\u0902", "x"), Does.StartWith("xn--"));
}
