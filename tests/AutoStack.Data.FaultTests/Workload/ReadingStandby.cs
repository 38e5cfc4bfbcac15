using AutoStack.Data.Accounts;
using AutoStack.Data.FaultTests.Ledgers;

namespace AutoStack.Data.FaultTests.Workload;

/// <summary>Adds users, and reads each on a standby with the token of its write; some a second time without.</summary>
internal sealed class ReadingStandby(string name, Service service, Ledger ledger, int seed) : Caller(name, service, ledger, seed)
{
    /// <summary>The read with a token.</summary>
    public const string WithToken = "StandbyReads.AtLeast, FindAsync";

    private int stale;

    /// <summary>How many reads without a token missed the write.</summary>
    public int StaleWithoutToken => Volatile.Read(ref stale);

    private IStandbyReads Standby => Service.Get<IStandbyReads>();

    protected override async Task TurnAsync(CancellationToken ending)
    {
        var id = NewId();
        var user = new NewUser { Id = id, Name = "Ada", Email = $"{id:n}@example.com" };
        var effect = Ledger.Expect(RowKind.User, id, user.Email);
        var added = await InsertAsync("UnitOfWork.RunForTokenAsync", effect, () => Service.Get<IUnitOfWork>().RunForTokenAsync(
            (tx, ct) => tx.Get<IUserRepository>().AddAsync(user, ct), CancellationToken.None));

        // A repetition may have found the row of the first attempt: it changed nothing, and its token waits for nothing.
        if (!added.IsAcknowledged || effect.Attempts.Count > 1)
        {
            return;
        }

        if (OneOf(4))
        {
            var early = await TryAsync(
                "StandbyReads.FindAsync", () => Standby.Get<IUserRepository>().FindAsync(id, CancellationToken.None));
            Volatile.Write(ref stale, stale + (early is { IsAcknowledged: true, Value: null } ? 1 : 0));
        }

        var found = await RepeatAsync(
            WithToken, () => Standby.AtLeast(added.Value.Token).Get<IUserRepository>().FindAsync(id, CancellationToken.None));
        if (found is { IsAcknowledged: true, Value: null })
        {
            Ledger.Contradictions.Enqueue($"{Name}: a read with the token {added.Value.Token} did not see user {id}");
        }
    }
}
