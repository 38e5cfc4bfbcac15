using System.Text;
using AutoStack.Data.Accounts;
using AutoStack.Data.Logs;
using AutoStack.Data.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace AutoStack.Data.Tests.Hosts;

/// <summary>
/// The primary hangs in the middle of the rows of a search, and the standby, which never got the last of them, is promoted. The former
/// primary continues when the search has ended.
/// </summary>
public sealed class HungPrimarySearchTests : ReplicationTests
{
    [Test]
    [CancelAfter(120_000)]
    public async Task A_search_has_the_lines_of_the_promoted_standby_only_and_the_former_primary_adds_none()
    {
        await using var servers = await StartAsync();
        var (deployment, owner) = await FillAsync(servers);
        await using var proxy = new HoldingProxy(servers.Primary, "needle, old 9");
        await using var host = HostOf(servers, options =>
        {
            options.ConnectionString = new NpgsqlConnectionStringBuilder(proxy.ConnectionString)
            {
                Host = $"127.0.0.1:{proxy.Port},127.0.0.1:{new NpgsqlConnectionStringBuilder(servers.Standby).Port}",
            }.ConnectionString;
            options.CommandTimeout = TimeSpan.Zero;
            options.MaxPoolSize = 1;
        });
        await host.GetRequiredService<IUserRepository>().FindAsync(owner, Token);

        var search = host.GetRequiredService<IDeploymentLogRepository>().SearchAsync(
            deployment, owner, "needle", Cursor.Start, 100, CancellationToken.None);
        await proxy.Holds.WaitAsync(Token);
        await servers.PromoteAsync(Token);
        var result = await search.WaitAsync(Token);
        proxy.Continue();
        await proxy.Ends.WaitAsync(Token);

        Assert.That(
            result.Items.Select(line => line.Message.TrimEnd()),
            Is.EqualTo(Enumerable.Range(1, 10).Select(n => n <= 5 ? $"needle, both {n}" : $"needle, new {n}")));
        Assert.That(result.LinesSearched, Is.EqualTo(10));
    }

    // The lines from 6 on differ: the standby does not get the change.
    private static async Task<(Guid Deployment, Guid Owner)> FillAsync(ReplicatedServers servers)
    {
        var ids = (Deployment: Guid.CreateVersion7(), Owner: Guid.CreateVersion7());
        await OnPrimaryAsync(servers, $"""
            INSERT INTO users (id, name, email) VALUES ('{ids.Owner}', 'Ada', 'ada@example.com');
            INSERT INTO projects (id, user_id, name, repository) VALUES ('{ids.Owner}', '{ids.Owner}', 'site', 'ada/site');
            INSERT INTO deployments (id, project_id, user_id, status) VALUES ('{ids.Deployment}', '{ids.Owner}', '{ids.Owner}', 'success');
            INSERT INTO deployment_logs (deployment_id, message, seq)
            SELECT '{ids.Deployment}', rpad('needle, ' || CASE WHEN n <= 5 THEN 'both ' ELSE 'new ' END || n, 1000), n
            FROM generate_series(1, 10) n
            """);
        await servers.UntilAppliedAsync(Token);
        await servers.CutOffStandbyAsync(Token);
        await OnPrimaryAsync(servers, "UPDATE deployment_logs SET message = replace(message, 'new', 'old')");
        return ids;
    }

    // Holds everything back from a text on, new connections included.
    private sealed class HoldingProxy(string connectionString, string text) : ServerProxy(connectionString)
    {
        private readonly byte[] text = Encoding.UTF8.GetBytes(text);
        private readonly TaskCompletionSource holds = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource ends = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource released = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private ProxyLink? held;

        /// <summary>Ends when a text has come.</summary>
        public Task Holds => holds.Task;

        /// <summary>Ends when the connection of the text is closed.</summary>
        public Task Ends => ends.Task;

        public void Continue() => released.SetResult();

        protected override async ValueTask<bool> PassDownAsync(ProxyLink link, ReadOnlyMemory<byte> packet)
        {
            if (!holds.Task.IsCompleted && packet.Span.IndexOf(text) is >= 0 and var at)
            {
                await base.PassDownAsync(link, packet[..at]);
                (packet, held) = (packet[at..], link);
                holds.SetResult();
            }

            if (holds.Task.IsCompleted)
            {
                await released.Task.WaitAsync(Stopping);
            }

            return await base.PassDownAsync(link, packet);
        }

        protected override void Ended(ProxyLink link)
        {
            if (link == held)
            {
                ends.SetResult();
            }
        }
    }
}
