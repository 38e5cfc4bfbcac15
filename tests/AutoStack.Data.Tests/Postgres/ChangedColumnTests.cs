using AutoStack.Data.Accounts;
using AutoStack.Data.Logs;
using AutoStack.Data.Projects;
using AutoStack.Data.Tests.Support;
using Microsoft.Extensions.DependencyInjection;


namespace AutoStack.Data.Tests.Postgres;

/// <summary>
/// Sessions have prepared statements whose result changes with the type of a column: "cached plan must not change result type".
/// </summary>
[CancelAfter(120_000)]
public sealed class ChangedColumnTests : DatabaseTests
{
    private const int AtOnce = 3;

    [Test]
    public async Task Reads_writes_and_units_of_work_go_on_after_the_type_of_a_column_changed()
    {
        await using var host = NewHost();
        var users = host.GetRequiredService<IUserRepository>();
        var unit = host.GetRequiredService<IUnitOfWork>();
        var user = await AddUserAsync();
        foreach (var (type, call) in new (string Type, Func<string, Task> Call)[]
        {
            ("varchar(250)", async _ => Assert.That(await users.FindAsync(user.Id, Token), Is.Not.Null)),
            ("varchar(251)", async name => Assert.That(
                (await users.UpdateAsync(user.Id, new UserPatch { Name = name }, null, Token)).User!.Name, Is.EqualTo(name))),
            ("varchar(252)", name => unit.RunAsync(
                async (tx, ct) =>
                {
                    await tx.Get<IProjectRepository>().FindAsync(Guid.NewGuid(), user.Id, ct);
                    var updated = await tx.Get<IUserRepository>().UpdateAsync(user.Id, new UserPatch { Name = name }, null, ct);
                    Assert.That(updated.User!.Name, Is.EqualTo(name));
                },
                Token)),
        })
        {
            await PrepareAsync(() => call("before"));
            await ExecuteAsync($"ALTER TABLE users ALTER COLUMN name TYPE {type}");
            await Task.WhenAll(Enumerable.Range(0, AtOnce).Select(_ => call("after")));
        }
    }

    [Test]
    public async Task Logs_are_written_and_followed_after_the_type_of_a_column_changed()
    {
        await using var host = NewHost();
        var writer = host.GetRequiredService<IDeploymentLogWriter>();
        var deployment = await EnqueueAsync();
        await using var lines = host.GetRequiredService<IDeploymentLogFollower>()
            .FollowAsync(deployment.Id, deployment.UserId, Cursor.Start, Token).GetAsyncEnumerator(Token);
        for (var i = 0; i < 20; i++)
        {
            if (i == 10)
            {
                await ExecuteAsync("ALTER TABLE deployment_logs ALTER COLUMN log_level TYPE varchar(19)");
            }

            await writer.WriteAsync(deployment.Id, new NewDeploymentLog { Message = $"{i}" }, Token);
            await writer.FlushAsync(Token);
            Assert.That(await lines.MoveNextAsync(), Is.True);
            Assert.That(lines.Current.Message, Is.EqualTo($"{i}"));
        }
    }

    // Each session has its own prepared statements.
    private static async Task PrepareAsync(Func<Task> call)
    {
        for (var i = 0; i < 5; i++)
        {
            await Task.WhenAll(Enumerable.Range(0, AtOnce).Select(_ => call()));
        }
    }

    private ServiceProvider NewHost() => new ServiceCollection()
        .AddAutoStackData(options =>
        {
            LibraryConnection.Set(options, Database.ConnectionString);
            options.LogWriter.FlushInterval = TimeSpan.FromHours(1);
        })
        .AddAutoStackDataWorkers()
        .BuildServiceProvider();
}
