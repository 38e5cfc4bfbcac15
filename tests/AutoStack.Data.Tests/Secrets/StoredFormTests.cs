using AutoStack.Data.Secrets;

namespace AutoStack.Data.Tests.Secrets;

public sealed class StoredFormTests
{
    [TestCase(null, true, SecretForm.Clear, null)]
    [TestCase("gho_clear", true, SecretForm.Clear, null)]
    [TestCase("enc:v2:a b:", true, SecretForm.Clear, null)]
    [TestCase("enc:v2:k1:", true, SecretForm.Encrypted, "k1")]
    [TestCase("enc:v2:k1:AAAA:", true, SecretForm.Encrypted, "k1")]
    [TestCase("enc:v2:k1:", false, SecretForm.WithoutVersion, "k1")]
    [TestCase("enc:v1:k1:", false, SecretForm.FirstForm, "k1")]
    [TestCase("enc:v3:k1:", true, SecretForm.Unknown, "k1")]
    public void The_first_characters_of_a_value_name_its_form_and_key(string? header, bool hasVersion, SecretForm form, string? key) =>
        Assert.That(StoredForm.Of(header, hasVersion), Is.EqualTo(new StoredForm(form, key)));
}
