using AutoStack.Data.Postgres;
using AutoStack.Data.Secrets;
using AutoStack.Data.Values;
using Npgsql;

namespace AutoStack.Data.Integrity;

internal sealed class DatabaseVerifier(Db db, SecretProtector secrets, TimeProvider clock) : IDatabaseVerifier
{
    // A table with this number of unreadable pages is not read any further.
    private const int MaxDamagedPages = 100;

    private const int MaxExamples = 100;

    public async Task<VerificationResult> VerifyAsync(
        VerificationOptions? options, IProgress<VerificationProgress>? progress, CancellationToken cancellationToken)
    {
        options ??= new VerificationOptions();
        var rules = Chosen(options);
        var run = new Verification(db, secrets, clock, options);
        var results = new List<CheckResult>();
        foreach (var rule in rules)
        {
            results.Add(await CheckAsync(run, rule, progress, cancellationToken).ConfigureAwait(false));
        }

        return new VerificationResult(results);
    }

    private static List<IntegrityRule> Chosen(VerificationOptions options)
    {
        ArgumentNullException.ThrowIfNull(options.Checks, "options.Checks");
        if (options.Checks.Except(VerificationOptions.CheckNames).Any())
        {
            throw InvalidArgument.Of(
                "options.Checks", $"has an unknown check; the checks are {string.Join(", ", VerificationOptions.CheckNames)}");
        }

        if (!(options.Sample > 0 && options.Sample <= 1))
        {
            throw InvalidArgument.Of("options.Sample", options.Sample, "is above 0 and at most 1");
        }

        if (options.StatementTimeout < TimeSpan.FromMilliseconds(1) || options.StatementTimeout > VerificationOptions.MaxStatementTimeout)
        {
            throw InvalidArgument.Of("options.StatementTimeout", options.StatementTimeout, "is one millisecond to 24 hours");
        }

        if (options.Examples is < 1 or > MaxExamples)
        {
            throw InvalidArgument.Of("options.Examples", options.Examples, $"is 1 to {MaxExamples}");
        }

        return [.. IntegrityRules.All.Where(rule => options.Checks.Count == 0 || options.Checks.Contains(rule.Name))];
    }

    private static async Task<CheckResult> CheckAsync(
        Verification run, IntegrityRule rule, IProgress<VerificationProgress>? progress, CancellationToken cancellationToken)
    {
        var (started, tally) = (run.Clock.GetTimestamp(), new Tally(rule.Name, run.Options.Examples));
        var work = new List<(IntegrityPart Part, Target Target)>();
        foreach (var part in rule.Parts)
        {
            try
            {
                var targets = await part.TargetsAsync(run, cancellationToken).ConfigureAwait(false);
                work.AddRange(targets.Select(target => (part, target)));
            }
            catch (Exception exception) when (Obstacle.Of(exception) is { } obstacle)
            {
                tally.NotChecked(part.Subject ?? rule.Name, obstacle);
            }
        }

        var (all, done) = (work.Sum(item => Weight(item.Target)), 0.0);
        foreach (var (part, target) in work)
        {
            var ranges = new PageRanges(target.Pages, run.Options.Sample, Random.Shared.NextDouble);
            await ScanAsync(run, part, target, ranges, tally, Report, cancellationToken).ConfigureAwait(false);
            done += Weight(target);

            void Report() => progress?.Report(new VerificationProgress(
                rule.Name, target.Subject, tally.Rows, (done + (ranges.Share * Weight(target))) / all, tally.Wrong));
        }

        return new CheckResult(rule.Name, tally.Rows, run.Clock.GetElapsedTime(started), tally.Findings());
    }

    private static double Weight(Target target) => Math.Max(1, target.Pages);

    private static async Task ScanAsync(
        Verification run, IntegrityPart part, Target target, PageRanges ranges, Tally tally, Action report,
        CancellationToken cancellationToken)
    {
        if (target.Missing is { } missing)
        {
            tally.NotChecked(target.Subject, missing);
            return;
        }

        var damaged = 0;
        while (damaged < MaxDamagedPages && ranges.Next() is { } range)
        {
            var started = run.Clock.GetTimestamp();
            try
            {
                var result = await part.ReadAsync(run, target, range, cancellationToken).ConfigureAwait(false);
                ranges.Took(run.Clock.GetElapsedTime(started));
                tally.Add(part, target, result);
            }
            catch (PostgresException exception) when (part.ProblemOf(exception) is { } problem)
            {
                if (range.Count > 1)
                {
                    ranges.Halve(range);
                    continue;
                }

                damaged++;
                tally.AddDamage(part, target, range, problem);
            }
            catch (StatementTimeoutException exception) when (range.Count > 1 && !Obstacle.IsLock(exception))
            {
                ranges.Halve(range);
                continue;
            }
            catch (Exception exception) when (Obstacle.Of(exception) is { } obstacle)
            {
                tally.NotChecked(target.Subject, obstacle);
                return;
            }

            report();
        }
    }
}
