using System.CommandLine;
using AutoStack.Data.Migrations;

namespace AutoStack.Data.Cli.Commands;

/// <summary>The argument for the target version.</summary>
internal static class Target
{
    public static Argument<MigrationTarget> Argument(string description, string forms, MigrationTarget? whenMissing = null) => new("target")
    {
        Description = description,
        HelpName = forms,
        Arity = whenMissing is null ? ArgumentArity.ExactlyOne : ArgumentArity.ZeroOrOne,
        DefaultValueFactory = whenMissing is { } target ? _ => target : null,
        CustomParser = result =>
        {
            if (!MigrationTarget.TryParse(result.Tokens[0].Value, out var parsed))
            {
                result.AddError($"The target is one of {forms}, where VERSION is 3 or 0003.");
            }

            return parsed;
        },
    };
}
