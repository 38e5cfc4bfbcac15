using System.Globalization;
using AutoStack.Data.Security;
using AutoStack.Data.Tests.Support;

namespace AutoStack.Data.Tests.Security;

public sealed class PasswordHasherTests : DatabaseTests
{
    private IPasswordHasher Hasher => Get<IPasswordHasher>();

    [Test]
    public async Task A_password_verifies_against_its_hash_and_no_other()
    {
        var hash = await Hasher.HashAsync("correct horse 1", Token);

        Assert.That(hash.Reveal(), Does.StartWith("$2").And.Length.EqualTo(60));
        Assert.That(await Hasher.VerifyAsync("correct horse 1", hash, Token), Is.EqualTo(PasswordVerification.Succeeded));
        Assert.That(await Hasher.VerifyAsync("correct horse 2", hash, Token), Is.EqualTo(PasswordVerification.Failed));
        Assert.That((await Hasher.HashAsync("correct horse 1", Token)).Reveal(), Is.Not.EqualTo(hash.Reveal()), "each has its own salt");
    }

    // A published vector of bcrypt: the password "U*U", work factor 5.
    [TestCase("$2a$")]
    [TestCase("$2b$")]
    [TestCase("$2y$")]
    public async Task A_weaker_hash_of_another_program_verifies_and_asks_to_be_replaced(string prefix)
    {
        var stored = PasswordHash.From($"{prefix}05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW");

        Assert.That(await Hasher.VerifyAsync("U*U", stored, Token), Is.EqualTo(PasswordVerification.SucceededRehashNeeded));
        Assert.That(await Hasher.VerifyAsync("U*V", stored, Token), Is.EqualTo(PasswordVerification.Failed));
    }

    [TestCase(null)]
    [TestCase("")]
    [TestCase("not a hash")]
    [TestCase("5f4dcc3b5aa765d61d8327deb882cf99")]
    [TestCase("$2b$12$tooshort")]
    [TestCase("$2b$00$cs3U/3iu7exNUuHi6mDOQu1mnlIPb9CUUNPkRRGH3zp.1oEJCn9dm")]
    [TestCase("$2b$03$cs3U/3iu7exNUuHi6mDOQu1mnlIPb9CUUNPkRRGH3zp.1oEJCn9dm")]
    [TestCase("$2b$15$cs3U/3iu7exNUuHi6mDOQu1mnlIPb9CUUNPkRRGH3zp.1oEJCn9dm")]
    [TestCase("$2b$31$cs3U/3iu7exNUuHi6mDOQu1mnlIPb9CUUNPkRRGH3zp.1oEJCn9dm")]
    [TestCase("$2b$99$cs3U/3iu7exNUuHi6mDOQu1mnlIPb9CUUNPkRRGH3zp.1oEJCn9dm")]
    [TestCase("$2b$ 4$cs3U/3iu7exNUuHi6mDOQu1mnlIPb9CUUNPkRRGH3zp.1oEJCn9dm")]
    [TestCase("$2z$12$cs3U/3iu7exNUuHi6mDOQu1mnlIPb9CUUNPkRRGH3zp.1oEJCn9dm")]
    [TestCase("$2b$12$!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!")]
    [TestCase("$2b$12$cs3U/3iu7exNUuHi6mDOQu1mnlIPb9CUUNPkRRGH3zp.1oEJCn9d\n")]
    [TestCase("$argon2id$v=19$m=65536,t=3,p=4$aaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    public async Task Without_a_bcrypt_hash_every_password_is_wrong(string? stored) =>
        Assert.That(
            await Hasher.VerifyAsync("x", string.IsNullOrEmpty(stored) ? null : PasswordHash.From(stored), Token).WaitAsync(TimeSpan.FromMinutes(2), Token),
            Is.EqualTo(PasswordVerification.Failed));

    [TestCase("$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW")]
    [TestCase("$2b$04$cs3U/3iu7exNUuHi6mDOQu1mnlIPb9CUUNPkRRGH3zp.1oEJCn9dm")]
    [TestCase("$2b$11$cs3U/3iu7exNUuHi6mDOQu1mnlIPb9CUUNPkRRGH3zp.1oEJCn9dm")]
    [TestCase("$2b$12$cs3U/3iu7exNUuHi6mDOQu1mnlIPb9CUUNPkRRGH3zp.1oEJCn9dm")]
    [TestCase("$2b$99$cs3U/3iu7exNUuHi6mDOQu1mnlIPb9CUUNPkRRGH3zp.1oEJCn9dm")]
    [TestCase("not a hash")]
    [TestCase(null)]
    public void A_wrong_password_is_as_much_work_whatever_is_stored(string? stored)
    {
        var rounds = 0L;

        var answer = PasswordHasher.Check("wrong", stored, 12, (_, hash) =>
        {
            rounds += 1L << int.Parse(hash.AsSpan(4, 2), NumberStyles.None, CultureInfo.InvariantCulture);
            return false;
        });

        Assert.That((answer, rounds), Is.EqualTo((PasswordVerification.Failed, 1L << 12)));
    }

    [Test]
    public async Task A_password_that_is_no_text_is_wrong_and_is_not_hashed()
    {
        var hash = await Hasher.HashAsync("x🚀", Token);

        Assert.That(await Hasher.VerifyAsync("x🚀", hash, Token), Is.EqualTo(PasswordVerification.Succeeded));
        Assert.That(await Hasher.VerifyAsync("x\ud83d", hash, Token), Is.EqualTo(PasswordVerification.Failed));
        Assert.That(await Hasher.VerifyAsync("\ude80", null, Token), Is.EqualTo(PasswordVerification.Failed));
        Assert.That(() => Hasher.HashAsync("x\ud83d", Token), Throws.ArgumentException.With.Message.Contains("surrogate"));
    }

    [Test]
    public async Task What_bcrypt_would_cut_off_is_refused()
    {
        var longest = new string('ä', 36);
        var hash = await Hasher.HashAsync(longest, Token);

        Assert.That(await Hasher.VerifyAsync(longest, hash, Token), Is.EqualTo(PasswordVerification.Succeeded));
        Assert.That(await Hasher.VerifyAsync(longest + "x", hash, Token), Is.EqualTo(PasswordVerification.Failed));
        Assert.That(await Hasher.VerifyAsync(null, hash, Token), Is.EqualTo(PasswordVerification.Failed));
        Assert.That(() => Hasher.HashAsync(longest + "x", Token), Throws.ArgumentException.With.Message.Contains("72 bytes"));
        Assert.That(() => Hasher.HashAsync("nul\0", Token), Throws.ArgumentException);
        Assert.That(() => Hasher.HashAsync("", Token), Throws.ArgumentException);
        Assert.That(() => Hasher.HashAsync(null!, Token), Throws.ArgumentNullException);
    }

    [Test]
    public void Nothing_secret_prints()
    {
        Assert.That($"{PasswordHash.From("$2b$12$x")} {SessionToken.New()} {ResetToken.New()} {Secret.From("s3cret")}", Is.EqualTo("[redacted] [redacted] [redacted] [redacted]"));
        Assert.That(new SecretKey { Id = "k1", Secret = "s3cret" }.ToString(), Is.EqualTo("k1"));
    }
}
