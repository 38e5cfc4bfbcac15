using System.CommandLine;
using AutoStack.Data.Cli.Databases;
using AutoStack.Data.Cli.Keys;
using AutoStack.Data.Cli.Output;
using Spectre.Console;

namespace AutoStack.Data.Cli.Commands;

/// <summary><c>keys verify|rotate</c>: which keys encrypt the stored secrets, and encryption with a new one.</summary>
internal static class KeysCommand
{
    public static Command Create(Session session) => new("keys", "Verifies and rotates the keys that encrypt stored secrets.")
    {
        Verify(session),
        Rotate(session),
    };

    private static Command Verify(Session session)
    {
        var file = KeyFile.Option("The first key encrypts.");
        var format = FormatOption.Create();
        var verify = new Command(
            "verify", "Reports which keys encrypt the stored secrets, and which values do not open. Reads whole tables, in batches.")
        {
            file, format,
        };
        verify.SetAction(async (parsed, cancellationToken) =>
        {
            var keys = KeyFile.Read(parsed.GetValue(file), session.Host);
            var services = await OpenAsync(session, parsed, keys, cancellationToken).ConfigureAwait(false);
            await using var closing = services.ConfigureAwait(false);
            var report = await new KeyWork(session, services, keys).VerifyAsync(opens: true, cancellationToken).ConfigureAwait(false);
            return FormatOption.Report(
                session, parsed.GetValue(format), "keys verify", report.Findings, results => results.KeysVerified(report));
        });
        return verify;
    }

    private static Command Rotate(Session session)
    {
        var file = KeyFile.Option("The first key encrypts.");
        var dryRun = new Option<bool>("--dry-run")
        {
            Description = "Counts the values that would be replaced, and replaces none.",
            Arity = ArgumentArity.Zero,
        };
        var yes = new Option<bool>("--yes", "-y") { Description = "Does not ask for confirmation.", Arity = ArgumentArity.Zero };
        var rotate = new Command(
            "rotate", "Encrypts stored secrets with the first key, also those in clear, while services work. Every service needs the key.")
        {
            file, dryRun, yes,
        };
        rotate.SetAction(async (parsed, cancellationToken) =>
        {
            var keys = KeyFile.Read(parsed.GetValue(file), session.Host);
            if (keys.Count == 0)
            {
                throw Failure.Usage($"No key is given: use --keys FILE, or set {KeyFile.Variable}.");
            }

            var asks = !parsed.GetValue(yes) && !parsed.GetValue(dryRun);
            if (asks && session.Host.InputRedirected)
            {
                throw Failure.Usage("keys rotate asks whether every service has the first key, and nobody can answer: add --yes.");
            }

            var services = await OpenAsync(session, parsed, keys, cancellationToken).ConfigureAwait(false);
            await using var closing = services.ConfigureAwait(false);
            var work = new KeyWork(session, services, keys);
            if (parsed.GetValue(dryRun))
            {
                session.Results.KeyRotationPlanned(await work.VerifyAsync(opens: false, cancellationToken).ConfigureAwait(false));
                return ExitCode.Done;
            }

            if (asks)
            {
                session.Error.WriteLine(
                    $"Secrets will be encrypted with the key {keys[0].Id}. A service that does not have it cannot read them any more.",
                    new Style(Color.Yellow));
                if (!await Question.AskAsync(session, cancellationToken).ConfigureAwait(false))
                {
                    throw Failure.Cancelled("Not confirmed. Nothing was changed.");
                }
            }

            var report = await work.RotateAsync(cancellationToken).ConfigureAwait(false);
            session.Results.KeysRotated(report);
            return FindingLines.ExitCodeOf(report.Left.Findings);
        });
        return rotate;
    }

    private static Task<DataServices> OpenAsync(
        Session session, ParseResult parsed, IReadOnlyList<SecretKey> keys, CancellationToken cancellationToken) =>
        DataServices.OpenAsync(
            session,
            parsed,
            options =>
            {
                foreach (var key in keys)
                {
                    options.SecretKeys.Add(key);
                }
            },
            cancellationToken);
}
