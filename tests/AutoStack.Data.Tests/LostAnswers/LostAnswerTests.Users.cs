using AutoStack.Data.Accounts;
using Microsoft.Extensions.DependencyInjection;

namespace AutoStack.Data.Tests.LostAnswers;

public sealed partial class LostAnswerTests
{
    private static Dictionary<string, Func<LostAnswerTests, Task<Write>>> OfUsers => new()
    {
        ["IUserRepository.AddAsync"] = tests =>
        {
            var user = new NewUser { Id = Guid.NewGuid(), Name = "Ada", Email = $"{Unique("ada")}@example.com" };
            return Task.FromResult(new Write(
                async host => await host.GetRequiredService<IUserRepository>().AddAsync(user, Token),
                async (result, _) => Assert.That(await tests.Users.FindAsync(user.Id.Value, Token), Is.EqualTo(result))));
        },
        ["IUserRepository.RemoveAsync"] = async tests =>
        {
            var user = await tests.AddUserAsync();
            return new Write(
                async host => await host.GetRequiredService<IUserRepository>().RemoveAsync(user.Id, Token),
                async (result, told) =>
                {
                    Assert.That(result, Is.EqualTo(told != Told.AgainByTheCaller));
                    Assert.That(await tests.Users.FindAsync(user.Id, Token), Is.Null);
                });
        },
    };
}
