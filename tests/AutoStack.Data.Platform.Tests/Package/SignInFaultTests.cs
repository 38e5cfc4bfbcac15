using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Http.Json;
using System.Reflection;
using AutoStack.Data.Accounts;
using AutoStack.Data.AspNetCore;
using AutoStack.Data.Platform.Tests.Service;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace AutoStack.Data.Platform.Tests.Package;

/// <summary>A sign-in of which a step fails after its session was stored.</summary>
public sealed class SignInFaultTests : ServiceTests
{
    // A published pair of bcrypt with work factor 5, which a sign-in renews.
    private const string Password = "U*U";
    private const string WeakHash = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";

    protected override void Map(WebApplication app) =>
        app.MapPost("/session/{step}", async (string step, Credentials request, HttpContext context, CancellationToken token) =>
        {
            await using var services = FailingAt(step, new PasswordHasherBusyException());
            return (await services.GetRequiredService<SessionSignIn>()
                .SignInWithPasswordAsync(context, request.Email, request.Password, token)).ToHttpResult();
        });

    [TestCase(nameof(IPasswordHasher.HashAsync))]
    [TestCase(nameof(IIdentityRepository.RehashAsync))]
    [TestCase(nameof(ISignInThrottle.RecordSuccessAsync))]
    public async Task A_step_after_the_session_that_fails_leaves_the_user_signed_in_and_the_next_sign_in_renews_the_hash(string step)
    {
        var email = await NewWeakAccountAsync();
        using var first = await Http.PostAsJsonAsync($"/session/{step}", new Credentials(email, Password), Token);
        using var session = await SendAsync(HttpMethod.Get, "/session", CookiesOf(first));
        var kept = await HashOfAsync(email);
        using var second = await Http.PostAsJsonAsync("/session", new Credentials(email, Password), Token);
        var renewed = await HashOfAsync(email);

        Assert.That((first.StatusCode, session.StatusCode), Is.EqualTo((HttpStatusCode.NoContent, HttpStatusCode.OK)));
        Assert.That((kept, second.StatusCode), Is.EqualTo((WeakHash, HttpStatusCode.NoContent)));
        Assert.That(renewed, Does.StartWith("$2").And.Contains("$10$"));
    }

    [TestCase(nameof(ISignInThrottle.AcquireAsync))]
    [TestCase(nameof(IIdentityRepository.FindCredentialsAsync))]
    [TestCase(nameof(IPasswordHasher.VerifyAsync))]
    [TestCase(nameof(ISessionRepository.AddVerifiedAsync))]
    public async Task A_step_before_the_session_that_fails_is_answered_with_503_and_without_a_session(string step)
    {
        var email = await NewWeakAccountAsync();
        using var response = await Http.PostAsJsonAsync($"/session/{step}", new Credentials(email, Password), Token);

        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.ServiceUnavailable));
        Assert.That(CookiesOf(response), Does.Not.Contain("session"));
    }

    [Test]
    public async Task A_cancellation_and_a_fault_that_does_not_pass_end_the_sign_in([Values] bool isCancelled)
    {
        var email = await NewWeakAccountAsync();
        Exception fault = isCancelled ? new OperationCanceledException() : new InvalidValueException("too long", column: "password_hash");
        await using var services = FailingAt(nameof(ISignInThrottle.RecordSuccessAsync), fault);
        var signIn = services.GetRequiredService<SessionSignIn>();

        Assert.That(
            () => signIn.SignInWithPasswordAsync(new DefaultHttpContext(), email, Password, Token), Throws.Exception.SameAs(fault));
    }

    private async Task<string> NewWeakAccountAsync()
    {
        var account = new NewAccount { Name = "Ada", Email = NewEmail(), Password = PasswordHash.From(WeakHash) };
        await Get<IIdentityRepository>().RegisterAsync(account, Token);
        return account.Email;
    }

    private async Task<string> HashOfAsync(string email) =>
        (await Get<IIdentityRepository>().FindCredentialsAsync(email, Token))!.Password!.Reveal();

    // The services of the application, of which one method fails.
    private ServiceProvider FailingAt(string method, Exception fault) => AspNetService.OverFakes(
        Failing<IIdentityRepository>.Of(Get<IIdentityRepository>(), method, fault),
        Failing<IPasswordHasher>.Of(Get<IPasswordHasher>(), method, fault),
        Failing<ISignInThrottle>.Of(Get<ISignInThrottle>(), method, fault),
        Failing<ISessionRepository>.Of(Get<ISessionRepository>(), method, fault));

    internal sealed record Credentials(string Email, string Password);

    [SuppressMessage("Performance", "CA1852", Justification = "DispatchProxy derives from it at run time.")]
    internal class Failing<T> : DispatchProxy
        where T : class
    {
        private T inner = null!;
        private string method = "";
        private Exception fault = null!;

        public static T Of(T inner, string method, Exception fault)
        {
            var proxy = Create<T, Failing<T>>();
            var own = (Failing<T>)(object)proxy;
            (own.inner, own.method, own.fault) = (inner, method, fault);
            return proxy;
        }

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) =>
            targetMethod!.Name == method ? throw fault : targetMethod.Invoke(inner, args);
    }
}
