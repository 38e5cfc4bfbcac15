using AutoStack.Data.Benchmarks;
using AutoStack.Data.Benchmarks.Data;
using AutoStack.Data.Benchmarks.Questions;
using AutoStack.Data.Benchmarks.Reporting;
using AutoStack.Data.Benchmarks.Running;
using AutoStack.Data.Cli;
using AutoStack.Data.Testing;

if (args is ["pool", .. var poolArguments])
{
    return await CliProcess.RunAsync(["bench", "pool", .. poolArguments]);
}

if (args is ["plots", var results])
{
    await Plots.WriteAsync(results, Plots.Read(Path.Combine(results, "results.csv")));
    return 0;
}

try
{
    var arguments = Arguments.Parse(args);
    if (arguments.Help)
    {
        Console.WriteLine(Arguments.HelpText);
        return 0;
    }

    if (arguments.IsHuge)
    {
        await using var server = await BenchmarkDatabase.StartServerAsync();
        await ReportAsync(new Report(
            Conditions.Of(server.ServerVersion.ToString(), LogVolumePlan.Huge),
            await LogVolume.MeasureAsync(server, LogVolumePlan.Huge, Pace.Quick, Console.WriteLine), [], []));
        return 0;
    }

    var questions = AllQuestions.Matching(arguments.Filters);
    await using var database = await BenchmarkDatabase.StartAsync(arguments.Scale, Console.WriteLine);
    var conditions = Conditions.Of(database, arguments);
    var measurements = arguments.Quick
        ? await new InterleavedRunner(Pace.Quick, Console.WriteLine).RunAsync(questions)
        : DotNetRunner.Run(questions, arguments.Output);
    var remarks = new List<string>();
    if (AllQuestions.IsAsked(nameof(LiveFollow), arguments.Filters))
    {
        remarks.Add(await LiveFollow.MeasureAsync());
    }

    if (AllQuestions.IsAsked(nameof(LogIngestion), arguments.Filters))
    {
        remarks.Add(
            await LogIngestion.MeasureAsync(arguments.Quick ? TimeSpan.FromSeconds(10) : TimeSpan.FromMinutes(10), Console.WriteLine));
    }

    var tables = new List<string>();
    if (AllQuestions.IsAsked(nameof(Queue), arguments.Filters))
    {
        tables.Add(QueueResult.Table(await Queue.MeasureAsync(QueuePlan.Default, Console.WriteLine)));
    }

    if (AllQuestions.IsAsked(nameof(ClaimFlat), arguments.Filters))
    {
        tables.Add(ClaimTime.Table(await ClaimFlat.MeasureAsync(ClaimPlan.Default, Console.WriteLine)));
    }

    await ReportAsync(new Report(conditions, measurements, remarks, tables));
    return 0;

    async Task ReportAsync(Report report)
    {
        Console.WriteLine();
        Console.WriteLine(report.ToMarkdown());
        if (arguments.Output is { } folder)
        {
            await report.WriteAsync(folder);
        }
    }
}
catch (UsageException exception)
{
    await Console.Error.WriteLineAsync(exception.Message);
    return 2;
}
catch (Exception exception) when (exception is PostgresUnavailableException or NotComparableException)
{
    await Console.Error.WriteLineAsync(exception.Message);
    return 1;
}
