namespace AutoStack.Data.Accounts;

/// <summary>
/// How a statement tells those behind it whose account has just been proved to be its owner's, by a mail, by a provider or by the password
/// that is changed: by a setting of the transaction. It is set each time, since a unit of work may prove several.
/// </summary>
internal static class ProvedAccount
{
    /// <summary>The name of the setting.</summary>
    internal const string Setting = "'autostack.proved_account'";

    /// <summary>The user; NULL when nothing was proved.</summary>
    internal const string Id = $"nullif(pg_catalog.current_setting({Setting}), ''::text)::uuid";
}
