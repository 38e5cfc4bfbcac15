using AutoStack.Data.Values;

namespace AutoStack.Data.Tests.Values;

public sealed class CaseFoldingTests
{
    [TestCase('A', 'a')]
    [TestCase('z', 'z')]
    [TestCase('[', '[')]
    [TestCase('\u00C4', '\u00E4')]
    [TestCase('\u03C2', '\u03C3')]
    [TestCase('\u03A3', '\u03C3')]
    [TestCase('\u212A', '\u212A')]
    [TestCase('\u0130', '\u0130')]
    [TestCase('\u4E2D', '\u4E2D')]
    public void A_letter_has_one_form_for_all_its_cases(char letter, char folded) =>
        Assert.That(CaseFolding.Fold(letter), Is.EqualTo(folded));

    [TestCase("error 42", "(?i)error 42", "(?i)error 42")]
    [TestCase(@"a\.[]{}()*+?^$|-b", @"(?i)a\\\.\[\]\{\}\(\)\*\+\?\^\$\|\-b", @"(?i)a\\\.\[\]\{\}\(\)\*\+\?\^\$\|\-b")]
    [TestCase("\u00E4", "(?i)[\u00C4\u00E4]", "(?i)[\u00C4\u00E4]")]
    [TestCase("\u03C3", "(?i)[\u03A3\u03C2\u03C3]", "(?i)[\u03A3\u03C2\u03C3]")]
    [TestCase("\u4E2D", "(?i)\u4E2D", "(?i)\u4E2D")]
    [TestCase("\u00EC", "(?i)[\u00CC\u00EC]", "(?i).")]
    [TestCase("\u0130x", "(?i)\u0130x", "(?i).x")]
    [TestCase("\U0001F680x", "(?i)\U0001F680x", "(?i).x")]
    [TestCase("\u0378", "(?i)\u0378", "(?i).")]
    public void A_text_is_a_regular_expression_of_the_server(string text, string contained, string indexed)
    {
        Assert.That(CaseFolding.ContainedRegex(text), Is.EqualTo(contained));
        Assert.That(CaseFolding.IndexedRegex(text), Is.EqualTo(indexed));
    }
}
