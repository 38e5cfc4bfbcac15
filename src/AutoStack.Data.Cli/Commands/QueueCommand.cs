using System.CommandLine;
using AutoStack.Data.Cli.Databases;
using AutoStack.Data.Cli.Output;
using AutoStack.Data.Deployments;

namespace AutoStack.Data.Cli.Commands;

/// <summary><c>queue pause|resume|status</c>: the queue of deployments.</summary>
internal static class QueueCommand
{
    public static Command Create(Session session) => new("queue", "Pauses and resumes the queue of deployments, and shows what waits.")
    {
        CreatePause(session), CreateResume(session), CreateStatus(session),
    };

    private static Command CreatePause(Session session)
    {
        var project = ProjectOption();
        var by = new Option<string>("--by")
        {
            Description = "Who pauses, for people to read. Default: the user of the operating system.",
            HelpName = "NAME",
            DefaultValueFactory = _ => Environment.UserName,
        };
        var reason = new Option<string?>("--reason") { Description = "The reason, for people to read.", HelpName = "TEXT" };
        by.Validators.Add(result =>
        {
            if (result.Tokens.Any(token => string.IsNullOrWhiteSpace(token.Value) || token.Value.Length > QueuePause.MaxNameLength))
            {
                result.AddError($"--by is blank, or longer than {QueuePause.MaxNameLength} characters.");
            }
        });
        reason.Validators.Add(result =>
        {
            if (result.Tokens.Any(token => token.Value.Length > QueuePause.MaxReasonLength))
            {
                result.AddError($"--reason is longer than {QueuePause.MaxReasonLength} characters.");
            }
        });
        var command = new Command("pause", "Stops workers from claiming deployments, of one project or of all; running builds continue.")
        {
            project, by, reason,
        };
        command.SetAction((parsed, cancellationToken) => RunAsync(session, parsed, async queue =>
        {
            var outcome = await queue.PauseAsync(
                parsed.GetValue(project), parsed.GetValue(by)!, parsed.GetValue(reason), cancellationToken).ConfigureAwait(false);
            return outcome switch
            {
                PauseOutcome.Paused => "paused",
                PauseOutcome.AlreadyPaused => "alreadyPaused",
                _ => throw new CliException(new Failure(
                    ExitCode.Failed, "unknownProject", $"There is no project {parsed.GetValue(project)}. Nothing was paused.")),
            };
        }, cancellationToken));
        return command;
    }

    private static Command CreateResume(Session session)
    {
        var project = ProjectOption();
        const string Description = "Ends the pause of the whole queue, or of one project, and wakes the workers; other pauses remain.";
        var command = new Command("resume", Description) { project };
        command.SetAction((parsed, cancellationToken) => RunAsync(
            session,
            parsed,
            async queue => await queue.ResumeAsync(parsed.GetValue(project), cancellationToken).ConfigureAwait(false)
                ? "resumed"
                : "notPaused",
            cancellationToken));
        return command;
    }

    private static Command CreateStatus(Session session)
    {
        var command = new Command("status", "Prints how many deployments wait, what they wait for, and the pauses.");
        command.SetAction((parsed, cancellationToken) =>
            RunAsync(session, parsed, _ => Task.FromResult<string?>(null), cancellationToken));
        return command;
    }

    private static Option<Guid?> ProjectOption() => new("--project")
    {
        Description = "The id of the project. Default: the whole queue.",
        HelpName = "ID",
        CustomParser = result =>
        {
            if (!Guid.TryParse(result.Tokens[0].Value, out var id))
            {
                result.AddError("--project is the id of a project.");
            }

            return id;
        },
    };

    private static async Task<int> RunAsync(
        Session session, ParseResult parsed, Func<IQueuePauseRepository, Task<string?>> run, CancellationToken cancellationToken)
    {
        var services = await DataServices.OpenAsync(session, parsed, configure: null, cancellationToken).ConfigureAwait(false);
        await using (services.ConfigureAwait(false))
        {
            var queue = services.Get<IQueuePauseRepository>();
            var outcome = await run(queue).ConfigureAwait(false);
            var counts = await queue.CountAsync(cancellationToken).ConfigureAwait(false);
            var pauses = await queue.ListAsync(Cursor.Start, IQueuePauseRepository.MaxListSize, cancellationToken)
                .ConfigureAwait(false);
            session.Results.Queue(new QueueReport(outcome, counts, pauses.Items, pauses.Next is not null));
            return ExitCode.Done;
        }
    }
}
