using System.Globalization;
using AutoStack.Data.Values;

namespace AutoStack.Data.Tests.Values;

public sealed class PunycodeTests
{
    // The examples of RFC 3492, section 7.1, without those in mixed case.
    [TestCase("\u0644\u064A\u0647\u0645\u0627\u0628\u062A\u0643\u0644\u0645\u0648\u0634\u0639\u0631\u0628\u064A\u061F",
        "egbpdaj6bu4bxfgehfvwxn")]
    [TestCase("\u4ED6\u4EEC\u4E3A\u4EC0\u4E48\u4E0D\u8BF4\u4E2D\u6587", "ihqwcrb4cv8a8dqg056pqjye")]
    [TestCase("\u306A\u305C\u307F\u3093\u306A\u65E5\u672C\u8A9E\u3092\u8A71\u3057\u3066\u304F\u308C\u306A\u3044\u306E\u304B",
        "n8jok5ay5dzabd5bym9f0cm5685rrjetr6pdxa")]
    [TestCase("3\u5E74b\u7D44\u91D1\u516B\u5148\u751F", "3b-ww4c5e180e575a65lsy2b")]
    [TestCase("\u3072\u3068\u3064\u5C4B\u6839\u306E\u4E0B2", "2-u9tlzr9756bt3uc0v")]
    [TestCase("b\u00FCcher", "bcher-kva")]
    [TestCase("\U0010FFFF", "dn32g")]
    public void A_label_has_the_text_of_the_standard(string label, string encoded)
    {
        Assert.That(Punycode.Encode(label), Is.EqualTo(encoded));
        Assert.That(Punycode.Decode(encoded), Is.EqualTo(label));
    }

    [TestCase("")]
    [TestCase("-", TestName = "A delimiter with nothing around it")]
    [TestCase("bcher-kv", TestName = "A number without its last digit")]
    [TestCase("bcher-KVA", TestName = "A capital letter as a digit")]
    [TestCase("b\u00FCcher-kva", TestName = "A letter outside ASCII before the delimiter")]
    [TestCase("bcher-k!a", TestName = "A character that is not a digit")]
    [TestCase("99999999", TestName = "A code point beyond the last")]
    [TestCase("a-zzzzzzzzzzzzzzzzzzzz", TestName = "A number that grows without end")]
    [TestCase("ib9b", TestName = "A surrogate")]
    public void Another_text_is_not_decoded(string text) => Assert.That(Punycode.Decode(text), Is.Null);

    [Test]
    public void Punycode_equals_the_frameworks_and_decodes_to_the_input()
    {
        var random = new Random(7);
        foreach (var alphabet in new[] { "abc\u00E4\u00DF\u0301", "\u4E2D\u6587a-1", "\u0627\u0644\u0639", "\uD801\uDC28\uD840\uDC00a" })
        {
            var letters = alphabet.EnumerateRunes().ToArray();
            for (var i = 0; i < 500; i++)
            {
                var label = string.Concat(
                    Enumerable.Range(0, random.Next(1, 12)).Select(_ => letters[random.Next(letters.Length)])).Trim('-');
                if (label.Length == 0 || label.All(char.IsAscii))
                {
                    continue;
                }

                Assert.That($"xn--{Punycode.Encode(label)}", Is.EqualTo(new IdnMapping().GetAscii(label)));
                Assert.That(Punycode.Decode(Punycode.Encode(label)), Is.EqualTo(label));
            }
        }
    }
}
