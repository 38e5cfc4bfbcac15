using System.CommandLine;
using AutoStack.Data.Archives;
using AutoStack.Data.Cli.Databases;
using AutoStack.Data.Cli.Output;
using AutoStack.Data.Migrations.Internal;

namespace AutoStack.Data.Cli.Commands;

/// <summary><c>partitions restore</c>: brings an archive back, as a table of its own or as a partition.</summary>
internal static class RestoreCommand
{
    public static Command Create(Session session)
    {
        var name = new Argument<string>("archive") { Description = "The name of the archive, as partitions archives prints it." };
        var from = ArchiveOptions.Folder("--from", "The folder of the archives.");
        var table = new Option<string?>("--as")
        {
            Description = "Restores into a new table, which has no index. Without a schema: in public.",
            HelpName = "SCHEMA.TABLE",
        };
        var attach = new Option<bool>("--attach")
        {
            Description = "Restores into the place of the dropped partition.",
            Arity = ArgumentArity.Zero,
        };
        var command = new Command("restore", "Restores an archive, and compares it with its manifest. Replaces nothing.")
        {
            name, from, table, attach,
        };
        command.Validators.Add(result =>
        {
            if (result.GetResult(table) is { Implicit: false } == result.GetResult(attach) is { Implicit: false })
            {
                result.AddError("Give one of --as and --attach.");
            }
        });
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var store = ArchiveOptions.Store(session, parsed, from);
            var target = parsed.GetValue(attach) ? RestoreTarget.Partition : Target(parsed.GetValue(table)!);
            var services = await DataServices.OpenAsync(
                session, parsed, options => ArchiveOptions.SetFormats(options, written: null), cancellationToken).ConfigureAwait(false);
            await using var closing = services.ConfigureAwait(false);
            var progress = new ArchiveProgressLine(session.Error);
            RestoreResult? result;
            try
            {
                result = await services.Get<ILogRestore>()
                    .RestoreAsync(parsed.GetValue(name)!, target, store, progress, cancellationToken).ConfigureAwait(false);
            }
            finally
            {
                progress.Close();
            }

            session.Results.Restored(result ?? throw new CliException(new Failure(
                ExitCode.Failed, "missing", $"There is no archive {Visible.Text(parsed.GetValue(name)!)}. Nothing was changed.")));
            return ExitCode.Done;
        });
        return command;
    }

    private static RestoreTarget Target(string text)
    {
        try
        {
            return text.Split('.') switch
            {
                [var table] => RestoreTarget.Table("public", table),
                [var schema, var table] => RestoreTarget.Table(schema, table),
                _ => throw Failure.Usage("--as is the name of a table, or a schema and a table: restored.logs_april."),
            };
        }
        catch (ArgumentException exception)
        {
            throw Failure.Usage($"--as: {exception.Message.Split(" (Parameter", 2)[0]}");
        }
    }
}
