using AutoStack.Data.Logs;
using Microsoft.Extensions.DependencyInjection;

namespace AutoStack.Data.Tests.LostAnswers;

public sealed partial class LostAnswerTests
{
    private static Dictionary<string, Func<LostAnswerTests, Task<Write>>> OfLogs => new()
    {
        ["IPlatformDeploymentLogRepository.AppendAsync"] = tests => tests.AppendAsync(NewLines(3, withIds: true), toldByCaller: 3),
        ["IPlatformDeploymentLogRepository.AppendAsync, without ids"] = tests =>
            tests.AppendAsync(NewLines(3, withIds: false), toldByCaller: 6),
        ["IPlatformDeploymentLogRepository.AppendAsync, by COPY"] = tests =>
            tests.AppendAsync(NewLines(DeploymentLogAppends.CopyFrom, withIds: false), toldByCaller: 2 * DeploymentLogAppends.CopyFrom),
        ["IPlatformDeploymentLogRepository.PurgeAsync"] = async tests =>
        {
            var deployment = await tests.EnqueueAsync();
            await tests.PlatformLogs.AppendAsync(
                deployment.Id, [.. NewLines(3, withIds: true).Select(line => line with { Timestamp = Day(1) })], Token);
            return new Write(
                async host => await host.GetRequiredService<IPlatformDeploymentLogRepository>().PurgeAsync(Day(2), 10, Token),
                async (result, told) =>
                {
                    // Nothing, when the lost answer was that of the removal.
                    Assert.That(result, Is.EqualTo(2).Or.EqualTo(told == Told.Once ? 2 : 0));
                    Assert.That(await tests.CountAsync("deployment_logs WHERE deployment_id = $1", deployment.Id), Is.EqualTo(1));
                });
        },
        ["IPlatformDeploymentRuntimeLogRepository.AppendAsync"] = async tests =>
        {
            var deployment = await tests.EnqueueAsync();
            NewDeploymentRuntimeLog[] lines = [new(Day(1), "one"), new(Day(1), "one"), new(Day(2), "two")];
            await tests.PlatformRuntimeLogs.AppendAsync(deployment.Id, RuntimeLogSource.Docker, [lines[2]], Token);
            return new Write(
                async host => await host.GetRequiredService<IPlatformDeploymentRuntimeLogRepository>().AppendAsync(
                    deployment.Id, RuntimeLogSource.Docker, lines, Token),
                async (result, told) =>
                {
                    Assert.That(result, Is.EqualTo(told == Told.AgainByTheCaller ? 0 : 2));
                    Assert.That(await tests.CountAsync("deployment_runtime_logs WHERE deployment_id = $1", deployment.Id), Is.EqualTo(3));
                });
        },
        ["IPlatformDeploymentRuntimeLogRepository.PurgeAsync"] = async tests =>
        {
            var deployment = await tests.EnqueueAsync();
            await tests.PlatformRuntimeLogs.AppendAsync(
                deployment.Id, RuntimeLogSource.Docker, [new(Day(1), "one"), new(Day(1), "two"), new(Day(1), "three")], Token);
            return new Write(
                async host => await host.GetRequiredService<IPlatformDeploymentRuntimeLogRepository>().PurgeAsync(Day(2), 10, Token),
                async (result, told) =>
                {
                    // Nothing, when the lost answer was that of the removal.
                    Assert.That(result, Is.EqualTo(2).Or.EqualTo(told == Told.Once ? 2 : 0));
                    Assert.That(await tests.CountAsync("deployment_runtime_logs WHERE deployment_id = $1", deployment.Id), Is.EqualTo(1));
                });
        },
    };

    private static NewDeploymentLog[] NewLines(int count, bool withIds) =>
    [
        .. Enumerable.Range(1, count).Select(
            number => new NewDeploymentLog { Id = withIds ? Guid.NewGuid() : null, Message = $"line {number}" }),
    ];

    private async Task<Write> AppendAsync(NewDeploymentLog[] lines, int toldByCaller)
    {
        var deployment = await EnqueueAsync();
        return new Write(
            async host =>
            {
                await host.GetRequiredService<IPlatformDeploymentLogRepository>().AppendAsync(deployment.Id, lines, Token);
                return null;
            },
            async (_, told) =>
            {
                var expected = told == Told.AgainByTheCaller ? toldByCaller : lines.Length;
                Assert.That(await CountAsync("deployment_logs WHERE deployment_id = $1", deployment.Id), Is.EqualTo(expected));
                Assert.That(
                    await ScalarAsync("SELECT max(seq) FROM deployment_logs WHERE deployment_id = $1", deployment.Id),
                    Is.EqualTo((long)expected));
            });
    }
}
