using System.CommandLine;
using System.Globalization;
using AutoStack.Data.Cli.Databases;
using AutoStack.Data.Cli.Keys;
using AutoStack.Data.Cli.Output;
using AutoStack.Data.Integrity;

namespace AutoStack.Data.Cli.Commands;

/// <summary><c>verify</c>: is the stored data what it should be?</summary>
internal static class VerifyCommand
{
    // What the driver and the server need to end a statement at its own limit.
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(10);

    private static string Names => string.Join(", ", VerificationOptions.CheckNames);

    public static Command Create(Session session)
    {
        var check = new Option<string[]>("--check")
        {
            Description = $"A check to make; may be repeated. Default: all. The checks: {Names}.",
            HelpName = "NAME",
            DefaultValueFactory = _ => [],
        };
        check.CompletionSources.Add([.. VerificationOptions.CheckNames]);
        var all = new Option<bool>("--all") { Description = "Reads all rows, which is the default.", Arity = ArgumentArity.Zero };
        var sample = Sample();
        var timeout = Timeout();
        var keys = KeyFile.Option("Without a key, only the form of secrets is checked.");
        var format = FormatOption.Create();
        var command = new Command(
            "verify",
            "Verifies the stored data, after a restore, a failover or a major upgrade. Reads whole tables, range by range, beside running "
            + "services.")
        {
            check, sample, all, timeout, keys, format,
        };
        command.Validators.Add(result =>
        {
            if (result.GetResult(all) is not null && result.GetResult(sample) is not null)
            {
                result.AddError("--all and --sample exclude each other.");
            }

            if ((result.GetValue(check) ?? []).Except(VerificationOptions.CheckNames).FirstOrDefault() is { } unknown)
            {
                result.AddError($"--check: '{unknown}' is not a check. The checks: {Names}.");
            }
        });
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var options = new VerificationOptions
            {
                Checks = parsed.GetValue(check)!,
                Sample = parsed.GetValue(sample),
                StatementTimeout = TimeSpan.FromSeconds(parsed.GetValue(timeout)),
            };
            var secrets = KeyFile.Read(parsed.GetValue(keys), session.Host);
            var services = await DataServices.OpenAsync(
                session,
                parsed,
                settings =>
                {
                    settings.CommandTimeout = options.StatementTimeout + Margin;
                    settings.OperationTimeout = options.StatementTimeout + Margin + Margin;
                    foreach (var key in secrets)
                    {
                        settings.SecretKeys.Add(key);
                    }
                },
                cancellationToken).ConfigureAwait(false);
            await using (services.ConfigureAwait(false))
            {
                var progress = new VerifyProgress(session.Error, TimeProvider.System);
                var verifier = services.Get<IDatabaseVerifier>();
                var result = await verifier.VerifyAsync(options, progress, cancellationToken).ConfigureAwait(false);
                progress.Close();
                return FormatOption.Report(
                    session, parsed.GetValue(format), command.Name, result.Findings, results => results.Verified(result, services.Where));
            }
        });
        return command;
    }

    private static Option<double> Sample() => new("--sample")
    {
        Description = "The part of each table to read, for example 1%; small tables are read whole. Default: all rows.",
        HelpName = "PERCENT",
        DefaultValueFactory = _ => 1,
        CustomParser = result =>
        {
            var text = result.Tokens[0].Value;
            if (!text.EndsWith('%')
                || !double.TryParse(text[..^1], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var percent)
                || percent is not (> 0 and <= 100))
            {
                result.AddError("--sample is a part above 0% and up to 100%, for example 1%.");
                return default;
            }

            return percent / 100;
        },
    };

    private static Option<int> Timeout() => new("--statement-timeout")
    {
        Description =
            "The time limit of a statement. A range that takes longer is read in parts; an index that takes longer is not checked.",
        HelpName = "SECONDS",
        DefaultValueFactory = _ => 30,
        CustomParser = result =>
        {
            var most = (int)VerificationOptions.MaxStatementTimeout.TotalSeconds;
            if (!int.TryParse(result.Tokens[0].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
                || seconds < 1 || seconds > most)
            {
                result.AddError($"--statement-timeout is a whole number of seconds, 1 to {most}.");
            }

            return seconds;
        },
    };
}
