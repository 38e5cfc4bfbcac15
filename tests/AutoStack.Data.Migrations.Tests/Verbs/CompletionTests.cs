using System.Diagnostics;
using AutoStack.Data.Cli;
using AutoStack.Data.Cli.Commands;
using AutoStack.Data.Migrations.Tests.Support;

namespace AutoStack.Data.Migrations.Tests.Verbs;

/// <summary>The scripts in the shells themselves, with the real program.</summary>
public sealed class CompletionTests
{
    private const string Bash = """
        source <(autostack-db completion bash)
        complete_line() {
            COMP_LINE=$1 COMP_POINT=${#1}
            read -ra COMP_WORDS <<<"$1"
            [[ $1 == *' ' ]] && COMP_WORDS+=("")
            COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
            _autostack_db
            echo "${COMPREPLY[*]}"
        }
        complete_line "$LINE"
        """;

    // The functions of zsh's line editor are replaced, since there is no terminal.
    private const string Zsh = """
        autoload -Uz compinit && compinit -u -D
        source <(autostack-db completion zsh)
        compadd() { print -r -- "${found[*]}" }
        _files() { print files }
        words=("${(@s: :)LINE}")
        CURRENT=${#words} PREFIX=${words[-1]}
        _autostack_db
        """;

    private const string Fish = """
        autostack-db completion fish | source
        complete -C "$LINE" | string join ' '
        """;

    [TestCase("autostack-db dow", "downgrade")]
    [TestCase("autostack-db feature ", "disable enable list")]
    [TestCase("autostack-db upgrade --dr", "--dry-run")]
    [TestCase("autostack-db --environment production cur", "current")]
    [TestCase("autostack-db help st", "stamp stats")]
    [TestCase("autostack-db completion ba", "bash")]
    [TestCase("autostack-db dump --output /no/such", "")]
    public async Task Bash_completes(string line, string candidates) =>
        Assert.That(await RunAsync("bash", ["--norc", "-c", Bash], line), Is.EqualTo(candidates));

    [TestCase("autostack-db dow", "downgrade")]
    [TestCase("autostack-db upgrade --dr", "--dry-run")]
    [TestCase("autostack-db dump --output /no/such", "files")]
    public async Task Zsh_completes(string line, string candidates) =>
        Assert.That(await RunAsync("zsh", ["-f", "-c", Zsh], line), Is.EqualTo(candidates));

    [TestCase("autostack-db dow", "downgrade")]
    [TestCase("autostack-db feature ", "disable enable list")]
    [TestCase("autostack-db upgrade --dr", "--dry-run")]
    public async Task Fish_completes(string line, string candidates) =>
        Assert.That(await RunAsync("fish", ["--no-config", "-c", Fish], line), Is.EqualTo(candidates));

    [Test]
    public async Task A_shell_that_is_not_known_is_refused()
    {
        var run = await ConsoleRun.StartAsync(["completion", "tcsh"]);

        Assert.That(run.Code, Is.EqualTo(ExitCode.Usage));
        Assert.That(run.Error, Does.Contain("bash").And.Contain("pwsh"));
    }

    [TestCase("bash")]
    [TestCase("zsh")]
    [TestCase("fish")]
    [TestCase("pwsh")]
    public async Task The_script_is_printed_as_it_is(string shell)
    {
        var run = await ConsoleRun.StartAsync(["completion", shell]);

        Assert.That(run.Code, Is.Zero);
        Assert.That(run.Output, Is.EqualTo(CompletionCommand.ScriptOf(shell)).And.Contain("[suggest:").And.Not.Contain("\r"));
    }

    private static async Task<string> RunAsync(string shell, string[] arguments, string line)
    {
        using var place = new Workplace();
        var host = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") is { Length: > 0 } path ? path : "dotnet";
        var program = Path.Combine(place.Root, "autostack-db");
        await File.WriteAllTextAsync(program, $"#!/bin/sh\nexec '{host}' exec '{typeof(AutoStackDb).Assembly.Location}' \"$@\"\n");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        }

        var start = new ProcessStartInfo(shell, arguments)
        {
            WorkingDirectory = place.Root,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["PATH"] = $"{place.Root}:{Environment.GetEnvironmentVariable("PATH")}";
        start.Environment["HOME"] = place.Root;
        start.Environment["LINE"] = line;
        try
        {
            using var process = Process.Start(start)!;
            var error = process.StandardError.ReadToEndAsync();
            var output = await process.StandardOutput.ReadToEndAsync();
            await process.WaitForExitAsync();
            Assert.That(await error, Is.Empty);
            return output.TrimEnd();
        }
        catch (System.ComponentModel.Win32Exception) when (shell != "bash")
        {
            Assert.Ignore($"{shell} is not installed.");
            throw;
        }
    }
}
