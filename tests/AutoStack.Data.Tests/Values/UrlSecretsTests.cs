using AutoStack.Data.Values;

namespace AutoStack.Data.Tests.Values;

/// <summary>Which parts of an address are replaced, and which are not.</summary>
public sealed class UrlSecretsTests
{
    [TestCase("token")]
    [TestCase("secret")]
    [TestCase("password")]
    [TestCase("passwd")]
    [TestCase("signature")]
    [TestCase("credential")]
    [TestCase("api_key")]
    [TestCase("apikey")]
    [TestCase("access_key")]
    [TestCase("accesskey")]
    [TestCase("private_key")]
    [TestCase("privatekey")]
    public void A_parameter_whose_name_ends_so_is_secret(string ending)
    {
        Assert.That(UrlSecrets.Mask($"x?my-{ending}=hunter2"), Is.EqualTo($"x?my-{ending}=[redacted]"));
        Assert.That(UrlSecrets.Mask($"x?{ending}s=public"), Is.EqualTo($"x?{ending}s=public"));
    }

    [TestCase("sig")]
    [TestCase("jwt")]
    [TestCase("pwd")]
    [TestCase("AWSAccessKeyId")]
    public void A_parameter_of_this_name_is_secret(string name)
    {
        Assert.That(UrlSecrets.Mask($"x?{name}=hunter2&a=b"), Is.EqualTo($"x?{name}=[redacted]&a=b"));
        Assert.That(UrlSecrets.Mask($"x?my{name}=public"), Is.EqualTo($"x?my{name}=public"));
    }

    // A value ends at these, and so does the part of an address that names the user.
    [TestCase("?token=&x=a", "?token=&x=a")]
    [TestCase("?token=hunter2;x=a", "?token=[redacted];x=a")]
    [TestCase("?token=hunter2\u00a0a", "?token=[redacted]\u00a0a")]
    [TestCase("<a href='https://x/?token=hunter2'>a</a>", "<a href='https://x/?token=[redacted]'>a</a>")]
    [TestCase("file:///ada:x@y", "file:///ada:x@y")]
    [TestCase("https://x.y?q=ada:x@y", "https://x.y?q=ada:x@y")]
    [TestCase("https://x.y ada:x@y", "https://x.y ada:x@y")]
    [TestCase("https://ada:hunter2@x.y (https://ada:hunter2@x.y)", "https://[redacted]@x.y (https://[redacted]@x.y)")]
    [TestCase("https://a123456789012345678@x.y", "https://a123456789012345678@x.y")]
    [TestCase("https://a1234567890123456789@x.y", "https://[redacted]@x.y")]
    [TestCase("https://APKA5678901234567890@x.y", "https://APKA5678901234567890@x.y")]
    [TestCase("https://abcdefghijklmnopqrst@x.y", "https://abcdefghijklmnopqrst@x.y")]
    public void A_secret_ends_where_its_part_of_the_address_ends(string text, string expected) =>
        Assert.That(UrlSecrets.Mask(text), Is.EqualTo(expected));

    [Test]
    public void A_text_without_a_secret_is_the_same_instance()
    {
        var text = new string("https://ada@x.y/z?a=b".AsSpan());

        Assert.That(UrlSecrets.Mask(text), Is.SameAs(text));
    }
}
