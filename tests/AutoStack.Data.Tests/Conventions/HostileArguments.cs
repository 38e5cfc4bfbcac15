using System.Reflection;
using System.Security.Cryptography;
using System.Text.Json;
using AutoStack.Data.Accounts;
using AutoStack.Data.Archives;
using AutoStack.Data.Containers;
using AutoStack.Data.Logs;
using AutoStack.Data.Migrations;
using AutoStack.Data.Projects;
using AutoStack.Data.Tests.Support;
using AutoStack.Data.Webhooks;
using Microsoft.Extensions.DependencyInjection;

namespace AutoStack.Data.Tests.Conventions;

/// <summary>
/// Calls every method of every interface with every hostile value of each argument, one argument at a time. A method answers, or it throws
/// an exception that is meant for callers. An <see cref="ArgumentException"/> names a parameter of the method, or the path of a member from
/// it on, since web services return the name to their clients.
/// </summary>
public sealed partial class HostileArguments : DatabaseTests
{
    /// <summary>Calls that may throw another exception, with the reason. An entry that is no longer needed fails the test.</summary>
    private static readonly Dictionary<string, string> Exceptions = new()
    {
    };

    private static readonly string[] Settings = [.. typeof(AutoStackDataOptions).GetProperties().Select(p => p.Name)];

    private static readonly string Archives = Path.Combine(Path.GetTempPath(), $"hostile-{Guid.NewGuid():N}");

    internal readonly Dictionary<string, object> known = new(StringComparer.OrdinalIgnoreCase);
    private ServiceProvider host = null!;

    private static IEnumerable<TestCaseData> Methods =>
        from type in typeof(IUnitOfWork).Assembly.GetExportedTypes()
        where type is { IsInterface: true, IsGenericType: false } && !typeof(IRepositories).IsAssignableFrom(type)
            && type != typeof(IOwnStatements)
        from method in type.GetMethods()
        let arguments = method.GetParameters().Where(p => p.ParameterType != typeof(CancellationToken)).Select(p => p.Name)
        let name = $"{type.Name}.{method.Name}({string.Join(", ", arguments)})"
        let closed = method.IsGenericMethodDefinition ? method.MakeGenericMethod(typeof(int)) : method
        select new TestCaseData(closed, name).SetArgDisplayNames(name);

    [OneTimeSetUp]
    public async Task EnableAuditAsync() => await new SchemaMigrator(Database.ConnectionString).UpgradeAsync(
        MigrationTarget.Head.In("audit"), cancellationToken: Token);

    [OneTimeSetUp]
    public void ConfigureKey() => host = new ServiceCollection()
        .AddSingleton<TimeProvider>(Clock)
        .AddAutoStackData(options =>
        {
            options.ConnectionString = Database.ConnectionString;
            options.MinPoolSize = 1;
            options.SecretKeys.Add(new SecretKey { Id = "k1", Secret = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)) });
        })
        .AddAutoStackDataWorkers()
        .AddSingleton<IArchiveStore>(new FolderArchiveStore(Archives))
        .Configure<PasswordHasherOptions>(options => options.TestWorkFactor = 4)
        .BuildServiceProvider();

    [OneTimeTearDown]
    public void Dispose()
    {
        host.Dispose();
        if (Directory.Exists(Archives))
        {
            Directory.Delete(Archives, recursive: true);
        }
    }

    [TestCaseSource(nameof(Methods))]
    public async Task A_method_answers_or_throws_an_exception_for_callers(MethodInfo method, string name)
    {
        var type = method.DeclaringType!;
        var target = host.GetRequiredService(type);
        var parameters = method.GetParameters();
        var (calls, wrong) = (0, new List<string>());

        await MakeRowsAsync(type);
        await CallAsync("as it is meant", index: -1, () => null);
        foreach (var parameter in parameters.Where(p => p.ParameterType != typeof(CancellationToken)))
        {
            foreach (var (what, make) in Hostile(parameter.ParameterType, parameter.Name!, depth: 0))
            {
                await CallAsync($"{parameter.Name}{what}", parameter.Position, make);
            }
        }

        // All arguments at once, in changing combinations: a range from the end of time to its beginning takes two of them.
        var all = parameters.Select(p =>
            p.ParameterType == typeof(CancellationToken) ? [] : Hostile(p.ParameterType, p.Name!, depth: 0).ToList()).ToList();
        // Hashing a password is slow by design, and its arguments do not depend on each other.
        for (var round = 0; type != typeof(IPasswordHasher) && round < all.Max(h => h.Count); round++)
        {
            var chosen = all.Select((h, at) => h.Count == 0 ? default : h[round * (at + 1) % h.Count]).ToList();
            await RunAsync(
                $"all{string.Concat(chosen.Select(c => c.What))}",
                meant: false,
                p => chosen[p.Position].Make is { } make ? make() : Meant(p));
        }

        // The library still works after the hostile calls.
        await MakeRowsAsync(type);
        Assert.That(wrong, Is.Empty, $"{calls} calls");
        Assert.That(calls, Is.GreaterThanOrEqualTo(parameters.Length));
        TestContext.Out.WriteLine($"{calls} calls");

        Task CallAsync(string what, int index, Func<object?> make) =>
            RunAsync(what, meant: index < 0, p => p.Position == index ? make() : Meant(p));

        object? Meant(ParameterInfo parameter) =>
            parameter.ParameterType == typeof(CancellationToken) ? Token : Valid(parameter.ParameterType, parameter.Name!);

        async Task RunAsync(string what, bool meant, Func<ParameterInfo, object?> argument)
        {
            calls++;
            object?[]? arguments = null;
            var outcome = await OutcomeAsync(() =>
            {
                arguments = [.. parameters.Select(argument)];
                return Begun(method.Invoke(target, BindingFlags.DoNotWrapExceptions, null, arguments, null)!);
            });
            var refused = meant && outcome is not null;
            var call = $"{name}: {what}";
            if (arguments is not null && outcome is ArgumentException refusal && !IsNameIn(method, refusal.ParamName))
            {
                wrong.Add($"{what} -> {outcome.GetType().Name} names '{refusal.ParamName}': {outcome.Message.Split('\n')[0]}");
            }

            if (refused || !IsForCallers(outcome))
            {
                if (!Exceptions.ContainsKey(call))
                {
                    var place = outcome!.StackTrace?.Split('\n')
                        .FirstOrDefault(line => line.Contains("AutoStack.Data.", StringComparison.Ordinal))?.Trim();
                    wrong.Add($"{what} -> {outcome.GetType().Name}: {outcome.Message.Split('\n')[0]} {place}");
                }
            }
            else if (Exceptions.TryGetValue(call, out var reason))
            {
                wrong.Add($"{what}: remove this entry from Exceptions; the call ends as it should ({reason})");
            }
        }
    }

    [Test]
    public void Every_exception_names_an_existing_method() =>
        Assert.That(Exceptions.Keys.Select(k => k.Split(": ")[0]), Is.SubsetOf(Methods.Select(m => (string)m.Arguments[1]!)));

    [Test]
    public void A_factory_returns_a_value_or_refuses_the_text([ValueSource(nameof(Factories))] MethodInfo factory)
    {
        foreach (var text in Texts.Append(null))
        {
            try
            {
                var arguments = factory.GetParameters().Select(p => p.IsOut || p.ParameterType != typeof(string) ? null : text);
                factory.Invoke(null, BindingFlags.DoNotWrapExceptions, null, [.. arguments], null);
            }
            catch (Exception exception) when (exception is ArgumentException || (factory.Name == "Parse" && exception is FormatException))
            {
                // Refused.
            }
        }
    }

    private static IEnumerable<MethodInfo> Factories =>
        typeof(IUnitOfWork).Assembly.GetExportedTypes()
            .Where(t => !t.IsInterface)
            .SelectMany(t => t.GetMethods(BindingFlags.Static | BindingFlags.Public))
            .Where(m => m.Name is "From" or "TryParse" or "Parse" && m.GetParameters()[0].ParameterType == typeof(string));

    private static async Task<Exception?> OutcomeAsync(Func<Task> call)
    {
        try
        {
            await call();
            return null;
        }
        catch (Exception exception)
        {
            return exception;
        }
    }

    // Starts a stream and stops after its first element, or cancels the wait for the first element.
    private static Task Begun(object result)
    {
        if (result.GetType().GetInterfaces().FirstOrDefault(i => IsOf(i, typeof(IAsyncEnumerable<>))) is { } stream)
        {
            return (Task)typeof(HostileArguments).GetMethod(nameof(BeginAsync), BindingFlags.Static | BindingFlags.NonPublic)!
                .MakeGenericMethod(stream.GenericTypeArguments)
                .Invoke(null, BindingFlags.DoNotWrapExceptions, null, [result], null)!;
        }

        if (result is Task task)
        {
            return task;
        }

        // The registration of ILogSecrets ends when it is disposed.
        ((IDisposable)result).Dispose();
        return Task.CompletedTask;
    }

    private static async Task BeginAsync<T>(IAsyncEnumerable<T> stream)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        stop.CancelAfter(TimeSpan.FromMilliseconds(200));
        try
        {
            await using var elements = stream.GetAsyncEnumerator(stop.Token);
            await elements.MoveNextAsync();
        }
        catch (OperationCanceledException) when (!Token.IsCancellationRequested)
        {
            // The stream has no element.
        }
    }

    // For example limit, deployment.Commit.Hash and checks[0].Url.
    private static bool IsNameIn(MethodInfo method, string? name)
    {
        var path = name?.Split('.') ?? [];
        var type = path.Length == 0 ? null
            : method.GetParameters().FirstOrDefault(parameter => parameter.Name == path[0].Split('[')[0])?.ParameterType;
        for (var i = 1; i < path.Length && type is not null; i++)
        {
            type = path[i - 1].EndsWith(']') || IsOf(type, typeof(Nullable<>)) || IsOf(type, typeof(Optional<>))
                ? type.GenericTypeArguments[0]
                : type;
            type = type.GetProperty(path[i])?.PropertyType;
        }

        return type is not null;
    }

    private static bool IsForCallers(Exception? exception) => exception switch
    {
        null or ArgumentException or AutoStackDataException => true,
        InvalidOperationException => Settings.Any(s => exception.Message.Contains(s, StringComparison.Ordinal)),
        _ => false,
    };

    /// <summary>Adds the rows that valid arguments refer to, again for each method, because a method may remove them.</summary>
    private async Task MakeRowsAsync(Type type)
    {
        if (type == typeof(IDeploymentLogWriter))
        {
            // Reports the lines refused in earlier calls, so that this call does not.
            await OutcomeAsync(() => host.GetRequiredService<IDeploymentLogWriter>().FlushAsync(Token));
        }

        var deployment = await EnqueueAsync();
        var container = (await PlatformContainers.ReserveAsync(
            new NewDeploymentContainer { DeploymentId = deployment.Id, Image = "i", Host = Unique("host") }, Token)).Container!;
        var session = (await Sessions.AddAsync(new NewSession { UserId = deployment.UserId }, Token)).Session;
        var body = JsonDocument.Parse("{}").RootElement;
        var payload = await Webhooks.StoreAsync(
            new NewWebhookPayload { Provider = WebhookProvider.GitHub, Headers = body, PayloadJson = body }, Token);
        (known["userId"], known["ownerId"]) = (deployment.UserId, deployment.UserId);
        (known["projectId"], known["deploymentId"]) = (deployment.ProjectId, deployment.Id);
        known["exceptSessionId"] = session.Id;
        known["id"] = type == typeof(IProjectRepository) || type == typeof(IPlatformProjectRepository) ? deployment.ProjectId
            : type == typeof(IDeploymentContainerRepository) ? container.Id
            : type == typeof(IWebhookPayloadRepository) ? payload.PayloadId
            : deployment.Id;
    }
}
