using AutoStack.Data.Migrations.Tests.Support;

namespace AutoStack.Data.Migrations.Tests.Adoption;

public sealed class AdoptionTrafficTests : AdoptionTestsBase
{
    private const string Line = """
        INSERT INTO deployment_logs (id, deployment_id, timestamp, log_level, message, created_at)
        VALUES (gen_random_uuid(), 'd0000000-0000-4000-8000-000000000001', now() AT TIME ZONE 'UTC', 'info', 'meanwhile',
            now() AT TIME ZONE 'UTC')
        """;

    [Test]
    public async Task A_step_without_its_lock_lets_waiting_writers_pass()
    {
        await MakeAsync(CreateAll);

        // A service that calls another system in its transaction keeps a lock that a change of the table waits for. A later session
        // waits for the change, until the change gives up.
        await using var service = await HoldAsync("SELECT count(*) FROM deployment_logs");
        var retrying = new TaskCompletionSource<StepRetrying>();
        var recorder = new Recorder(reported =>
        {
            if (reported is StepRetrying retry)
            {
                retrying.TrySetResult(retry);
            }
        });
        var adoption = Migrator().AdoptAsync(progress: recorder, cancellationToken: Token);
        await UntilMigratorWaitsForTableAsync();
        await ExecuteAsync(Line);

        Assert.That((await retrying.Task).FileName, Is.EqualTo("adopt_deployment_logs.sql"));
        service.Release();
        Assert.That((await adoption).Migration.ToVersion, Is.EqualTo(Head));
    }

    [Test]
    public async Task An_index_build_blocks_no_writer()
    {
        await MakeAsync(CreateAll);
        var (recorder, holding) = HoldAt(
            "adopt_idx_deployments_status.sql", "UPDATE deployments SET branch = branch WHERE status = 'queued'");
        var adoption = Migrator().AdoptAsync(progress: recorder, cancellationToken: Token);
        await using var writer = await holding;
        await UntilAsync("SELECT to_regclass('idx_deployments_status') IS NOT NULL");
        await UntilMigratorWaitsForTableAsync();

        await ExecuteAsync("SET lock_timeout = '1s'; UPDATE deployments SET status = 'failed' WHERE status <> 'queued'");
        Assert.That(await ScalarAsync<bool>("SELECT indisvalid FROM pg_index WHERE indexrelid = 'idx_deployments_status'::regclass"),
            Is.False, "under way");
        writer.Release();
        Assert.That((await adoption).Migration.ToVersion, Is.EqualTo(Head));
    }

    [Test]
    public async Task Lines_written_during_an_adoption_are_kept_and_numbered()
    {
        await MakeAsync(CreateAll);
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var written = 0;
        var adopted = 0;
        var writing = Task.Run(async () =>
        {
            while (!stopping.IsCancellationRequested)
            {
                await ExecuteAsync(Line);
                written++;
            }
        }, Token);

        // The service writes at least one line between any two steps.
        await Migrator().AdoptAsync(
            progress: new Recorder(reported =>
            {
                if (reported is StepFinished)
                {
                    adopted++;
                    SpinWait.SpinUntil(() => Volatile.Read(ref written) > adopted || writing.IsCompleted, TimeSpan.FromSeconds(30));
                }
            }),
            cancellationToken: Token);
        await stopping.CancelAsync();
        await writing;

        using (Assert.EnterMultipleScope())
        {
            Assert.That(written, Is.GreaterThan(adopted));
            Assert.That(await ScalarAsync<long>("SELECT count(*) FROM deployment_logs WHERE message = 'meanwhile'"), Is.EqualTo(written));
            Assert.That(await ListAsync(
                "SELECT deployment_id FROM deployment_logs GROUP BY deployment_id HAVING count(*) <> count(DISTINCT seq) OR count(*) <> " +
                "max(seq) OR min(seq) <> 1"), Is.Empty);
            Assert.That((await Migrator().CheckAsync(Token)).IsClean, Is.True);
        }
    }

    [Test]
    public async Task Lines_are_numbered_one_deployment_at_a_time()
    {
        await MakeAsync(CreateAll);
        var (recorder, holding) = HoldAt("0004_number_existing_log_lines.sql",
            "SELECT 1 FROM deployment_logs WHERE deployment_id = 'd0000000-0000-4000-8000-000000000002' FOR UPDATE");
        var adoption = Migrator().AdoptAsync(progress: recorder, cancellationToken: Token);
        await using var holder = await holding;
        await UntilMigratorWaitsForTableAsync();

        await ExecuteAsync("SET lock_timeout = '5s';" + Line);
        Assert.That(await ListAsync("SELECT seq FROM deployment_logs WHERE message = 'meanwhile'"), Has.Count.EqualTo(1));
        holder.Release();

        Assert.That((await adoption).Migration.ToVersion, Is.EqualTo(Head));
    }

    [Test]
    public async Task No_step_locks_a_table_while_it_waits_for_another()
    {
        await MakeAsync(CreateAll);

        // A transaction has written lines and then locks their deployment: no step may lock one table while it waits for
        // the other.
        var (recorder, holding) = HoldAt("0014_add_required_checks.sql", "UPDATE deployment_logs SET log_level = 'info' WHERE false");
        var adoption = Migrator().AdoptAsync(progress: recorder, cancellationToken: Token);
        await using var service = await holding;
        await UntilMigratorWaitsForTableAsync();

        await service.ExecuteAsync("SET LOCAL deadlock_timeout = '50ms';" + Line, Token);
        service.Release();

        Assert.That((await adoption).Migration.ToVersion, Is.EqualTo(Head));
    }
}
