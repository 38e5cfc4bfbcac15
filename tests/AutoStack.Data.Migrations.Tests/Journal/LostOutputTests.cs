using System.Diagnostics;
using System.Runtime.Versioning;
using System.Text;
using AutoStack.Data.Cli;
using AutoStack.Data.Migrations.Tests.Support;

namespace AutoStack.Data.Migrations.Tests.Journal;

/// <summary>A standard output that is closed or full during a run.</summary>
[UnsupportedOSPlatform("windows")]
[Platform(Exclude = "Win")]
public sealed class LostOutputTests : MigrationTests
{
    private const string Lost = "Standard output was lost (No space left on device";

    [TestCase(0)]
    [TestCase(700)]
    public async Task An_upgrade_is_completed_without_its_output(int room)
    {
        using var full = new Full(room);
        using var error = new StringWriter();

        var code = await AutoStackDb.RunAsync(["upgrade"], Host(full, error), Token);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(code, Is.Zero);
            Assert.That(error.ToString(), Does.Contain(Lost).And.Contain("the exit code is that of the run"));
            Assert.That((await Migrator().CheckAsync(Token)).IsClean, Is.True);
        }
    }

    [TestCase("upgrade", "--sql")]
    [TestCase("upgrade", "--dry-run")]
    [TestCase("check", "--json")]
    [TestCase("history")]
    public async Task A_run_whose_work_is_its_output_fails(params string[] args)
    {
        await StartAtAsync(Head);
        using var full = new Full(10);
        using var error = new StringWriter();

        var code = await AutoStackDb.RunAsync(args, Host(full, error), Token);

        Assert.That(code, Is.EqualTo(1));
        Assert.That(error.ToString(), Does.Contain(Lost).And.Contain("The result is incomplete."));
    }

    [Test]
    public async Task A_run_with_neither_output_nor_error_keeps_its_exit_code()
    {
        using var full = new Full(0);
        using var none = new Full(0);

        var upgrade = await AutoStackDb.RunAsync(["upgrade"], Host(full, none), Token);
        var wrong = await AutoStackDb.RunAsync(["upgrade", "9999", "--json"], Host(full, none), Token);

        Assert.That((upgrade, wrong), Is.EqualTo((0, 2)));
    }

    [TestCase("> /dev/full", 0, Lost)]
    [TestCase("> /dev/full 2>&1", 0, "")]
    [TestCase("| head -1", 0, "")]
    [TestCase("--json | head -c 1", 0, "")]
    public async Task A_process_whose_output_is_lost_completes_the_upgrade(string redirection, int code, string error)
    {
        var host = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") is { Length: > 0 } path ? path : "dotnet";
        var start = new ProcessStartInfo("bash", [
            "-c", $"\"{host}\" exec \"{typeof(AutoStackDb).Assembly.Location}\" upgrade {redirection}; exit ${{PIPESTATUS[0]}}"])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        start.Environment["AUTOSTACK_CONNECTION"] = ConnectionString;
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(Token);
        var text = await process.StandardError.ReadToEndAsync(Token);
        await process.WaitForExitAsync(Token);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(process.ExitCode, Is.EqualTo(code), text + await output);
            Assert.That(text, error.Length == 0 ? Does.Not.Contain("lost") : Does.Contain(error));
            Assert.That((await Migrator().CheckAsync(Token)).IsClean, Is.True);
        }
    }

    private CliHost Host(TextWriter output, TextWriter error) => new(
        output, error, TextReader.Null, name => name == "AUTOSTACK_CONNECTION" ? ConnectionString : null)
    {
        Directory = Path.GetTempPath(),
    };

    /// <summary>A stream on a device with room for some characters.</summary>
    private sealed class Full(int room) : TextWriter
    {
        private int room = room;

        public override Encoding Encoding => Encoding.UTF8;

        public override void Write(char value)
        {
            if (--room < 0)
            {
                throw new IOException("No space left on device");
            }
        }
    }
}
