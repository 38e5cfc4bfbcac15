using System.Text.Json;
using AutoStack.Data.Accounts;
using AutoStack.Data.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace AutoStack.Data.Tests.Hosts;

public sealed class ReadTokenTests : DatabaseTests
{
    [TestCase("0")]
    [TestCase("1")]
    [TestCase("7421")]
    [TestCase("18446744073709551615")]
    [TestCase("0/0")]
    [TestCase("0/3000148")]
    [TestCase("16/B374D848")]
    [TestCase("FFFFFFFF/FFFFFFFF")]
    public void A_token_round_trips_through_text_and_JSON(string text)
    {
        var token = ReadToken.Parse(text);

        Assert.That(token.ToString(), Is.EqualTo(text));
        Assert.That(JsonSerializer.Deserialize<ReadToken>(JsonSerializer.Serialize(token)), Is.EqualTo(token));
        Assert.That(token == ReadToken.None, Is.EqualTo(text == "0"));
    }

    [TestCase(null)]
    [TestCase("")]
    [TestCase(" 1")]
    [TestCase("01")]
    [TestCase("+1")]
    [TestCase("-1")]
    [TestCase("1e3")]
    [TestCase("１")]
    [TestCase("18446744073709551616")]
    [TestCase("/")]
    [TestCase("0/")]
    [TestCase("0/0/0")]
    [TestCase("0/a")]
    [TestCase("00/1")]
    [TestCase("100000000/0")]
    [TestCase("1; DROP TABLE users")]
    public void A_malformed_text_is_not_a_token(string? text)
    {
        Assert.That(ReadToken.TryParse(text, out var token), Is.False);
        Assert.That(token, Is.EqualTo(ReadToken.None));
        Assert.That(() => ReadToken.Parse(text!), Throws.TypeOf<FormatException>());
        Assert.That(() => JsonSerializer.Deserialize<ReadToken>(JsonSerializer.Serialize(text)), Throws.TypeOf<JsonException>());
    }

    [Test]
    public void A_text_of_ten_million_characters_is_not_a_token() =>
        Assert.That(ReadToken.TryParse(new string('/', 10_000_000), out _), Is.False);

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
