using AutoStack.Data.Accounts;
using AutoStack.Data.Deployments;
using AutoStack.Data.Postgres;
using AutoStack.Data.Projects;
using AutoStack.Data.Secrets;
using AutoStack.Data.Values;

namespace AutoStack.Data.SecretRotation;

internal sealed class SecretRotator(Db db, SecretProtector secrets) : ISecretRotation
{
    internal static IReadOnlyList<SecretColumn> Columns { get; } =
    [
        GitHubConnectionRepository.AccessTokens,
        GitHubConnectionRepository.RefreshTokens,
        ProjectEnvironmentRepository.Secrets,
        DeploymentEnvironmentRepository.Secrets,
    ];

    /// <summary>The columns in which a value is found fast: their tables are small.</summary>
    internal static IReadOnlyList<SecretColumn> Samples { get; } =
        [GitHubConnectionRepository.AccessTokens, ProjectEnvironmentRepository.Secrets];

    public async Task<IReadOnlyList<SecretRotationResult>> RunAsync(int batchSize, CancellationToken cancellationToken)
    {
        Limit.Check(batchSize, ISecretRotation.MaxBatchSize);
        var prefix = secrets.WriterPrefix
            ?? throw new InvalidOperationException("No key is configured: add a key to AutoStackDataOptions.SecretKeys.");
        var results = new List<SecretRotationResult>();
        foreach (var column in Columns)
        {
            results.Add(await RotateAsync(column, prefix, batchSize, cancellationToken).ConfigureAwait(false));
        }

        results.Add(await HashSessionsAsync(batchSize, cancellationToken).ConfigureAwait(false));
        return results;
    }

    // Independent of AcceptClearSecrets: the hash of a token grants its writer nothing that the token in clear did not, and its holder
    // stays signed in.
    private async Task<SecretRotationResult> HashSessionsAsync(int batchSize, CancellationToken cancellationToken)
    {
        var result = new SecretRotationResult(SessionRepository.Tokens, Rotated: 0, Skipped: 0, Unreadable: 0);
        var after = Guid.Empty;
        while (true)
        {
            var ids = await db.ListAsync(row => row.Guid(), SessionRepository.ClearTokens(after, batchSize), cancellationToken)
                .ConfigureAwait(false);
            var hashed = await HashAsync([.. ids], cancellationToken).ConfigureAwait(false);
            result = result with { Rotated = result.Rotated + hashed, Skipped = result.Skipped + ids.Count - hashed };
            if (ids.Count < batchSize)
            {
                return result;
            }

            after = ids[^1];
        }
    }

    // After a lost answer, tokens that are no longer in clear are those of the first time.
    private Task<int> HashAsync(Guid[] ids, CancellationToken cancellationToken) => db.WriteBatchAsync(
        async sets =>
        {
            var hashed = (await sets.ListAsync(row => row.Guid()).ConfigureAwait(false)).Count;
            var stored = (await sets.ListAsync(row => row.Guid()).ConfigureAwait(false)).Count;
            return sets.IsRepeated ? stored : hashed;
        },
        [SessionRepository.HashTokens(ids), SessionRepository.HashedTokens(ids)], cancellationToken);

    private async Task<SecretRotationResult> RotateAsync(
        SecretColumn column, string prefix, int batchSize, CancellationToken cancellationToken)
    {
        var result = new SecretRotationResult(column.Name, Rotated: 0, Skipped: 0, Unreadable: 0);
        var after = Guid.Empty;
        while (true)
        {
            var rows = await db.ListAsync(column.Read, column.Stale(prefix, after, batchSize), cancellationToken).ConfigureAwait(false);
            foreach (var (id, stored, place) in rows)
            {
                StoredSecret renewed;
                try
                {
                    renewed = secrets.Protect(secrets.Open(stored, place), place);
                }
                catch (SecretUnreadableException)
                {
                    result = result with { Unreadable = result.Unreadable + 1 };
                    continue;
                }

                var replaced = await db.WriteAsync(
                    column.Replace(id, stored, renewed), cancellationToken).ConfigureAwait(false);
                result = result with { Rotated = result.Rotated + replaced, Skipped = result.Skipped + 1 - replaced };
            }

            if (rows.Count < batchSize)
            {
                return result;
            }

            after = rows[^1].Id;
        }
    }
}
