using System.CommandLine;
using AutoStack.Data.Migrations;

namespace AutoStack.Data.Cli.Commands;

/// <summary><c>feature list|enable|disable</c>: the optional features of the package, which are script sets of their own.</summary>
internal static class FeatureCommand
{
    public static Command Create(Session session)
    {
        var list = new Command("list", "Prints every optional feature: what it does, and whether the database has it.");
        list.SetAction(async (parsed, cancellationToken) =>
        {
            // Without features there is nothing to ask a database.
            session.Results.Features(session.Host.Features is [] ? []
                : await session.Migrator(parsed).ReadFeaturesAsync(cancellationToken).ConfigureAwait(false));
            return ExitCode.Done;
        });

        var enabled = Name();
        var enable = new Command("enable", "Brings a feature to its newest version.") { enabled };
        var variables = FeatureVariables.AddTo(enable);
        enable.SetAction(async (parsed, cancellationToken) =>
        {
            var name = Known(session, parsed.GetValue(enabled)!);
            var given = variables.Read(session, parsed, name);
            var result = await session.Migrator(parsed, variables: given)
                .UpgradeAsync(MigrationTarget.Head.In(name), session.Progress, cancellationToken).ConfigureAwait(false);
            session.Results.Migrated(result);
            FeatureVariables.WarnUnread(session, name, given, result);
            return ExitCode.Done;
        });

        var disabled = Name();
        var yes = new Option<bool>("--yes", "-y") { Description = "Does not ask for confirmation.", Arity = ArgumentArity.Zero };
        var disable = new Command("disable", "Reverts a feature. Data in its tables and columns is lost.")
        {
            disabled,
            yes,
            session.Options.Reason,
        };
        disable.SetAction((parsed, cancellationToken) =>
        {
            var target = MigrationTarget.Base.In(Known(session, parsed.GetValue(disabled)!));
            return DowngradeCommand.RunAsync(session, parsed, target, asks: !parsed.GetValue(yes), cancellationToken);
        });
        return new Command("feature", "Lists the optional features of the schema, and switches them on and off.")
        {
            list,
            enable,
            disable,
        };
    }

    private static Argument<string> Name() => new("feature") { Description = "The name of the feature.", HelpName = "FEATURE" };

    private static string Known(Session session, string name) =>
        session.Host.Features is [] ? throw Failure.Usage("This version has no optional feature.")
        : session.Host.Features.Any(feature => feature.Name == name) ? name
        : throw Failure.Usage(session.Masked(
            $"There is no feature {name}. The features are {string.Join(", ", session.Host.Features)}."));
}
