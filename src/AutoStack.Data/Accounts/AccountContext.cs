using AutoStack.Data.Postgres;
using AutoStack.Data.Secrets;

namespace AutoStack.Data.Accounts;

/// <summary>The services that the repositories of accounts share.</summary>
/// <param name="Clock">The clock; a fake clock shifts the time that statements compare with.</param>
/// <param name="Options">The rules for sign-ins, sessions and password resets.</param>
/// <param name="Secrets">Encrypts and decrypts stored secrets.</param>
/// <param name="EndDeploymentsOfChosen">
/// The statements that end the running deployments of the user in <see cref="Chosen.Ids"/>, which deployments stand above accounts for.
/// </param>
internal sealed record AccountContext(
    TimeProvider Clock, AccountOptions Options, SecretProtector Secrets, Func<Statement[]> EndDeploymentsOfChosen);
