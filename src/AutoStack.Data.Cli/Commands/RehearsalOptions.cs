using System.CommandLine;
using System.Globalization;
using AutoStack.Data.Cli.Output;
using AutoStack.Data.Migrations;

namespace AutoStack.Data.Cli.Commands;

/// <summary>The options of <c>--rehearse</c>: its time limit, and a copy to run on.</summary>
internal sealed class RehearsalOptions
{
    private readonly Option<bool> onCopy = Preview.Switch(
        "--on-copy",
        "With --rehearse: copies the database, runs there and removes the copy. Needs a database without other sessions; stops nobody.");

    private readonly Option<string?> copy = new("--copy")
    {
        Description = "With --rehearse: runs on this database, a name on the same server or a connection string. Needs --disposable.",
        HelpName = "DATABASE",
    };

    private readonly Option<bool> disposable = Preview.Switch(
        "--disposable", "Says that the database of --copy may be changed and is not restored.");

    private readonly Option<TimeSpan?> limit = new("--rehearse-limit")
    {
        Description = "The longest time of a rehearsal without a copy, after which it is rolled back; 60 by default, 0 for no limit.",
        HelpName = "SECONDS",
        CustomParser = result =>
        {
            if (!int.TryParse(result.Tokens[0].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds))
            {
                result.AddError("--rehearse-limit is a whole number of seconds, 0 or more.");
            }

            return seconds == 0 ? Timeout.InfiniteTimeSpan : TimeSpan.FromSeconds(seconds);
        },
    };

    private Option<bool> yes = null!;

    public void AddTo(Command command, Option<bool> rehearse, Option<bool> asksNothing)
    {
        yes = asksNothing;
        Option[] own = [onCopy, copy, disposable, limit];
        foreach (var option in own)
        {
            command.Options.Add(option);
        }

        command.Validators.Add(result =>
        {
            bool Given(Option option) => result.GetResult(option) is { Implicit: false };
            if (own.FirstOrDefault(Given) is { } alone && !Given(rehearse))
            {
                result.AddError($"{alone.Name} needs --rehearse.");
            }
            else if (Given(onCopy) && Given(copy))
            {
                result.AddError("--on-copy and --copy exclude each other.");
            }
            else if (Given(copy) && !Given(disposable))
            {
                result.AddError("--copy changes the database that it names: add --disposable, if it may be.");
            }
            else if (Given(disposable) && !Given(copy))
            {
                result.AddError("--disposable needs --copy.");
            }
            else if (Given(limit) && (Given(onCopy) || Given(copy)))
            {
                result.AddError("A rehearsal on a copy stops nobody and has no limit: omit --rehearse-limit.");
            }
        });
    }

    public async Task RunAsync(Session session, ParseResult parsed, bool up, MigrationTarget target, CancellationToken cancellationToken)
    {
        var migrator = session.Migrator(parsed, parsed.GetValue(limit));
        if (parsed.GetValue(onCopy) || parsed.GetValue(copy) is not null)
        {
            if (parsed.GetValue(copy) is { } named && string.IsNullOrWhiteSpace(named))
            {
                throw Failure.Usage("--copy is empty.");
            }

            session.Results.RehearsedOnCopy(await (up
                ? migrator.RehearseUpgradeOnCopyAsync(target, parsed.GetValue(copy), session.Progress, cancellationToken)
                : migrator.RehearseDowngradeOnCopyAsync(target, parsed.GetValue(copy), session.Progress, cancellationToken))
                .ConfigureAwait(false));
            return;
        }

        var asks = !parsed.GetValue(yes);
        if (asks && session.Host.InputRedirected)
        {
            throw Failure.Usage(
                "--rehearse asks before it stops readers and writers, and nobody can answer: add --yes, or rehearse on a copy with " +
                "--on-copy.");
        }

        var plan = await (up ? migrator.PlanUpgradeAsync(target, cancellationToken)
            : migrator.PlanDowngradeAsync(target, cancellationToken)).ConfigureAwait(false);
        if (plan.Scripts.Count > 0 && plan.Obstacles.Count == 0)
        {
            ForesightLines.Announce(
                session.Error, plan, parsed.GetValue(limit) ?? SchemaMigratorOptions.DefaultRehearsalLimit);
            if (asks && !await Question.AskAsync(session, cancellationToken).ConfigureAwait(false))
            {
                throw Failure.Cancelled("Not confirmed. Nothing was changed.");
            }
        }

        session.Results.Rehearsed(await (up
            ? migrator.RehearseUpgradeAsync(target, session.Progress, cancellationToken)
            : migrator.RehearseDowngradeAsync(target, session.Progress, cancellationToken)).ConfigureAwait(false));
    }
}
