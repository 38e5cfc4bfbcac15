using System.Diagnostics;
using AutoStack.Data.Cli;
using AutoStack.Data.Migrations.Tests.Support;
using Npgsql;

namespace AutoStack.Data.Migrations.Tests.Adoption;

public sealed class AdoptionInterruptionTests : AdoptionTestsBase
{
    [TestCase(true)]
    [TestCase(false)]
    public async Task A_run_interrupted_after_any_step_is_continued_by_the_next(bool killed)
    {
        await MakeAsync(Alembic);
        var readers = await ReadersAsync();
        var rows = await RowsAsync(readers);
        var steps = (await Migrator().PlanAdoptionAsync(cancellationToken: Token)) is var plan ? plan.Changes.Count + plan.Scripts.Count
            : 0;

        // Each run completes one step and is cancelled before the second one.
        var runs = 0;
        for (var done = false; !done; runs++)
        {
            using var cancelling = CancellationTokenSource.CreateLinkedTokenSource(Token);
            var started = 0;
            var recorder = new Recorder(reported =>
            {
                if (reported is not StepStarted || ++started < 2)
                {
                    return;
                }

                if (killed)
                {
                    ListAsync($"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '{MigratorName}' AND " +
                        $"datname = current_database()")
                        .GetAwaiter().GetResult();
                }
                else
                {
                    cancelling.Cancel();
                }
            });
            try
            {
                await Migrator().AdoptAsync(progress: recorder, cancellationToken: cancelling.Token);
                done = true;
            }
            catch (Exception exception) when (exception is MigrationException or NpgsqlException or OperationCanceledException)
            {
                Assert.That(recorder.Events.OfType<StepFinished>().Count(), Is.EqualTo(1), exception.Message);
                await UntilAsync($"SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = '{MigratorName}' AND datname " +
                    $"= current_database())");
            }
        }

        using (Assert.EnterMultipleScope())
        {
            Assert.That(runs, Is.EqualTo(steps));
            Assert.That((await Migrator().CheckAsync(Token)).IsClean, Is.True);
            Assert.That(await RowsAsync(readers), Is.EqualTo(rows));
        }
    }

    [Test]
    public async Task An_interrupted_index_build_is_repeated()
    {
        await MakeAsync(CreateAll);
        using var cancelling = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var (recorder, holding) = HoldAt("adopt_idx_users_email.sql", "UPDATE users SET name = name");
        var adoption = Migrator().AdoptAsync(progress: recorder, cancellationToken: cancelling.Token);
        await using var writer = await holding;
        await UntilAsync("SELECT to_regclass('idx_users_email') IS NOT NULL");
        await UntilMigratorWaitsForTableAsync();
        await cancelling.CancelAsync();
        Assert.That(async () => await adoption, Throws.InstanceOf<OperationCanceledException>());
        Assert.That(await ListAsync("SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid"),
            Is.EqualTo(new[] { "idx_users_email" }));
        writer.Release();

        await Migrator().AdoptAsync(cancellationToken: Token);

        Assert.That((await Migrator().CheckAsync(Token)).IsClean, Is.True);
    }

    [Test]
    public async Task A_killed_process_leaves_no_step_half_done()
    {
        await MakeAsync(CreateAll);
        var readers = await ReadersAsync();
        var rows = await RowsAsync(readers);
        await using (var reader = await HoldAsync("SELECT count(*) FROM users"))
        {
            using var process = Process.Start(new ProcessStartInfo("dotnet", ["exec", typeof(AutoStackDb).Assembly.Location, "adopt"])
            {
                Environment = { ["AUTOSTACK_CONNECTION"] = ConnectionString },
                RedirectStandardOutput = true,
            })!;
            await UntilMigratorWaitsForTableAsync();
            process.Kill();
            await process.WaitForExitAsync(Token);
        }

        // The server detects that the client is gone.
        await UntilAsync($"SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = '{MigratorName}' AND datname = " +
            $"current_database())");
        Assert.That(await RowsAsync(readers), Is.EqualTo(rows));

        await Migrator().AdoptAsync(cancellationToken: Token);

        Assert.That((await Migrator().CheckAsync(Token)).IsClean, Is.True);
        Assert.That(await RowsAsync(readers), Is.EqualTo(rows));
    }

    [Test]
    public async Task Two_concurrent_adoptions_adopt_once()
    {
        await MakeAsync(CreateAll);

        var reports = await Task.WhenAll(
            Migrator().AdoptAsync(cancellationToken: Token), Migrator().AdoptAsync(cancellationToken: Token),
            Migrator().AdoptAsync(cancellationToken: Token));

        Assert.That(reports.Select(r => r.Plan.IsDone), Is.EquivalentTo(new[] { false, true, true }));
        Assert.That((await Migrator().CheckAsync(Token)).IsClean, Is.True);
    }
}
