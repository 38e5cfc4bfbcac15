namespace AutoStack.Data.Platform.Tests.Pages;

/// <summary>The browser of the run. Without one, the tests of this namespace are skipped.</summary>
[SetUpFixture]
public sealed class Browser
{
    internal static Chromium Current { get; private set; } = null!;

    [OneTimeSetUp]
    public async Task StartAsync() => Current = await Chromium.StartAsync();

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        if (Current is not null)
        {
            await Current.DisposeAsync();
        }
    }
}
