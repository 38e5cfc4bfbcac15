using System.CommandLine;

namespace AutoStack.Data.Cli.Commands;

/// <summary><c>completion bash|zsh|fish|pwsh</c>: prints a script that makes the shell ask the console for candidates.</summary>
internal static class CompletionCommand
{
    private static readonly string[] Shells = ["bash", "zsh", "fish", "pwsh"];

    public static Command Create(Session session)
    {
        var shell = new Argument<string>("shell") { Description = "The shell that completes.", HelpName = string.Join('|', Shells) };
        shell.CompletionSources.Add(Shells);
        shell.Validators.Add(result =>
        {
            // The library's own check quotes the argument, which may be a misplaced connection string.
            if (!Shells.Contains(result.Tokens[0].Value))
            {
                result.AddError($"completion: the shell is one of {string.Join(", ", Shells)}.");
            }
        });
        var command = new Command("completion", "Prints a script for a shell, which then completes verbs and options with the tab key.")
        {
            shell,
        };
        command.SetAction(parsed =>
        {
            // A script, also where results are JSON.
            session.Host.Output.Write(ScriptOf(parsed.GetValue(shell)!));
            return ExitCode.Done;
        });
        return command;
    }

    internal static string ScriptOf(string shell)
    {
        using var stream = typeof(CompletionCommand).Assembly.GetManifestResourceStream($"Completion.{shell}")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
