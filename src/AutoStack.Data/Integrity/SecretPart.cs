using System.Buffers.Text;
using AutoStack.Data.Accounts;
using AutoStack.Data.Deployments;
using AutoStack.Data.Monitoring;
using AutoStack.Data.Postgres;
using AutoStack.Data.Projects;
using AutoStack.Data.Secrets;

namespace AutoStack.Data.Integrity;

/// <summary>
/// Opens the values of an encrypted column with the keys of the options; without a key, looks at their form. No value leaves the part.
/// </summary>
/// <param name="table">The table.</param>
/// <param name="column">The column.</param>
/// <param name="statement">Selects what <see cref="SecretColumn.Read"/> reads.</param>
internal sealed class SecretPart(string table, Func<SecretColumn> column, Func<PageRange, Statement> statement) : IntegrityPart(
    Severity.Error,
    "Give verify the key that the value names; a value that was changed or moved comes back from a backup, or is set again.")
{
    // What a value has beside its text: a nonce of 12 bytes and a tag of 16.
    private const int Overhead = 28;

    public static IntegrityPart[] All { get; } =
    [
        new Keys(),
        new SecretPart("github_connections", () => GitHubConnectionRepository.AccessTokens, range => new Statement($"""
            SELECT t.id, t.github_access_token, t.github_access_token_version, t.user_id
            FROM github_connections t
            WHERE {RangeSql.InRange} AND t.github_access_token IS NOT NULL
            """, range.Start, range.Stop)),
        new SecretPart("github_connections", () => GitHubConnectionRepository.RefreshTokens, range => new Statement($"""
            SELECT t.id, t.github_refresh_token, t.github_refresh_token_version, t.user_id
            FROM github_connections t
            WHERE {RangeSql.InRange} AND t.github_refresh_token IS NOT NULL
            """, range.Start, range.Stop)),
        new SecretPart("projects", () => ProjectEnvironmentRepository.Secrets, range => new Statement($"""
            SELECT t.id, t.env_vars, t.env_vars_version, t.user_id
            FROM projects t
            WHERE {RangeSql.InRange} AND t.env_vars IS NOT NULL
            """, range.Start, range.Stop)),
        new SecretPart("deployments", () => DeploymentEnvironmentRepository.Secrets, range => new Statement($"""
            SELECT t.id, t.env_vars, t.env_vars_version, t.project_id, t.user_id
            FROM deployments t
            WHERE {RangeSql.InRange} AND t.env_vars IS NOT NULL
            """, range.Start, range.Stop)),
    ];

    public override string Subject => column().Name;

    public override async Task<IReadOnlyList<Target>> TargetsAsync(Verification run, CancellationToken cancellationToken) =>
        await run.PagesAsync(table, cancellationToken).ConfigureAwait(false) is { } pages ? [new Target(column().Name, pages)] : [];

    public override async Task<RangeResult> ReadAsync(
        Verification run, Target target, PageRange range, CancellationToken cancellationToken)
    {
        var values = await run.ListAsync(
            row =>
            {
                var value = column().Read(row);
                return (value.Id, Problem: ProblemOf(run.Secrets, value));
            }, statement(range), cancellationToken).ConfigureAwait(false);
        return new RangeResult(values.Count,
        [
            .. values.Where(value => value.Problem is not null).GroupBy(value => value.Problem!).Select(
                group => new RangeProblem(group.Key, group.Count(), [.. group.Take(100).Select(value => value.Id.ToString())])),
        ]);
    }

    private static string? ProblemOf(SecretProtector secrets, StaleSecret secret)
    {
        var (value, version) = secret.Stored;
        var form = StoredForm.Of(value, version is not null);
        if (secrets.WriterPrefix is null)
        {
            return value!.StartsWith(StoredForm.Prefix, StringComparison.Ordinal)
                && !(form.Form == SecretForm.Encrypted && IsWellFormed(value.AsSpan(StoredForm.Prefix.Length + form.KeyId!.Length + 1)))
                    ? "an encrypted value is cut, or has no version" : null;
        }

        try
        {
            secrets.Open(secret.Stored, secret.Place);
            return null;
        }
        catch (SecretUnreadableException)
        {
            return $"a value does not open{(form.KeyId is { } key ? $"; it names the key '{key}'" : "")}";
        }
    }

    private static bool IsWellFormed(ReadOnlySpan<char> encrypted) => Base64Url.IsValid(encrypted, out var length) && length > Overhead;

    /// <summary>Says that there is no key.</summary>
    private sealed class Keys() : IntegrityPart(Severity.Information, "")
    {
        private static readonly Obstacle NoKey =
            new(Severity.Information, "no key is given, so that only the form of the values was read.", "Give verify the keys.");

        public override Task<IReadOnlyList<Target>> TargetsAsync(Verification run, CancellationToken cancellationToken) =>
            Task.FromResult<IReadOnlyList<Target>>(
                run.Secrets.WriterPrefix is null ? [new Target("the secrets", 0) { Missing = NoKey }] : []);

        public override Task<RangeResult> ReadAsync(
            Verification run, Target target, PageRange range, CancellationToken cancellationToken) =>
            Task.FromResult(new RangeResult(0, []));
    }
}
