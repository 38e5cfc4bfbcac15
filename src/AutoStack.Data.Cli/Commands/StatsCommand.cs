using System.CommandLine;
using System.Globalization;
using AutoStack.Data.Cli.Databases;
using AutoStack.Data.Monitoring;

namespace AutoStack.Data.Cli.Commands;

/// <summary><c>stats</c>: what the database holds and does, once or again and again.</summary>
internal static class StatsCommand
{
    private static readonly Dictionary<string, StatsParts> Words = new(StringComparer.Ordinal)
    {
        ["database"] = StatsParts.Totals,
        ["tables"] = StatsParts.Tables,
        ["indexes"] = StatsParts.Indexes,
        ["sessions"] = StatsParts.Sessions,
        ["statements"] = StatsParts.Statements,
        ["replication"] = StatsParts.Replication,
        ["queue"] = StatsParts.Queue,
    };

    public static Command Create(Session session)
    {
        var part = new Argument<string?>("part")
        {
            Description = $"One part, in full: {string.Join(", ", Words.Keys)}. Default: all, in short.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        part.CompletionSources.Add([.. Words.Keys]);

        // The message of the parser would quote the argument, which may be a connection string after a misspelt option.
        part.Validators.Add(result =>
        {
            var given = result.Tokens.Select(token => token.Value).FirstOrDefault();
            if (given is not null && !Words.ContainsKey(given))
            {
                result.AddError(
                    $"stats: there is no such part.{Nearest.To(given, Words.Keys)} The parts are {string.Join(", ", Words.Keys)}.");
            }
        });
        var watch = Number("--watch", "SECONDS", "Looks again every SECONDS seconds, 1 to 86,400, until Ctrl-C.", 86_400);
        var count = Number("--count", "N", "With --watch: ends after N looks.", int.MaxValue);
        var save = new Option<string?>("--save")
        {
            Description = "Writes the figures to a file, for --since of a later run.",
            HelpName = "FILE",
        };
        var since = new Option<string?>("--since")
        {
            Description = "A file that --save or --json has written: shows growth and rates since then.",
            HelpName = "FILE",
        };
        var command = new Command("stats", "Shows sizes, sessions, statements, replication and the queue, and what changes.")
        {
            part, watch, count, save, since,
        };
        command.Validators.Add(result =>
        {
            if (result.GetResult(count) is not null && result.GetResult(watch) is null)
            {
                result.AddError("--count needs --watch.");
            }

            if (result.GetResult(watch) is not null && result.GetResult(save) is not null)
            {
                result.AddError("--watch and --save exclude each other.");
            }
        });
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var word = parsed.GetValue(part);
            var parts = word is null ? StatsParts.All : Words[word];
            var earlier = parsed.GetValue(since) is { } file ? StatsFile.Read(file, session.Host.Directory) : null;
            var services = await DataServices.OpenAsync(session, parsed, configure: null, cancellationToken).ConfigureAwait(false);
            await using (services.ConfigureAwait(false))
            {
                var monitor = services.Get<IDatabaseMonitor>();
                if (parsed.GetValue(watch) is { } seconds)
                {
                    await WatchAsync(
                        session, monitor.WatchAsync(TimeSpan.FromSeconds(seconds), parts, cancellationToken), earlier,
                        parsed.GetValue(count), cancellationToken).ConfigureAwait(false);
                    return ExitCode.Done;
                }

                var stats = await monitor.MeasureAsync(parts, cancellationToken).ConfigureAwait(false);
                session.Results.Looked(stats, Change(stats, earlier), watched: false);
                if (parsed.GetValue(save) is { } target)
                {
                    StatsFile.Write(stats, target, session.Host.Directory);
                }
            }

            return ExitCode.Done;
        });
        return command;
    }

    private static async Task WatchAsync(
        Session session, IAsyncEnumerable<DatabaseStats> looks, DatabaseStats? earlier, int? count, CancellationToken cancellationToken)
    {
        var left = count ?? int.MaxValue;
        try
        {
            await foreach (var stats in looks.ConfigureAwait(false))
            {
                session.Results.Looked(stats, Change(stats, earlier), watched: true);
                earlier = stats;
                if (--left == 0 || session.IsOutputLost)
                {
                    break;
                }
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Ctrl-C is how a watch ends.
        }
    }

    private static StatsChange? Change(DatabaseStats stats, DatabaseStats? earlier)
    {
        try
        {
            return earlier is null ? null : stats.Since(earlier);
        }
        catch (ArgumentException exception)
        {
            throw new CliException(new Failure(
                ExitCode.Usage, "usage", $"--since: {exception.Message.Split(" (Parameter", StringSplitOptions.None)[0]}"));
        }
    }

    private static Option<int?> Number(string name, string help, string description, int most) => new(name)
    {
        Description = description,
        HelpName = help,
        CustomParser = result =>
        {
            if (!int.TryParse(result.Tokens[0].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                || number < 1 || number > most)
            {
                result.AddError(most == int.MaxValue
                    ? $"{name} is a whole number, 1 or more." : $"{name} is a whole number of seconds, 1 to 86400.");
            }

            return number;
        },
    };
}
