using System.Runtime.CompilerServices;
using AutoStack.Data.Postgres;
using AutoStack.Data.Status;
using AutoStack.Data.Values;

namespace AutoStack.Data.Accounts;

/// <summary>
/// The removal of an account from the table <c>users</c>. One short transaction closes the account, whatever the number of its rows. The
/// retention removes these rows in batches, and the row of the account after them.
/// </summary>
internal sealed class AccountClosing(Db db, AccountContext context)
{
    // Whether no row of a user u is left that has to be removed in batches; the few others go with the row of the user.
    private const string IsEmpty = """
        NOT EXISTS (SELECT FROM projects p WHERE p.user_id = u.id)
          AND NOT EXISTS (SELECT FROM deployments d WHERE d.user_id = u.id)
          AND NOT EXISTS (SELECT FROM sessions s WHERE s.user_id = u.id)
        """;

    /// <summary>
    /// Closes an open account: ends its sign-ins, links, resets and running deployments, and frees its address. Removes it at once when it
    /// has no project.
    /// </summary>
    public Task<bool> CloseAsync(Guid userId, CancellationToken cancellationToken)
    {
        // Nobody can receive mail in the domain, nor register the random address before.
        var close = new Statement($"""
            WITH closed AS (
                UPDATE users u
                SET closed_at = {ServerTime.Present}, name = 'Removed account', email = @email, email_verified = FALSE,
                    password_hash = NULL, avatar_url = NULL, github_id = NULL, google_id = NULL, updated_at = {ServerTime.Present}
                WHERE u.id = @userId AND {UserRepository.IsOpen}
                RETURNING u.id
            )
            SELECT {Chosen.Keep}
            FROM closed c
            """, P.Of(userId), P.Text($"{Guid.NewGuid():N}@removed.invalid", name: "email"), ServerTime.Now(context.Clock));
        var remove = new Statement($"""
            DELETE FROM users u
            WHERE u.id = ANY ({Chosen.Ids}) AND {IsEmpty}
            """);
        return db.WriteBatchAsync(
            async sets =>
            {
                await sets.SkipAsync().ConfigureAwait(false);
                return await sets.FindAsync(row => row.Text()).ConfigureAwait(false) is not "" || sets.IsRepeated;
            },
            [
                UserRepository.LockKeys(userId),
                close,
                SessionRepository.EndActiveOfChosen(),
                PasswordResetTokenRepository.RemoveAllOfChosen(),
                EmailVerificationTokenRepository.RemoveAllOfChosen(),
                UserIdentities.RemoveOfChosen(AccountLinks.None),
                GitHubConnectionRepository.RemoveOfChosen(AccountLinks.None),
                .. context.EndDeploymentsOfChosen(),
                remove,
            ],
            cancellationToken,
            nameof(IUserRepository.RemoveAsync));
    }

    /// <summary>Explains why a statement with <see cref="AccountState.OwnerIsOpen"/> has stored nothing.</summary>
    /// <param name="db">Runs the look-up.</param>
    /// <param name="userId">The owner.</param>
    /// <param name="constraint">The constraint that a row of an account that does not exist violates.</param>
    /// <param name="cancellationToken">Stops the look-up.</param>
    /// <param name="operation">The call that has stored nothing.</param>
    /// <exception cref="MissingReferenceException">The account is closed.</exception>
    internal static async Task ThrowIfClosedAsync(
        Db db, Guid userId, string constraint, CancellationToken cancellationToken, [CallerMemberName] string operation = "")
    {
        var closed = await db.FindValueAsync(row => row.Guid(), """
            SELECT u.id
            FROM users u
            WHERE u.id = @userId AND u.closed_at IS NOT NULL
            """, [P.Of(userId)], cancellationToken, operation).ConfigureAwait(false);
        if (closed is not null)
        {
            throw MissingReferenceException.Of(constraint);
        }
    }

    /// <summary>The first closed account after an id, which is null before the first one; null after the last one.</summary>
    internal static Task<Guid?> FindNextAsync(Db db, Guid? after, string operation, CancellationToken cancellationToken) =>
        db.FindValueAsync(row => row.Guid(), $"""
            SELECT u.id
            FROM users u
            WHERE u.closed_at IS NOT NULL AND u.id >= coalesce(@after, {Ids.Least}) AND u.id IS DISTINCT FROM @after
            ORDER BY u.id
            LIMIT 1
            """, [P.Of(after)], cancellationToken, operation);

    /// <summary>Counts the closed accounts whose rows are not removed yet.</summary>
    internal static async Task<long> CountAsync(Db db, CancellationToken cancellationToken) =>
        await db.FindValueAsync(row => row.Long(), """
            SELECT pg_catalog.count(u.id)
            FROM users u
            WHERE u.closed_at IS NOT NULL
            """, [], cancellationToken, nameof(IPlatformUserRepository.CountClosedAsync)).ConfigureAwait(false) ?? 0;

    /// <summary>
    /// The statements that remove the last rows of a closed account: sessions, and the account once nothing else of it is left. Each
    /// returns the ids of the removed rows.
    /// </summary>
    internal static Statement[] RemoveRest(Guid userId, int limit) =>
    [
        SessionRepository.RemoveSome(userId, limit),
        new Statement($"""
            DELETE FROM users u
            WHERE u.id = @userId AND u.closed_at IS NOT NULL AND {IsEmpty}
            RETURNING u.id
            """, P.Of(userId)),
    ];
}
