using AutoStack.Data.Testing;

[assembly: Parallelizable(ParallelScope.Fixtures)]
[assembly: LevelOfParallelism(4)]

/// <summary>The server of the run. Outside every namespace, so that its setup runs before every fixture.</summary>
[SetUpFixture]
public sealed class TestServer
{
    public static PostgresServer Current { get; private set; } = null!;

    /// <summary>How the server is found, for a run on one with an extension; null takes the usual one.</summary>
    public static PostgresServerOptions? Options { get; set; }

    /// <summary>Skips a test, with the reason, on an older server.</summary>
    public static void Require(int majorVersion, string reason)
    {
        if (Current.ServerVersion.Major < majorVersion)
        {
            Assert.Ignore($"Needs PostgreSQL {majorVersion}: {reason}");
        }
    }

    // In CI, and when the caller has named a server: a run in which every test is skipped would look like one that passed.
    private static bool IsServerNeeded { get; } = new[] { "CI", "AUTOSTACK_TEST_NPM_VERSION", "AUTOSTACK_TEST_POSTGRES" }
        .Any(name => Environment.GetEnvironmentVariable(name) is { Length: > 0 });

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        // In memory, databases are created and dropped several times faster than on a disk.
        if (Environment.GetEnvironmentVariable("TMPDIR") is null or ""
            && OperatingSystem.IsLinux() && new DriveInfo("/dev/shm") is { IsReady: true, AvailableFreeSpace: > 4L << 30 })
        {
            Environment.SetEnvironmentVariable("TMPDIR", "/dev/shm");
        }

        try
        {
            // A release of the npm package, for a run on another version of PostgreSQL.
            var release = Environment.GetEnvironmentVariable("AUTOSTACK_TEST_NPM_VERSION");
            Current = await PostgresServer.StartAsync(
                Options ?? new PostgresServerOptions { NpmVersion = string.IsNullOrEmpty(release) ? null : release });
            await TestContext.Progress.WriteLineAsync($"Tests run on {Current.Source} (PostgreSQL {Current.ServerVersion}).");
        }
        catch (PostgresUnavailableException exception) when (!IsServerNeeded)
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
