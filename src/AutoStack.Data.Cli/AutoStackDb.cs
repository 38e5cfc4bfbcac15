using System.CommandLine;
using AutoStack.Data.Cli.Commands;

namespace AutoStack.Data.Cli;

/// <summary>The console: reads the arguments, runs one verb, and turns an exception into a message and an exit code.</summary>
internal static class AutoStackDb
{
    public static async Task<int> RunAsync(IReadOnlyList<string> args, CliHost host, CancellationToken cancellationToken)
    {
        // Created before parsing, so that wrong arguments are reported as text or JSON as the caller asked.
        var session = new Session(host, args);
        try
        {
            var root = CreateRoot(session);

            // A connection string may begin with any character, so that @ does not name a response file.
            var parsed = root.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
            if (Valued(root.Options.Concat(parsed.CommandResult.Command.Options), args) is { } valued)
            {
                throw Failure.Usage($"{valued.Name} takes no value.");
            }

            if (parsed.Errors.Count > 0)
            {
                throw Failure.Usage(WrongArguments.Describe(root, parsed, args));
            }

            if (FormatOption.Conflict(parsed, session.Options.Json) is { } conflict)
            {
                throw Failure.Usage(conflict);
            }

            // Signals and exceptions are handled here, not by the library.
            var invocation = new InvocationConfiguration
            {
                Output = session.Host.Output,
                Error = session.Host.Error,
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null,
            };
            return session.Finish(await parsed.InvokeAsync(invocation, cancellationToken).ConfigureAwait(false));
        }
#pragma warning disable CA1031 // The outermost frame of the program: the operator gets a message for every exception.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            var failure = Failure.Of(exception, session.Progress, session.ShowsValues);
            failure = failure with { Message = session.WithoutConnections(failure.Message) };
            session.Progress.Close();
            session.Results.Fail(failure);
            return session.Finish(failure.ExitCode);
        }
    }

    /// <summary>All verbs and options.</summary>
    internal static RootCommand CreateRoot(Session session)
    {
        var root = new RootCommand(
            "Applies and inspects the schema migrations of an AutoStack database, and measures its connection pools.")
        {
            session.Options.Connection,
            session.Options.ConnectionFile,
            session.Options.Configuration,
            session.Options.Environment,
            session.Options.Scripts,
            session.Options.Json,
            session.Options.Timeout,
            session.Options.Wait,
            session.Options.LockAttempts,
            session.Options.AllowForeignObjects,
            session.Options.IgnoreObstacles,
            session.Options.ShowValues,
            UpgradeCommand.Create(session),
            DowngradeCommand.Create(session),
            AdoptCommand.Create(session),
            CurrentCommand.Create(session),
            HistoryCommand.Create(session),
            CheckCommand.Create(session),
            RevisionCommand.Create(session),
            StampCommand.Create(session),
            RepairCommand.Create(session),
            FeatureCommand.Create(session),
            PartitionsCommand.Create(session),
            AuditCommand.Create(session),
            AccountCommand.Create(session),
            QueueCommand.Create(session),
            LintCommand.Create(session),
            BenchCommand.Create(session),
            CreateCommand.Create(session),
            DropCommand.Create(session),
            DumpCommand.Create(session),
            RolesCommand.Create(session),
            StatsCommand.Create(session),
            DoctorCommand.Create(session),
            PruneCommand.Create(session),
            KeysCommand.Create(session),
            VerifyCommand.Create(session),
            BackupCommand.Create(session),
            CompletionCommand.Create(session),
            HelpCommand.Create(session),
        };

        HelpCommand.Explain(root);
        return root;
    }

    // The parser would read such a value as an argument, and an error message would quote it.
    private static Option? Valued(IEnumerable<Option> options, IReadOnlyList<string> args) =>
        options.FirstOrDefault(option => option.Arity.MaximumNumberOfValues == 0
            && args.Any(text => text.StartsWith(option.Name + "=", StringComparison.Ordinal)
                || text.StartsWith(option.Name + ":", StringComparison.Ordinal)));
}
