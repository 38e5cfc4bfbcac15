using System.Reflection;
using System.Text.Json;
using AutoStack.Data.Accounts;
using AutoStack.Data.Analytics;
using AutoStack.Data.Containers;
using AutoStack.Data.Deployments;
using AutoStack.Data.Logs;
using AutoStack.Data.Migrations;
using AutoStack.Data.Projects;
using AutoStack.Data.Tests.Conventions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace AutoStack.Data.Tests.Hosts;

/// <summary>Calls every method of every repository through <see cref="IStandbyReads"/>, on a real hot standby.</summary>
public sealed class EveryMethodTests : ReplicationTests
{
    // By their names, and not by what the library does with them.
    private static readonly string[] ReadVerbs = ["Find", "List", "Count", "Search", "Summarize", "Get"];

    private static readonly string[] OtherReads = [nameof(IMetricsQueries.MeasureAsync)];

    private static readonly HostileArguments Arguments = new();

    private static IEnumerable<MethodInfo> Methods =>
        Repositories.RequestInterfaces.Concat(Repositories.WorkerInterfaces).SelectMany(type => type.GetMethods());

    [Test]
    public async Task Every_read_runs_on_a_standby_and_every_write_throws()
    {
        await using var servers = await StartAsync();
        await new SchemaMigrator(servers.ConnectionString).UpgradeAsync(MigrationTarget.Head.In("audit"), cancellationToken: Token);

        // Far from the machine's clock, and so in place of the database's: a duration until now is the same on both servers.
        var clock = new FakeTimeProvider(DateTimeOffset.UtcNow.AddMinutes(10));
        await using var host = new ServiceCollection()
            .AddSingleton<TimeProvider>(clock)
            .AddAutoStackData(options =>
            {
                (options.ConnectionString, options.MinPoolSize) = (servers.ConnectionString, 0);
                options.SecretKeys.Add(new SecretKey { Id = "k1", Secret = Convert.ToBase64String(new byte[32]) });
            })
            .AddAutoStackDataWorkers()
            .BuildServiceProvider();
        await MakeRowsAsync(host);
        await servers.UntilAppliedAsync(Token);
        var standby = host.GetRequiredService<IStandbyReads>();
        var calls = Methods.Select(method => (Method: method, Values: ValuesOf(method))).ToList();

        var onPrimary = new Dictionary<MethodInfo, string>();
        foreach (var (method, values) in calls.Where(call => IsRead(call.Method)))
        {
            onPrimary[method] = await AnswerAsync(method, host.GetRequiredService(method.DeclaringType!), values);
        }

        // A read that cannot run on the standby has no primary to answer it.
        await servers.KillPrimaryAsync(Token);
        Assert.Multiple(async () =>
        {
            foreach (var (method, values) in calls)
            {
                var name = $"{method.DeclaringType!.Name}.{method.Name}";
                var answer = await AnswerAsync(method, Get(standby, method.DeclaringType!), values);
                Assert.That(answer, IsRead(method) ? Is.EqualTo(onPrimary[method]) : Does.StartWith($"refused: {name}"), name);
            }
        });
        TestContext.Out.WriteLine($"{onPrimary.Count} reads, {calls.Count - onPrimary.Count} writes");
    }

    private static bool IsRead(MethodInfo method) =>
        ReadVerbs.Any(verb => method.Name.StartsWith(verb, StringComparison.Ordinal)) || OtherReads.Contains(method.Name);

    private static object Get(IStandbyReads standby, Type type) =>
        typeof(IRepositories).GetMethod(nameof(IRepositories.Get))!.MakeGenericMethod(type).Invoke(standby, null)!;

    private static object?[] ValuesOf(MethodInfo method) =>
    [
        .. method.GetParameters().Select(parameter => parameter.ParameterType == typeof(CancellationToken)
            ? Token
            : Arguments.Valid(parameter.ParameterType, parameter.Name!)),
    ];

    private static async Task<string> AnswerAsync(MethodInfo method, object repository, object?[] values)
    {
        try
        {
            var work = (Task)method.Invoke(repository, BindingFlags.DoNotWrapExceptions, null, values, null)!;
            await work;
            return JsonSerializer.Serialize(work.GetType().GetProperty("Result")?.GetValue(work));
        }
        catch (InvalidOperationException exception) when (exception.Message.Contains("IStandbyReads", StringComparison.Ordinal))
        {
            return $"refused: {exception.Message}";
        }
        catch (Exception exception)
        {
            return $"{exception.GetType().Name}: {exception.Message}";
        }
    }

    // Rows for the reads to find, under the names of the arguments.
    private static async Task MakeRowsAsync(ServiceProvider host)
    {
        var user = await host.GetRequiredService<IUserRepository>().AddAsync(NewUser(), Token);
        var project = await host.GetRequiredService<IProjectRepository>().AddAsync(
            new NewProject { UserId = user.Id, Name = "site", Repository = "ada/site" }, Token);
        var deployment = (await host.GetRequiredService<IDeploymentRepository>().EnqueueAsync(
            new NewDeployment { ProjectId = project.Id, UserId = user.Id }, Token))!;
        await host.GetRequiredService<IProjectEnvironmentRepository>().ReplaceAsync(project.Id, user.Id, Secret.From("A=1"), Token);
        await host.GetRequiredService<IPlatformDeploymentLogRepository>().AppendAsync(
            deployment.Id, [new NewDeploymentLog { Message = "built" }], Token);
        await host.GetRequiredService<IPlatformDeploymentContainerRepository>().ReserveAsync(
            new NewDeploymentContainer { DeploymentId = deployment.Id, Image = "i", Host = "host" }, Token);
        await host.GetRequiredService<ISessionRepository>().AddAsync(new NewSession { UserId = user.Id }, Token);
        Arguments.known["userId"] = Arguments.known["ownerId"] = user.Id;
        Arguments.known["projectId"] = project.Id;
        Arguments.known["deploymentId"] = Arguments.known["id"] = deployment.Id;
    }
}
