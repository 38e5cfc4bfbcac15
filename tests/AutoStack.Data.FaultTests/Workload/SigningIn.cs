using AutoStack.Data.Accounts;
using AutoStack.Data.FaultTests.Ledgers;

namespace AutoStack.Data.FaultTests.Workload;

/// <summary>Signs users in, rotates their tokens, and signs some of them out.</summary>
internal sealed class SigningIn(string name, Service service, Ledger ledger, int seed) : Caller(name, service, ledger, seed)
{
    private ISessionRepository Sessions => Service.Get<ISessionRepository>();

    protected override async Task TurnAsync(CancellationToken ending)
    {
        var userId = NewId();
        var email = $"{userId:n}@example.com";
        var user = new NewUser { Id = userId, Name = "Ada", Email = email };
        var effect = Ledger.Expect(RowKind.User, userId, email);
        if (!(await InsertAsync("Users.AddAsync", effect, () => Service.Get<IUserRepository>().AddAsync(user, CancellationToken.None)))
            .IsAcknowledged)
        {
            return;
        }

        var client = ClientKey.New();
        var signIn = new SignIn(NewId(), userId);
        Ledger.SignIns.Enqueue(signIn);
        var session = new NewSession { Id = signIn.FamilyId, UserId = userId, Client = client };
        var issued = await RepeatAsync("Sessions.AddAsync", () => Sessions.AddAsync(session, CancellationToken.None));
        if (!issued.IsAcknowledged)
        {
            return;
        }

        (signIn.State, signIn.Token) = (SignInState.Active, issued.Value!.Token);
        await RotateAsync(signIn, client, Random.Next(4));
        if (signIn.State == SignInState.Active && OneOf(3))
        {
            await SignOutAsync(signIn);
        }
    }

    private async Task RotateAsync(SignIn signIn, ClientKey client, int times)
    {
        for (var i = 0; i < times && signIn.State == SignInState.Active; i++)
        {
            var isLost = false;
            var token = signIn.Token!;
            var first = Ledger.Now;
            signIn.State = SignInState.Unknown;
            var rotation = await RepeatAsync(
                "Sessions.RotateAsync",
                () => Sessions.RotateAsync(
                    new RotationRequest { Presented = token, Client = client, Lifetime = TimeSpan.FromDays(1) }, CancellationToken.None),
                attempt => (isLost |= attempt.Verdict == Verdict.Unknown) || true);
            if (rotation is { IsAcknowledged: true, Value: { Outcome: RotationOutcome.Rotated, Token: { } next } })
            {
                (signIn.State, signIn.Token) = (SignInState.Active, next);
            }
            else if (rotation is { IsAcknowledged: true, Value.Outcome: RotationOutcome.Reused } && isLost
                && Ledger.Now - first > RotationResult.Grace)
            {
                // The answer was lost for longer than the grace: the family ends, and the client signs in again.
                signIn.State = SignInState.Ended;
            }
            else if (rotation.IsAcknowledged)
            {
                Ledger.Contradictions.Enqueue($"{Name}: the token of family {signIn.FamilyId} is {rotation.Value!.Outcome}");
            }
        }
    }

    private async Task SignOutAsync(SignIn signIn)
    {
        signIn.State = SignInState.Unknown;
        var isLost = false;
        var revoked = await RepeatAsync(
            "Sessions.RevokeAsync",
            () => Sessions.RevokeAsync(signIn.Token!, CancellationToken.None),
            attempt => (isLost |= attempt.Verdict == Verdict.Unknown) || true);
        signIn.State = revoked.IsAcknowledged ? SignInState.Ended : SignInState.Unknown;
        if (revoked is { IsAcknowledged: true, Value: false } && !isLost)
        {
            Ledger.Contradictions.Enqueue($"{Name}: the family {signIn.FamilyId} was gone before it was revoked");
        }
    }
}
