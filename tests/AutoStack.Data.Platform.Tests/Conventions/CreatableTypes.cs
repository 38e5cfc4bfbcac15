using AutoStack.Data.AspNetCore;
using AutoStack.Data.Tests.Conventions;
using Microsoft.AspNetCore.Http;

namespace AutoStack.Data.Platform.Tests.Conventions;

/// <summary>The types of the package AutoStack.Data.AspNetCore that a test of a service creates.</summary>
public sealed class CreatableTypes
{
    [Test]
    public void Every_type_can_be_created() => CreatedByServices.Assert(
        typeof(SessionSignIn).Assembly,
        new Dictionary<Type, Func<object>>
        {
            [typeof(LogEvents)] = () => AutoStackResults.LogEvents(Guid.NewGuid(), Guid.NewGuid()),
            [typeof(PasswordSignInHttpResult)] = () =>
                new PasswordSignInResult(PasswordSignInOutcome.WrongCredentials, Issued: null, LockedUntil: null).ToHttpResult(),
            [typeof(PathString)] = () => new PathString("/sign-in"),
        },
        new Dictionary<Type, string>
        {
            [typeof(SessionSignIn)] = "AddAutoStackSessions registers it; it works on the repositories, which a service fakes",
        });
}
