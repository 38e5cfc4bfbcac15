using AutoStack.Data.Accounts;
using AutoStack.Data.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace AutoStack.Data.Tests.LostAnswers;

/// <summary>
/// Every writing method takes effect once and tells so, whichever of its answers is lost, and whoever repeats the call: the library, or its
/// caller when the server stays away. The other files of this class have the methods by subject.
/// </summary>
public sealed partial class LostAnswerTests : DatabaseTests
{
    private static readonly Dictionary<string, Func<LostAnswerTests, Task<Write>>> Writes =
        new IEnumerable<KeyValuePair<string, Func<LostAnswerTests, Task<Write>>>>[]
            {
                OfUsers, OfIdentities, OfGitHubConnections, OfSessions, OfResetTokens, OfEmailTokens, OfSignIns, OfAccountUpkeep,
                OfProjects, OfWebhooks, OfHealthChecks, OfLogs, OfDeployments, OfContainers, OfStages,
            }
            .SelectMany(writes => writes)
            .ToDictionary();

    private readonly SecretKey key = NewKey("k1");

    [TestCaseSource(nameof(Methods))]
    public async Task The_library_repeats_a_write_with_a_lost_answer(string method)
    {
        await using var proxy = new CuttingProxy(Database.ConnectionString);
        await using var host = await HostAsync(proxy, timeout: null);
        for (var answer = 1; ; answer++)
        {
            var write = await Writes[method](this);
            var cuts = proxy.Cuts;
            proxy.CutAnswer(answer);

            var result = await write.Call(host);

            proxy.CutAnswer(0);
            if (proxy.Cuts == cuts)
            {
                await write.Check(result, Told.Once);
                Assert.That(answer, Is.GreaterThan(1), "An answer was cut.");
                return;
            }

            await write.Check(result, Told.AgainByTheLibrary);
        }
    }

    [TestCaseSource(nameof(Methods))]
    public async Task A_caller_repeats_a_write_after_the_server_was_away(string method)
    {
        await using var proxy = new CuttingProxy(Database.ConnectionString) { RefuseAfterCut = true };
        await using var direct = await HostAsync(proxy: null, timeout: null);
        var unknown = 0;
        for (var answer = 1; ; answer++)
        {
            var write = await Writes[method](this);

            // A call that took too long before its answer was cut leaves the cut to the next connection, which then finds no server.
            proxy.CutAnswer(0);
            proxy.Refuse = false;

            // Long enough for the change itself, whose answer is cut: thousands of lines take a while on a loaded machine.
            await using var host = await HostAsync(
                proxy, TimeSpan.FromMilliseconds(method.EndsWith("by COPY", StringComparison.Ordinal) ? 2_000 : 300));
            proxy.CutAnswer(answer);
            DatabaseUnavailableException failure;
            try
            {
                await write.Call(host);
                break;
            }
            catch (DatabaseUnavailableException exception)
            {
                failure = exception;
            }

            Assert.That(failure.IsTransient, Is.True);
            unknown += failure.OutcomeUnknown ? 1 : 0;
            var result = await write.Call(direct);
            await write.Check(result, failure.OutcomeUnknown ? Told.AgainByTheCaller : Told.Once);
        }

        Assert.That(unknown, Is.GreaterThan(0), "The answer to the change was cut.");
    }

    internal static IEnumerable<string> Methods() => Writes.Keys;

    private async Task<ServiceProvider> HostAsync(CuttingProxy? proxy, TimeSpan? timeout)
    {
        var host = new ServiceCollection()
            .AddSingleton<TimeProvider>(Clock)
            .AddAutoStackData(options =>
            {
                options.ConnectionString = proxy?.ConnectionString ?? Database.ConnectionString;
                (options.MinPoolSize, options.OperationTimeout) = (0, timeout);
                options.SecretKeys.Add(key);
            })
            .AddAutoStackDataWorkers()
            .BuildServiceProvider();

        // The answers to notifications of the queue are not the method's.
        host.GetRequiredKeyedService<Data.Database>(AutoStackDataServiceCollectionExtensions.DefaultKey).QueueNotifier.Dispose();

        // The first connection is checked; those answers are not the method's.
        while (true)
        {
            try
            {
                await host.GetRequiredService<IUserRepository>().FindAsync(Guid.NewGuid(), Token);
                return host;
            }
            catch (DatabaseUnavailableException)
            {
                // A busy machine took longer than the timeout.
            }
        }
    }
}
