using System.Runtime.CompilerServices;
using AutoStack.Data.Accounts;
using AutoStack.Data.Deployments;
using AutoStack.Data.Postgres;
using AutoStack.Data.Projects;
using AutoStack.Data.Secrets;
using AutoStack.Data.Values;

namespace AutoStack.Data.SecretRotation;

/// <param name="db">The database.</param>
/// <param name="secrets">The keys.</param>
/// <param name="leftOut">The columns that counts and searches leave out; null for none.</param>
internal sealed class SecretRotator(Db db, SecretProtector secrets, IReadOnlyCollection<string>? leftOut = null) : ISecretRotation
{
    internal static IReadOnlyList<SecretColumn> Columns { get; } =
    [
        GitHubConnectionRepository.AccessTokens,
        GitHubConnectionRepository.RefreshTokens,
        ProjectEnvironmentRepository.Secrets,
        DeploymentEnvironmentRepository.Secrets,
    ];

    /// <summary>The columns that the readiness check samples: one of tokens, one of environments.</summary>
    internal static IReadOnlyList<SecretColumn> Samples { get; } =
        [GitHubConnectionRepository.AccessTokens, ProjectEnvironmentRepository.Secrets];

    private IEnumerable<SecretColumn> Chosen => Columns.Where(column => leftOut?.Contains(column.Name) != true);

    /// <summary>The same, whose counts and searches leave columns out.</summary>
    public SecretRotator Without(IReadOnlyCollection<string> columns) => new(db, secrets, columns);

    /// <summary>Lists the columns that the role may not read: a count or a search of them would fail.</summary>
    public Task<IReadOnlyList<string>> ListHiddenAsync(CancellationToken cancellationToken)
    {
        string[] columns = [.. Columns.Select(column => column.Name), SessionRepository.Tokens];
        return db.ListAsync(
            row => row.Text(),
            new Statement("""
                SELECT c.name
                FROM pg_catalog.unnest(@columns::text[]) WITH ORDINALITY c (name, ordinal)
                WHERE EXISTS (
                    SELECT
                    FROM pg_catalog.pg_attribute a
                    WHERE a.attrelid = pg_catalog.to_regclass(pg_catalog.format('public.%I', pg_catalog.split_part(c.name, '.', 1)))::oid
                      AND a.attname IN (
                        'id', 'user_id', 'project_id', pg_catalog.split_part(c.name, '.', 2)::name,
                        pg_catalog.format('%s_version', pg_catalog.split_part(c.name, '.', 2))::name)
                      AND NOT pg_catalog.has_column_privilege(a.attrelid, a.attnum, 'SELECT'))
                ORDER BY c.ordinal
                """, P.Of(columns)),
            cancellationToken);
    }

    public async Task<IReadOnlyList<SecretRotationResult>> RunAsync(
        int batchSize, IProgress<SecretProgress>? progress, CancellationToken cancellationToken)
    {
        Limit.Check(batchSize, ISecretRotation.MaxBatchSize);
        var prefix = secrets.WriterPrefix
            ?? throw new InvalidOperationException("No key is configured: add a key to AutoStackDataOptions.SecretKeys.");
        var results = new List<SecretRotationResult>();
        foreach (var column in Columns)
        {
            var result = new SecretRotationResult(column.Name, Rotated: 0, Skipped: 0, Unreadable: 0);
            await foreach (var window in WindowsAsync(column, batchSize, cancellationToken).ConfigureAwait(false))
            {
                await foreach (var row in ValuesAsync(column, prefix, window, batchSize, cancellationToken).ConfigureAwait(false))
                {
                    result = await RotateAsync(column, row, result, cancellationToken).ConfigureAwait(false);
                }

                progress?.Report(new SecretProgress(column.Name, window.Rows, result.Rotated));
            }

            results.Add(result);
        }

        results.Add(await HashSessionsAsync(batchSize, progress, cancellationToken).ConfigureAwait(false));
        return results;
    }

    public async Task<IReadOnlyList<SecretCount>> CountAsync(
        int batchSize, IProgress<SecretProgress>? progress, CancellationToken cancellationToken)
    {
        Limit.Check(batchSize, ISecretRotation.MaxBatchSize);
        var counts = new List<SecretCount>();
        foreach (var column in Chosen)
        {
            var forms = new Dictionary<(SecretForm Form, string? KeyId), long>();
            await foreach (var (rows, found) in CountWindowsAsync(column, batchSize, cancellationToken).ConfigureAwait(false))
            {
                foreach (var (_, form, key, values) in found)
                {
                    forms[(form, key)] = forms.GetValueOrDefault((form, key)) + values;
                }

                progress?.Report(new SecretProgress(column.Name, rows, forms.Values.Sum()));
            }

            counts.AddRange(forms.OrderBy(form => form.Key.Form).ThenBy(form => form.Key.KeyId, StringComparer.Ordinal)
                .Select(form => new SecretCount(column.Name, form.Key.Form, form.Key.KeyId, form.Value)));
        }

        if (leftOut?.Contains(SessionRepository.Tokens) != true)
        {
            counts.AddRange(await CountSessionsAsync(batchSize, progress, cancellationToken).ConfigureAwait(false));
        }

        return counts;
    }

    /// <summary>Counts one window of a column after the other, so that a caller who ends early has what was counted.</summary>
    /// <returns>For each window, the number of rows up to its end, and its counts.</returns>
    public async IAsyncEnumerable<(long Rows, IReadOnlyList<SecretCount> Counts)> CountWindowsAsync(
        SecretColumn column, int batchSize, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var window in WindowsAsync(column, batchSize, cancellationToken).ConfigureAwait(false))
        {
            yield return (window.Rows, await db.ListAsync(
                row =>
                {
                    var form = StoredForm.Of(row.TextOrNull(), row.Flag());
                    return new SecretCount(column.Name, form.Form, form.KeyId, row.Long());
                },
                column.Forms(window.After, window.UpTo),
                cancellationToken).ConfigureAwait(false));
        }
    }

    public async IAsyncEnumerable<UnreadableSecret> FindUnreadableAsync(
        int batchSize, IProgress<SecretProgress>? progress, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        Limit.Check(batchSize, ISecretRotation.MaxBatchSize);
        foreach (var column in Chosen)
        {
            long opened = 0;
            await foreach (var window in WindowsAsync(column, batchSize, cancellationToken).ConfigureAwait(false))
            {
                var values = ValuesAsync(column, StoredForm.NoPrefix, window, batchSize, cancellationToken);
                await foreach (var (id, stored, place, _) in values.ConfigureAwait(false))
                {
                    if (TryOpen(stored, place, out _))
                    {
                        opened++;
                        continue;
                    }

                    var form = StoredForm.Of(stored.Value, stored.Version is not null);
                    yield return new UnreadableSecret(column.Name, id, form.KeyId, ReasonOf(form));
                }

                progress?.Report(new SecretProgress(column.Name, window.Rows, opened));
            }
        }
    }

    private UnreadableReason ReasonOf(StoredForm form) => form.Form switch
    {
        SecretForm.Clear or SecretForm.FirstForm when !secrets.AcceptsClear => UnreadableReason.NotAccepted,
        SecretForm.WithoutVersion => UnreadableReason.WithoutVersion,
        SecretForm.Encrypted or SecretForm.FirstForm =>
            secrets.HasKey(form.KeyId) ? UnreadableReason.Changed : UnreadableReason.KeyMissing,
        _ => UnreadableReason.UnknownForm,
    };

    private async Task<SecretRotationResult> RotateAsync(
        SecretColumn column, StaleSecret row, SecretRotationResult result, CancellationToken cancellationToken)
    {
        var (id, stored, place, _) = row;
        if (!TryOpen(stored, place, out var opened))
        {
            return result with { Unreadable = result.Unreadable + 1 };
        }

        var replaced = await db.WriteAsync(column.Replace(id, stored, secrets.Protect(opened, place)), cancellationToken)
            .ConfigureAwait(false);
        return result with { Rotated = result.Rotated + replaced, Skipped = result.Skipped + 1 - replaced };
    }

    // Independent of AcceptClearSecrets: the hash of a token grants its writer nothing that the token in clear did not, and its holder
    // stays signed in.
    private async Task<SecretRotationResult> HashSessionsAsync(
        int batchSize, IProgress<SecretProgress>? progress, CancellationToken cancellationToken)
    {
        var result = new SecretRotationResult(SessionRepository.Tokens, Rotated: 0, Skipped: 0, Unreadable: 0);
        await foreach (var window in WindowsAsync(SessionRepository.Window, batchSize, cancellationToken).ConfigureAwait(false))
        {
            var (after, found) = (window.After, batchSize);
            while (found == batchSize)
            {
                var ids = await db.ListAsync(
                    row => row.Guid(), SessionRepository.ClearTokens(after, window.UpTo, batchSize), cancellationToken)
                    .ConfigureAwait(false);
                var hashed = await HashAsync([.. ids], cancellationToken).ConfigureAwait(false);
                result = result with { Rotated = result.Rotated + hashed, Skipped = result.Skipped + ids.Count - hashed };
                (after, found) = (ids.Count > 0 ? ids[^1] : after, ids.Count);
            }

            progress?.Report(new SecretProgress(result.Column, window.Rows, result.Rotated));
        }

        return result;
    }

    // After a lost answer, tokens that are no longer in clear are those of the first time.
    private Task<int> HashAsync(Guid[] ids, CancellationToken cancellationToken) => ids is [] ? Task.FromResult(0) : db.WriteBatchAsync(
        async sets =>
        {
            var hashed = (await sets.ListAsync(row => row.Guid()).ConfigureAwait(false)).Count;
            var stored = (await sets.ListAsync(row => row.Guid()).ConfigureAwait(false)).Count;
            return sets.IsRepeated ? stored : hashed;
        },
        [SessionRepository.HashTokens(ids), SessionRepository.HashedTokens(ids)], cancellationToken);

    private async Task<IReadOnlyList<SecretCount>> CountSessionsAsync(
        int batchSize, IProgress<SecretProgress>? progress, CancellationToken cancellationToken)
    {
        var (clear, hashed) = (0L, 0L);
        await foreach (var window in WindowsAsync(SessionRepository.Window, batchSize, cancellationToken).ConfigureAwait(false))
        {
            var found = await db.ListAsync(
                row => (IsClear: row.Flag(), Values: row.Long()),
                SessionRepository.TokenForms(window.After, window.UpTo),
                cancellationToken).ConfigureAwait(false);
            clear += found.Where(form => form.IsClear).Sum(form => form.Values);
            hashed += found.Where(form => !form.IsClear).Sum(form => form.Values);
            progress?.Report(new SecretProgress(SessionRepository.Tokens, window.Rows, clear + hashed));
        }

        return
        [
            .. new[] { (Form: SecretForm.Clear, Values: clear), (Form: SecretForm.Hashed, Values: hashed) }
                .Where(form => form.Values > 0)
                .Select(form => new SecretCount(SessionRepository.Tokens, form.Form, KeyId: null, form.Values)),
        ];
    }

    private IAsyncEnumerable<Window> WindowsAsync(SecretColumn column, int size, CancellationToken cancellationToken) =>
        WindowsAsync(column.Window, size, cancellationToken);

    // The windows of a table, in the order of its ids.
    private async IAsyncEnumerable<Window> WindowsAsync(
        Func<Guid?, int, Statement> window, int size, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var (after, rows) = ((Guid?)null, 0L);
        while (await db.ListAsync(row => row.Guid(), window(after, size), cancellationToken).ConfigureAwait(false) is [var upTo])
        {
            rows += size;
            yield return new Window(after, upTo, rows);
            after = upTo;
        }
    }

    // The values of a window, in pages of bounded size. Rows that were added meanwhile make more pages, too.
    private async IAsyncEnumerable<StaleSecret> ValuesAsync(
        SecretColumn column, string prefix, Window window, int size, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var after = window.After;
        IReadOnlyList<StaleSecret> page;
        do
        {
            page = await db.ListAsync(column.ReadStale, column.Stale(prefix, after, window.UpTo, size), cancellationToken)
                .ConfigureAwait(false);
            foreach (var row in page)
            {
                yield return row;
                after = row.Id;
            }
        }
        while (page is [.., var last] && (last.Found == size || last.Found > page.Count));
    }

    private bool TryOpen(StoredSecret stored, SecretPlace place, out Secret? opened)
    {
        try
        {
            opened = secrets.Open(stored, place);
            return true;
        }
        catch (SecretUnreadableException)
        {
            opened = null;
            return false;
        }
    }

    /// <summary>A window of rows: the ids after <paramref name="After"/>, up to <paramref name="UpTo"/>.</summary>
    /// <param name="After">The last id before the window; null before the first one.</param>
    /// <param name="UpTo">The last id of the window.</param>
    /// <param name="Rows">The number of rows up to its end; the last window may have fewer.</param>
    private sealed record Window(Guid? After, Guid UpTo, long Rows);
}
