using AutoStack.Data.Accounts;
using AutoStack.Data.Deployments;
using AutoStack.Data.Projects;
using AutoStack.Data.Tests.Support;
using Npgsql;

namespace AutoStack.Data.Tests.Postgres;

public sealed class UnitOfWorkTests : DatabaseTests
{
    [Test]
    public async Task A_unit_of_work_commits_when_the_delegate_returns()
    {
        var project = await UnitOfWork.RunAsync(async (tx, token) =>
        {
            var user = await tx.Get<IUserRepository>().AddAsync(
                new NewUser { Name = "Ada", Email = $"{Unique("unit")}@example.com" }, token);
            var added = await tx.Get<IProjectRepository>().AddAsync(
                new NewProject { UserId = user.Id, Name = "Site", Repository = "ada/site" }, token);
            Assert.That(await Projects.FindAsync(added.Id, user.Id, token), Is.Null, "The row is visible before the commit.");
            return added;
        }, Token);

        Assert.That(await Projects.FindAsync(project.Id, project.UserId, Token), Is.EqualTo(project));
    }

    [Test]
    public async Task A_unit_of_work_rolls_back_when_the_delegate_throws()
    {
        var email = $"{Unique("unit")}@example.com";

        Assert.That(
            () => UnitOfWork.RunAsync(async (tx, token) =>
            {
                await tx.Get<IUserRepository>().AddAsync(new NewUser { Name = "Ada", Email = email }, token);
                throw new InvalidOperationException("changed my mind");
            }, Token),
            Throws.InvalidOperationException.With.Message.EqualTo("changed my mind"));

        Assert.That(await PlatformUsers.FindByEmailAsync(email, Token), Is.Null);
    }

    [Test]
    public async Task A_unit_of_work_fails_when_the_delegate_swallows_an_error()
    {
        var existing = await AddUserAsync();
        var email = $"{Unique("unit")}@example.com";

        var failure = Assert.ThrowsAsync<UnitOfWorkFailedException>(() => UnitOfWork.RunAsync(async (tx, token) =>
        {
            var users = tx.Get<IUserRepository>();
            await users.AddAsync(new NewUser { Name = "Ada", Email = email }, token);
            try
            {
                await users.AddAsync(new NewUser { Name = "Eve", Email = existing.Email }, token);
            }
            catch (DuplicateException)
            {
            }
        }, Token));

        Assert.That(failure!.InnerException, Is.TypeOf<Npgsql.PostgresException>().With.Property("SqlState").EqualTo("23505"));
        Assert.That(await PlatformUsers.FindByEmailAsync(email, Token), Is.Null);
    }

    // The first call waits for the lock of another session.
    [Test]
    public async Task A_call_beside_another_one_is_refused_and_the_other_one_is_committed()
    {
        var user = await AddUserAsync();
        await using var connection = await Raw.OpenConnectionAsync(Token);
        await using var holding = await connection.BeginTransactionAsync(Token);
        await using (var hold = new NpgsqlCommand("SELECT FROM users WHERE id = $1 FOR UPDATE", connection, holding))
        {
            hold.Parameters.Add(new() { Value = user.Id });
            await hold.ExecuteNonQueryAsync(Token);
        }

        await UnitOfWork.RunAsync(async (tx, token) =>
        {
            var users = tx.Get<IUserRepository>();
            var first = users.UpdateAsync(user.Id, new UserPatch { Name = "Ada L." }, null, token);
            Assert.That(
                () => users.FindAsync(user.Id, token), Throws.InvalidOperationException.With.Message.Contains("Await each call"));
            await holding.RollbackAsync(token);
            await first;
            Assert.That((await users.FindAsync(user.Id, token))!.Name, Is.EqualTo("Ada L."));
        }, Token);

        Assert.That((await Users.FindAsync(user.Id, Token))!.Name, Is.EqualTo("Ada L."));
    }

    [Test]
    public async Task Every_statement_after_an_error_throws()
    {
        var existing = await AddUserAsync();

        Assert.That(
            () => UnitOfWork.RunAsync(async (tx, token) =>
            {
                var users = tx.Get<IUserRepository>();
                Assert.That(
                    () => users.AddAsync(new NewUser { Name = "Eve", Email = existing.Email }, token),
                    Throws.TypeOf<DuplicateException>());
                await users.FindAsync(existing.Id, token);
            }, Token),
            Throws.TypeOf<UnitOfWorkFailedException>());
    }

    [Test]
    public async Task A_refused_argument_does_not_fail_the_unit_of_work()
    {
        var email = $"{Unique("unit")}@example.com";

        await UnitOfWork.RunAsync(async (tx, token) =>
        {
            var users = tx.Get<IUserRepository>();
            Assert.That(() => tx.Get<IPlatformUserRepository>().FindByEmailAsync(" ", token), Throws.ArgumentException);
            await users.AddAsync(new NewUser { Name = "Ada", Email = email }, token);
        }, Token);

        Assert.That(await PlatformUsers.FindByEmailAsync(email, Token), Is.Not.Null);
    }

    [Test]
    public async Task A_repository_is_refused_after_its_unit_of_work_ended()
    {
        IUserRepository? kept = null;
        await UnitOfWork.RunAsync((tx, _) =>
        {
            kept = tx.Get<IUserRepository>();
            return Task.CompletedTask;
        }, Token);

        Assert.That(() => kept!.FindAsync(Guid.NewGuid(), Token), Throws.InvalidOperationException.With.Message.Contains("has ended"));
    }

    [Test]
    public void A_type_that_is_not_a_repository_is_refused_by_name() =>
        Assert.That(
            () => UnitOfWork.RunAsync((tx, _) => Task.FromResult(tx.Get<IDisposable>()), Token),
            Throws.ArgumentException.With.Message.Contains("IDisposable").And.Message.Contains(nameof(IUserRepository)));

    [Test]
    public async Task A_deadlocked_unit_of_work_runs_again()
    {
        var first = await StartedAsync(DeploymentStatus.Cloning);
        var second = await StartedAsync(DeploymentStatus.Cloning);
        var bothHoldOne = new Barrier(2);
        var runs = 0;

        await Task.WhenAll(CrossAsync(first, second), CrossAsync(second, first)).WaitAsync(TimeSpan.FromSeconds(60), Token);

        Assert.That(runs, Is.EqualTo(3), "Two units of work run, and one of them runs again.");
        Assert.That(await Lifecycle.FindStatusAsync(first.Id, Token), Is.EqualTo(DeploymentStatus.Building));
        Assert.That(await Lifecycle.FindStatusAsync(second.Id, Token), Is.EqualTo(DeploymentStatus.Building));

        Task CrossAsync(Deployment own, Deployment other) => Task.Run(() => UnitOfWork.RunAsync(async (tx, token) =>
        {
            var run = Interlocked.Increment(ref runs);
            var lifecycle = tx.Get<IDeploymentLifecycle>();
            await lifecycle.RecordCommitAsync(own.Id, new CommitInfo("a"), token);
            if (run <= 2)
            {
                Assert.That(bothHoldOne.SignalAndWait(TimeSpan.FromSeconds(30), token), Is.True);
            }

            await lifecycle.RecordCommitAsync(other.Id, new CommitInfo("b"), token);
            await lifecycle.AdvanceAsync(own.Id, DeploymentStatus.Building, token);
        }, Token));
    }

    [Test]
    public async Task A_deadlock_swallowed_by_the_delegate_also_runs_the_unit_again()
    {
        var first = await StartedAsync(DeploymentStatus.Cloning);
        var second = await StartedAsync(DeploymentStatus.Cloning);
        var bothHoldOne = new Barrier(2);
        var runs = 0;

        await Task.WhenAll(CrossAsync(first, second), CrossAsync(second, first)).WaitAsync(TimeSpan.FromSeconds(60), Token);

        Assert.That(runs, Is.EqualTo(3));
        Assert.That((await Deployments.FindAsync(first.Id, first.UserId, Token))!.CommitHash, Is.Not.Null);

        Task CrossAsync(Deployment own, Deployment other) => Task.Run(() => UnitOfWork.RunAsync(async (tx, token) =>
        {
            var run = Interlocked.Increment(ref runs);
            var lifecycle = tx.Get<IDeploymentLifecycle>();
            await lifecycle.RecordCommitAsync(own.Id, new CommitInfo("a"), token);
            if (run <= 2)
            {
                Assert.That(bothHoldOne.SignalAndWait(TimeSpan.FromSeconds(30), token), Is.True);
            }

            try
            {
                await lifecycle.RecordCommitAsync(other.Id, new CommitInfo("b"), token);
            }
            catch (ConflictException)
            {
            }
        }, Token));
    }

    [Test]
    public async Task A_cancelled_token_rolls_back()
    {
        var email = $"{Unique("unit")}@example.com";
        using var cancellation = new CancellationTokenSource();

        Assert.That(
            () => UnitOfWork.RunAsync(async (tx, token) =>
            {
                await tx.Get<IUserRepository>().AddAsync(new NewUser { Name = "Ada", Email = email }, token);
                await cancellation.CancelAsync();
                await tx.Get<IUserRepository>().FindAsync(Guid.NewGuid(), token);
            }, cancellation.Token),
            Throws.InstanceOf<OperationCanceledException>());

        Assert.That(await PlatformUsers.FindByEmailAsync(email, Token), Is.Null);
    }
}
