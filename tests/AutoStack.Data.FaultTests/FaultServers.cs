using System.Runtime.Versioning;
using AutoStack.Data.FaultTests.Servers;
using AutoStack.Data.LocalServer;

[assembly: UnsupportedOSPlatform("windows")]
[assembly: NonParallelizable]

/// <summary>The server of the run. Outside every namespace, so that its setup runs before every fixture.</summary>
[SetUpFixture]
public sealed class FaultServers
{
    internal static FaultServer Current { get; private set; } = null!;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        // A run on a server of somebody else's needs no binaries, which the faults cannot do without.
        var mayBeMissing = Environment.GetEnvironmentVariable("CI") is null or ""
            || SearchPlaces.OfThisMachine().ConnectionString is not null;
        if (!OperatingSystem.IsLinux())
        {
            Assert.Ignore("The fault tests stop and freeze processes as Linux lists them.");
        }

        try
        {
            Current = await FaultServer.StartAsync(TestContext.CurrentContext.CancellationToken);
            await TestContext.Progress.WriteLineAsync($"Faults are made on {Current.Source}.");
        }
        catch (UnusableException exception) when (mayBeMissing)
        {
            Assert.Ignore(exception.Message);
        }
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        if (Current is not null)
        {
            await Current.DisposeAsync();
        }
    }
}
