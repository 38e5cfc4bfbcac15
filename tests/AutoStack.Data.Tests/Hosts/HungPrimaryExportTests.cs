using AutoStack.Data.Accounts;
using AutoStack.Data.Exports;
using AutoStack.Data.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace AutoStack.Data.Tests.Hosts;

/// <summary>The primary hangs during an export, and the standby is promoted. Statements have no time limit here.</summary>
public sealed class HungPrimaryExportTests : ReplicationTests
{
    private const int LogLines = 30_000;

    [Test]
    [CancelAfter(180_000)]
    public async Task An_export_whose_destination_is_slow_during_a_failover_ends_after_the_write_and_writes_nothing_twice()
    {
        await using var servers = await StartAsync(isSynchronous: true);
        await using var host = HostOf(servers);
        var users = host.GetRequiredService<IUserRepository>();
        var user = await FillAsync(servers, users);
        var released = new TaskCompletionSource();
        var destination = new Destination(async () =>
        {
            await servers.FreezePrimaryAsync(Token);
            await servers.PromoteAsync(Token);
            await released.Task;
        });

        var export = host.GetRequiredService<IAccountExport>().WriteAsync(user, destination, CancellationToken.None);
        await destination.Blocks.WaitAsync(Token);
        // With one connection in the pool, this call is answered only after the export was found to wait for the former primary.
        await users.FindAsync(user, CancellationToken.None);
        // In place of a fixed time: further calls, between which a second sending would get the connection.
        for (var i = 0; i < 20; i++)
        {
            await users.FindAsync(user, CancellationToken.None);
        }

        var endsBefore = export.IsCompleted;
        released.SetResult();

        Assert.That(
            () => export,
            Throws.TypeOf<DatabaseUnavailableException>().With.Property("OutcomeUnknown").False.And.Property("IsTransient").True);
        Assert.That(endsBefore, Is.False, "the write to the destination still ran");
        Assert.That(destination.Headers, Is.EqualTo(1));
        Assert.That(destination.Lines, Is.LessThan(LogLines));
        var written = destination.Lines;
        Assert.That(await host.GetRequiredService<IAccountExport>().WriteAsync(user, Stream.Null, Token), Is.GreaterThan(LogLines));
        Assert.That(destination.Lines, Is.EqualTo(written), "nothing is written after the end");
    }

    [Test]
    [CancelAfter(180_000)]
    public async Task An_export_that_reads_from_a_hung_primary_ends_with_a_lost_connection()
    {
        await using var servers = await StartAsync(isSynchronous: true);
        await using var host = HostOf(servers);
        var user = await FillAsync(servers, host.GetRequiredService<IUserRepository>());
        var destination = new Destination(() => servers.FreezePrimaryAsync(Token));

        var export = host.GetRequiredService<IAccountExport>().WriteAsync(user, destination, CancellationToken.None);
        await destination.Blocks.WaitAsync(Token);
        await servers.PromoteAsync(Token);

        Assert.That(() => export, Throws.TypeOf<DatabaseUnavailableException>().With.Property("OutcomeUnknown").False);
        Assert.That(destination.Headers, Is.EqualTo(1));
        Assert.That(destination.Lines, Is.LessThan(LogLines));
    }

    private static ServiceProvider HostOf(ReplicatedServers servers) => HostOf(servers, options =>
    {
        options.CommandTimeout = TimeSpan.Zero;
        options.MaxPoolSize = 1;
    });

    // A log that is larger than what the connection holds on the way.
    private static async Task<Guid> FillAsync(ReplicatedServers servers, IUserRepository users)
    {
        var user = await users.AddAsync(NewUser(), Token);
        await OnPrimaryAsync(servers, $"""
            WITH project AS (
                INSERT INTO projects (user_id, name, repository) VALUES ('{user.Id}', 'site', 'https://git.example.com/ada/site')
                RETURNING id
            ), deployment AS (
                INSERT INTO deployments (project_id, user_id, status) SELECT id, '{user.Id}', 'success' FROM project RETURNING id
            )
            SELECT count(*) FROM deployment
            """);
        await OnPrimaryAsync(servers, $"""
            INSERT INTO deployment_logs (id, deployment_id, message, timestamp, created_at, seq)
            SELECT gen_random_uuid(), d.id, repeat('x', 1000), now(), now(), n
            FROM deployments d, generate_series(1, {LogLines}) n
            WHERE d.user_id = '{user.Id}'
            """);
        await servers.UntilAppliedAsync(Token);
        return user.Id;
    }

    // Runs an action within the write of the first part after the header, and counts.
    private sealed class Destination(Func<Task> within) : MemoryStream
    {
        private readonly TaskCompletionSource blocks = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int parts;
        private long lines;

        public Task Blocks => blocks.Task;

        public int Headers { get; private set; }

        public long Lines => Volatile.Read(ref lines);

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Headers += buffer.Span.IndexOf("\"table\":\"export\""u8) >= 0 ? 1 : 0;
            Interlocked.Add(ref lines, buffer.Span.Count((byte)'\n'));
            if (Interlocked.Increment(ref parts) == 2)
            {
                var action = within();
                blocks.SetResult();
                await action;
            }
        }
    }
}
