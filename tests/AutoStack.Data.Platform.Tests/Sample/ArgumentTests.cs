using AutoStack.Data.Platform.Tests.Pages;

namespace AutoStack.Data.Platform.Tests.Sample;

/// <summary>Options that the sample platform refuses with one line.</summary>
public sealed class ArgumentTests
{
    private static CancellationToken Token => TestContext.CurrentContext.CancellationToken;

    [TestCase("--webhook-secret", "")]
    [TestCase("--webhook-secret", " ")]
    [TestCase("--urls", "not a url")]
    [TestCase("--urls", "")]
    [TestCase("--urls", "http://127.0.0.1:0;not a url")]
    [TestCase("--urls", "https://127.0.0.1:0")]
    [TestCase("--urls", "ftp://127.0.0.1:0")]
    [TestCase("--urls", "http://127.0.0.1:99999")]
    [TestCase("--urls", "http://127.0.0.1:0/path")]
    [TestCase("--urls", "http://localhost:0")]
    [TestCase("--connection", "")]
    [CancelAfter(60_000)]
    public async Task An_option_with_a_wrong_value_is_named_in_one_line(string option, string value)
    {
        var (exitCode, errors) = await PlatformProcess.RunAsync([option, value], Token);

        Assert.That(errors, Has.Length.EqualTo(1));
        Assert.That(errors[0], Does.Contain(option));
        Assert.That(exitCode, Is.EqualTo(2));
    }
}
