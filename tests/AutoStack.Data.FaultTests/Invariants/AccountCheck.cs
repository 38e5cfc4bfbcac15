using System.Security.Cryptography;
using System.Text;
using AutoStack.Data.FaultTests.Ledgers;
using Npgsql;

namespace AutoStack.Data.FaultTests.Invariants;

/// <summary>A family of sessions has one valid token or is gone as a whole; a user has one valid reset token.</summary>
internal static class AccountCheck
{
    public static async Task<IReadOnlyList<Finding>> RunAsync(
        Ledger ledger, NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var sessions = await Rows.ReadAsync(
            connection,
            "SELECT coalesce(family_id, id), id, user_id, token, rotated_at IS NULL FROM sessions",
            row => new StoredSession(row.GetGuid(0), row.GetGuid(1), row.GetGuid(2), row.GetString(3), row.GetBoolean(4)),
            cancellationToken);
        var resets = await Rows.ReadAsync(
            connection,
            "SELECT user_id, id FROM password_reset_tokens WHERE used_at IS NULL AND expires_at > timezone('UTC', now())",
            row => (User: row.GetGuid(0), Id: row.GetGuid(1)),
            cancellationToken);
        return
        [
            .. Families(ledger, sessions.ToLookup(session => session.Family)),
            .. Resets(ledger, resets.ToLookup(reset => reset.User, reset => reset.Id)),
        ];
    }

    private static IEnumerable<Finding> Families(Ledger ledger, ILookup<Guid, StoredSession> families)
    {
        foreach (var family in families)
        {
            if (family.Count(session => session.IsValid) != 1 || !family.Any(session => session.Id == family.Key)
                || family.Select(session => session.User).Distinct().Count() != 1)
            {
                var (all, valid) = (family.Count(), family.Count(session => session.IsValid));
                yield return new Finding(FindingKind.Torn, $"the family {family.Key} has {all} sessions, {valid} of them valid");
            }
        }

        foreach (var signIn in ledger.SignIns)
        {
            var valid = families[signIn.FamilyId].Where(session => session.IsValid).Select(session => session.Token).ToList();
            if (signIn.State == SignInState.Active && !valid.Contains(HashOf(signIn.Token!.Reveal())))
            {
                yield return new Finding(FindingKind.Lost, $"the last token of the family {signIn.FamilyId} is not valid");
            }

            if (signIn.State == SignInState.Ended && families.Contains(signIn.FamilyId))
            {
                yield return new Finding(FindingKind.Unexpected, $"the family {signIn.FamilyId} was revoked and is there");
            }
        }

        foreach (var unknown in families.Select(family => family.Key).Except(ledger.SignIns.Select(signIn => signIn.FamilyId)))
        {
            yield return new Finding(FindingKind.Unexpected, $"the family {unknown} was sent by nobody");
        }
    }

    private static IEnumerable<Finding> Resets(Ledger ledger, ILookup<Guid, Guid> resets)
    {
        foreach (var user in resets.Where(group => group.Count() > 1))
        {
            yield return new Finding(FindingKind.Doubled, $"the user {user.Key} has {user.Count()} valid reset tokens");
        }

        foreach (var (user, use) in ledger.Resets)
        {
            if (use is { Issued: { } issued, IsLaterUnknown: false } && !resets[user].Contains(issued))
            {
                yield return new Finding(FindingKind.Lost, $"the reset token {issued} of the user {user} is not valid");
            }
        }
    }

    private static string HashOf(string token) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(token)));

    private sealed record StoredSession(Guid Family, Guid Id, Guid User, string Token, bool IsValid);
}
