using System.CommandLine;
using AutoStack.Data.Migrations;

namespace AutoStack.Data.Cli.Commands;

/// <summary>The option that names a script set.</summary>
internal static class SetOption
{
    public static Option<string?> Create(string description) => new("--set") { Description = description, HelpName = "NAME" };

    /// <summary>The target in the named set; the target itself when no set is named.</summary>
    public static MigrationTarget In(this MigrationTarget target, ParseResult parsed, Option<string?> set) =>
        parsed.GetValue(set) is not { } name ? target
        : name.Length == 0 ? throw Failure.Usage("--set is empty.")
        : target.In(name);
}
