using System.Security.Cryptography;
using AutoStack.Data.Secrets;
using AutoStack.Data.Tests.Support;
using Microsoft.Extensions.Options;

namespace AutoStack.Data.Tests.Secrets;

public sealed class SecretProtectorTests
{
    private const string Column = "projects.env_vars";
    private static readonly Guid Row = Guid.CreateVersion7();
    private static readonly Guid Owner = Guid.CreateVersion7();
    private static readonly SecretPlace Place = new(Column, Row, Owner);

    [Test]
    public void A_value_opens_in_its_place_and_version_only()
    {
        var protector = new SecretProtector([Key("k1")]);
        var stored = protector.Protect(Secret.From("PORT=80 🚀"), Place);
        var again = protector.Protect(Secret.From("PORT=80 🚀"), Place);

        Assert.That(stored.Value, Does.StartWith("enc:v2:k1:").And.Not.Contain("PORT"));
        Assert.That(protector.Open(stored, Place)!.Reveal(), Is.EqualTo("PORT=80 🚀"));
        Assert.That((again.Value, again.Version), Is.Not.EqualTo((stored.Value, stored.Version)), "each has its own nonce and version");
        foreach (var (value, place) in new[]
        {
            (stored, Place with { Ids = [Guid.NewGuid(), Owner] }),
            (stored, Place with { Ids = [Row, Guid.NewGuid()] }),
            (stored, Place with { Ids = [Row] }),
            (stored, Place with { Ids = [Owner, Row] }),
            (stored, Place with { Column = "deployments.env_vars" }),
            (stored with { Version = again.Version }, Place),
            (stored with { Version = null }, Place),
            (stored with { Version = Guid.Empty }, Place),
        })
        {
            Assert.That(() => protector.Open(value, place), Throws.TypeOf<SecretUnreadableException>(), $"{place}");
        }
    }

    [TestCase(null, false)]
    [TestCase("k1", true)]
    [TestCase("k2", false)]
    public void A_key_is_known_by_its_id(string? id, bool expected) =>
        Assert.That(new SecretProtector([Key("k1")]).HasKey(id), Is.EqualTo(expected));

    [Test]
    public void An_encrypted_value_without_its_version_was_restored_or_moved()
    {
        var protector = new SecretProtector([Key("k1")]);

        Assert.That(
            () => protector.Open(protector.Protect(Secret.From("value"), Place) with { Version = null }, Place),
            Throws.TypeOf<SecretUnreadableException>().With.Message.Contains(
                $"{Column} of row {Row} has an encrypted value and no version"));
    }

    [Test]
    public void A_changed_value_does_not_open()
    {
        var protector = new SecretProtector([Key("k1")]);
        var (stored, version) = protector.Protect(Secret.From("value"), Place);

        foreach (var changed in new[]
        {
            stored![..^1],
            stored[..^2] + (stored[^2] == 'A' ? 'B' : 'A') + stored[^1],
            stored[..11],
            "enc:v2:k1:",
            "enc:v2:k1:!!",
            "enc:v2:k1:AAAA",
            "enc:v1:" + stored["enc:v2:".Length..], "enc:v3:" + stored["enc:v2:".Length..], "enc:v02:" + stored["enc:v2:".Length..],
        })
        {
            Assert.That(() => protector.Open(new(changed, version), Place), Throws.TypeOf<SecretUnreadableException>(), changed);
        }
    }

    [Test]
    public void Every_key_decrypts_and_the_first_one_encrypts()
    {
        var (first, second) = (Key("2025"), Key("2026"));
        var old = new SecretProtector([first]).Protect(Secret.From("value"), Place);
        var rotated = new SecretProtector([second, first]);

        Assert.That(rotated.Open(old, Place)!.Reveal(), Is.EqualTo("value"));
        Assert.That(rotated.Protect(Secret.From("value"), Place).Value, Does.StartWith("enc:v2:2026:"));
        Assert.That(
            () => new SecretProtector([second]).Open(old, Place),
            Throws.TypeOf<SecretUnreadableException>().With.Message.Contains("'2025'").And.Message.Contains("SecretKeys"));
    }

    [Test]
    public void A_value_in_clear_is_returned_unchanged_and_null_stays_null()
    {
        var protector = new SecretProtector([]);

        Assert.That(protector.Open(new("gho_clear", null), Place)!.Reveal(), Is.EqualTo("gho_clear"));
        Assert.That(
            protector.Open(new("gho_clear", Guid.NewGuid()), Place)!.Reveal(),
            Is.EqualTo("gho_clear"),
            "another writer leaves the version as it was");
        Assert.That(protector.Open(new("", null), Place)!.Reveal(), Is.Empty);
        Assert.That(protector.Open(default, Place), Is.Null);
        Assert.That(protector.Protect(null, Place), Is.EqualTo(default(StoredSecret)));
    }

    [Test]
    public void A_value_in_clear_is_refused_without_being_shown_when_not_accepted()
    {
        var protector = new SecretProtector([Key("k1")], acceptClear: false);

        Assert.That(
            () => protector.Open(new("LD_PRELOAD=/evil.so", null), Place),
            Throws.TypeOf<SecretUnreadableException>().With.Message.Contains("AcceptClearSecrets").And.Message.Not.Contains("evil"));
        Assert.That(() => protector.Open(new("", null), Place), Throws.TypeOf<SecretUnreadableException>());
        Assert.That(protector.Open(default, Place), Is.Null);
        Assert.That(protector.Open(protector.Protect(Secret.From("A=1"), Place), Place)!.Reveal(), Is.EqualTo("A=1"));
    }

    [Test]
    public void The_first_form_is_readable_only_while_clear_values_are()
    {
        var key = Key("k1");
        var stored = new StoredSecret(FirstForm.Protect(key, "A=1", Column, Row), null);

        Assert.That(new SecretProtector([key]).Open(stored, Place)!.Reveal(), Is.EqualTo("A=1"));
        Assert.That(
            () => new SecretProtector([key]).Open(stored, new(Column, Guid.NewGuid(), Owner)),
            Throws.TypeOf<SecretUnreadableException>());
        Assert.That(
            () => new SecretProtector([key], acceptClear: false).Open(stored, Place),
            Throws.TypeOf<SecretUnreadableException>().With.Message.Contains("AcceptClearSecrets"));
    }

    [TestCase("enc:v1:PASSWORD=hunter2\nURL=http://x")]
    [TestCase("enc:v2:hunter2 and more")]
    [TestCase("enc:v2:hunter2\n:")]
    [TestCase("enc:v9:hunter2:AAAA")]
    public void A_text_that_is_not_a_key_id_is_not_shown(string stored) =>
        Assert.That(
            () => new SecretProtector([Key("k1")]).Open(new(stored, Guid.NewGuid()), Place),
            Throws.TypeOf<SecretUnreadableException>().With.Message.Contains(Column).And.Message.Not.Contains("hunter2"));

    [Test]
    public void Without_a_key_encryption_is_refused() =>
        Assert.That(
            () => new SecretProtector([]).Protect(Secret.From("value"), Place),
            Throws.InvalidOperationException.With.Message.Contains("AutoStackDataOptions.SecretKeys").And.Message.Not.Contains("value"));

    public static IEnumerable<TestCaseData> WrongKeys =>
    [
        new(new[] { new SecretKey { Id = "", Secret = Key("x").Secret } }, "SecretKeys[0].Id"),
        new(new SecretKey[] { null! }, "SecretKeys[0] is null"),
        new(new[] { new SecretKey { Id = "k\n", Secret = Key("x").Secret } }, "SecretKeys[0].Id"),
        new(new[] { new SecretKey { Id = "a:b", Secret = Key("x").Secret } }, "SecretKeys[0].Id is 1 to 32 letters, digits, dots"),
        new(new[] { new SecretKey { Id = null!, Secret = Key("x").Secret } }, "SecretKeys[0].Id"),
        new(new[] { Key("x"), new SecretKey { Id = "k", Secret = "c2hvcnQ=" } }, "SecretKeys[1].Secret"),
        new(new[] { new SecretKey { Id = "k", Secret = "not base64" } }, "SecretKeys[0].Secret is 32 bytes in base64"),
        new(new[] { new SecretKey { Id = "k", Secret = null! } }, "SecretKeys[0].Secret"),
        new(new[] { new SecretKey { Id = "k", Secret = Convert.ToBase64String(new byte[33]) } }, "SecretKeys[0].Secret"),
        new(new[] { Key("k"), Key("k") }, "SecretKeys[1].Id 'k' is given twice"),
    ];

    [TestCaseSource(nameof(WrongKeys))]
    public void An_invalid_key_is_named_by_its_place_and_never_shown(SecretKey[] keys, string place)
    {
        var exception = Assert.Throws<OptionsValidationException>(() => _ = new SecretProtector(keys))!;

        Assert.That(exception.Message, Does.Contain(place));
        Assert.That(
            keys.Select(k => k?.Secret?.Reveal()).Where(s => !string.IsNullOrEmpty(s)),
            Is.All.Matches<string>(s => !exception.Message.Contains(s!, StringComparison.Ordinal)));
    }

    private static SecretKey Key(string id) => new() { Id = id, Secret = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)) };
}
