using AutoStack.Data.Accounts;
using AutoStack.Data.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace AutoStack.Data.Tests.Hosts;

public sealed class ReadTokenTests : DatabaseTests
{
    [Test]
    public async Task The_token_is_the_transaction_of_the_unit_of_work()
    {
        var (user, token) = await UnitOfWork.RunForTokenAsync(
            (tx, ct) => tx.Get<IUserRepository>().AddAsync(new NewUser { Name = "Ada", Email = $"{Unique("ada")}@example.com" }, ct),
            Token);

        Assert.That(await ScalarAsync("SELECT xmin::text FROM users WHERE id = $1", user.Id), Is.EqualTo(token.ToString()));
    }

    [Test]
    public async Task A_unit_of_work_that_changes_nothing_has_no_token()
    {
        Assert.That(await UnitOfWork.RunForTokenAsync((_, _) => Task.CompletedTask, Token), Is.EqualTo(ReadToken.None));
        Assert.That(
            await UnitOfWork.RunForTokenAsync((tx, ct) => tx.Get<IUserRepository>().FindAsync(Guid.NewGuid(), ct), Token),
            Is.EqualTo(((User?)null, ReadToken.None)));
    }

    [Test]
    public async Task A_unit_of_work_with_a_token_rolls_back_as_one_without()
    {
        var id = Guid.NewGuid();
        Assert.ThrowsAsync<InvalidOperationException>(() => UnitOfWork.RunForTokenAsync(async (tx, ct) =>
        {
            await tx.Get<IUserRepository>().AddAsync(new NewUser { Id = id, Name = "Ada", Email = $"{Unique("ada")}@example.com" }, ct);
            throw new InvalidOperationException();
        }, Token));

        Assert.That(await Users.FindAsync(id, Token), Is.Null);
    }

    [Test]
    public async Task With_one_host_reads_go_to_this_host_and_writes_throw()
    {
        var user = await AddUserAsync();
        var standby = Get<IStandbyReads>();

        Assert.That(await standby.Get<IUserRepository>().FindAsync(user.Id, Token), Is.Not.Null);
        Assert.That(
            await standby.AtLeast(ReadToken.Parse("9999999999")).Get<IUserRepository>().FindAsync(user.Id, Token), Is.Not.Null);
        Assert.That(
            () => standby.Get<IUserRepository>().AddAsync(new NewUser { Name = "Ada", Email = $"{Unique("ada")}@example.com" }, Token),
            Throws.InvalidOperationException.With.Message.Contains("IUserRepository.AddAsync"));
        Assert.That(() => standby.Get<string>(), Throws.ArgumentException);
    }

    [Test]
    public async Task Reads_on_a_standby_are_registered_under_the_key_of_their_database()
    {
        await using var provider = new ServiceCollection()
            .AddKeyedAutoStackData("eu", options => LibraryConnection.Set(options, Database.ConnectionString))
            .BuildServiceProvider();
        var user = await AddUserAsync();

        var standby = provider.GetRequiredKeyedService<IStandbyReads>("eu");
        Assert.That(await standby.Get<IUserRepository>().FindAsync(user.Id, Token), Is.Not.Null);
        Assert.That(provider.GetService<IStandbyReads>(), Is.Null);
    }
}
