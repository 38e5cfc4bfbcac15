using AutoStack.Data.Tests.Support;

namespace AutoStack.Data.Tests.SecretRotation;

/// <summary>The statements of the page on keys that remove the values of a lost key.</summary>
public sealed class LostKeyTests : DatabaseTests
{
    [Test]
    public async Task Values_of_the_lost_key_are_removed_in_both_forms_and_those_of_other_keys_stay()
    {
        (string Value, bool IsLost)[] values =
        [
            ("enc:v2:2025_1:AAAA", true), ("enc:v1:2025_1:AAAA", true),
            ("enc:v2:2025-1:AAAA", false), ("enc:v1:202511:AAAA", false), ("enc:v2:2025_1b:AAAA", false), ("A=enc:v2:2025_1:", false),
        ];
        foreach (var (value, _) in values)
        {
            var deployment = await EnqueueAsync();
            await ExecuteAsync(
                "UPDATE projects SET env_vars = $1, env_vars_version = gen_random_uuid() WHERE id = $2", value, deployment.ProjectId);
            await ExecuteAsync(
                "UPDATE deployments SET env_vars = $1, env_vars_version = gen_random_uuid() WHERE id = $2", value, deployment.Id);
            foreach (var (first, second) in new[] { ("$1", "'clear'"), ("'clear'", "$1") })
            {
                await ExecuteAsync(
                    "INSERT INTO github_connections (user_id, github_access_token, github_refresh_token) "
                    + $"VALUES ($2, {first}, {second})",
                    value, (await AddUserAsync()).Id);
            }
        }

        await ExecuteAsync(Statements().Replace("2025-01", "2025_1", StringComparison.Ordinal));

        var (lost, kept) = (values.Count(value => value.IsLost), values.Count(value => !value.IsLost));
        Assert.That(await CountAsync("projects WHERE env_vars IS NOT NULL"), Is.EqualTo(kept));
        Assert.That(await CountAsync("projects WHERE env_vars IS NULL AND env_vars_version IS NULL"), Is.EqualTo(lost));
        Assert.That(await CountAsync("deployments WHERE env_vars IS NOT NULL"), Is.EqualTo(kept));
        Assert.That(await CountAsync("deployments WHERE env_vars IS NULL AND env_vars_version IS NULL"), Is.EqualTo(lost));
        Assert.That(await CountAsync("github_connections"), Is.EqualTo(2 * kept));
        foreach (var (value, isLost) in values)
        {
            Assert.That(await ScalarAsync("SELECT count(*) FROM projects WHERE env_vars = $1", value), Is.EqualTo(isLost ? 0L : 1L), value);
        }
    }

    private async Task<long> CountAsync(string rows) => (long)(await ScalarAsync($"SELECT count(*) FROM {rows}"))!;

    private static string Statements()
    {
        var page = File.ReadAllText(Path.Combine(SourceRoot.Path, "docs", "keys.md"));
        var start = page.IndexOf("```sql\n", page.IndexOf("## A key is lost", StringComparison.Ordinal), StringComparison.Ordinal) + 7;
        return page[start..page.IndexOf("```", start, StringComparison.Ordinal)];
    }
}
