using System.Diagnostics;
using AutoStack.Data.LocalServer;

namespace AutoStack.Data.FaultTests.Servers;

/// <summary>The shell of a local server sends no signal after the server has ended, even when the server's folder is gone.</summary>
[Platform("Linux")]
public sealed class SupervisorTests
{
    [Test]
    [CancelAfter(60_000)]
    public async Task Nothing_sends_signals_after_the_end_of_a_server_whose_folder_is_gone()
    {
        var folder = Directory.CreateTempSubdirectory("autostack-supervisor-").FullName;
        await using (var supervisor = Supervisor.Start(folder, "true", "exec sleep 0.2", setSid: null))
        {
            Assert.That(Processes(folder), Is.Not.Empty);
            Directory.Delete(folder, recursive: true);
            await supervisor.Ended;
            Assert.That(Processes(folder), Has.Count.EqualTo(1), "The shell is left, which waits for its owner's end.");
        }

        Assert.That(Processes(folder), Is.Empty);
    }

    // The shell, and the process that sends the signals, have the folder in their arguments.
    private static List<int> Processes(string folder) =>
    [
        .. Process.GetProcesses().Select(process => process.Id).Where(id =>
        {
            try
            {
                return File.ReadAllText($"/proc/{id}/cmdline").Contains(folder, StringComparison.Ordinal);
            }
            catch (IOException)
            {
                return false;
            }
        }),
    ];
}
