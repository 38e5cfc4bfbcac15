namespace AutoStack.Data.Status;

/// <summary>The state of the account for which a statement works.</summary>
internal static class AccountState
{
    /// <summary>
    /// The condition of every statement with <c>@ownerId</c>: the account is not closed. A closed account exists for the removal of its
    /// rows only. The condition refers to no row of the statement: the server looks once, before it reads any row, into an index of the
    /// closed accounts, which is empty most of the time.
    /// </summary>
    internal const string OwnerIsOpen = "NOT EXISTS (SELECT 1 FROM users c WHERE c.id = @ownerId AND c.closed_at IS NOT NULL)";
}
