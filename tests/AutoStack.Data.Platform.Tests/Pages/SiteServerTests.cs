using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace AutoStack.Data.Platform.Tests.Pages;

/// <summary>
/// The program of a deployed site. The sample believes its word, because another program on the port would answer as well.
/// </summary>
public sealed class SiteServerTests
{
    private static CancellationToken Token => TestContext.CurrentContext.CancellationToken;

    [Test]
    [CancelAfter(60_000)]
    public async Task A_site_says_that_it_has_its_port_and_ends_without_a_word_when_another_program_has_it()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var port = ((IPEndPoint)other.LocalEndpoint).Port;

        Assert.That(await FirstLineAsync(port), Is.Null);
        other.Stop();
        Assert.That(await FirstLineAsync(port), Is.EqualTo("listening"));
    }

    private static async Task<string?> FirstLineAsync(int port)
    {
        string[] arguments =
            [PlatformProcess.Program, "serve", TestContext.CurrentContext.TestDirectory, port.ToString(CultureInfo.InvariantCulture)];
        using var site = Process.Start(new ProcessStartInfo("dotnet", arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        var line = await site.StandardOutput.ReadLineAsync(Token);
        site.StandardInput.Close();
        await site.WaitForExitAsync(Token);
        return line;
    }
}
