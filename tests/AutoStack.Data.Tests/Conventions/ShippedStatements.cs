using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;
using System.Text.RegularExpressions;
using AutoStack.Data.Tests.Support;
using Npgsql;

namespace AutoStack.Data.Tests.Conventions;

/// <summary>
/// The migrated schema accepts every statement of the library. The statements come from the string heap of the assembly.
/// </summary>
public sealed partial class ShippedStatements : DatabaseTests
{
    // The types of parameters in places where the server accepts any type and so infers none.
    private static readonly Dictionary<string, string> Types = new()
    {
        ["now"] = "timestamp",
        ["name"] = "text",
        ["id"] = "uuid",
        ["key"] = "uuid",
        ["keys"] = "uuid[]",
        ["chosen"] = "uuid[]",
        ["lease"] = "interval",
        ["worker"] = "text",
        ["ids"] = "uuid[]",
        ["times"] = "timestamp[]",
        ["levels"] = "text[]",
        ["messages"] = "text[]",
        ["first"] = "integer",
        ["last"] = "integer",
        ["from"] = "text[]",
        ["branch"] = "text",
        ["host"] = "text",
        ["outputDir"] = "text",
        ["runtime"] = "text",
        ["hash"] = "text",
        ["hashFull"] = "text",
        ["idle"] = "interval",
        ["maxPerProject"] = "integer",
        ["maxPerUser"] = "integer",
        ["checkedAt"] = "timestamp",
        ["message"] = "text",
        ["author"] = "text",
        ["timestamp"] = "timestamp",
        ["email"] = "text",
        ["theme"] = "text",
        ["gitHubId"] = "text",
        ["googleId"] = "text",
        ["avatarUrl"] = "text",
        ["provider"] = "text",
        ["deliveryId"] = "text",
        ["repository"] = "text",
        ["since"] = "timestamp",
        ["until"] = "timestamp",
        ["starts"] = "timestamp[]",
        ["ends"] = "timestamp[]",
        ["known"] = "text[]",
        ["projectId"] = "uuid",
        ["after"] = "uuid",
        ["source"] = "text",
        ["reason"] = "text",
        ["status"] = "text",
        ["pattern"] = "text",
        ["stages"] = "text[]",
        ["copyId"] = "uuid",
        ["buckets"] = "integer",
        ["deploymentIds"] = "uuid[]",
        ["distinctIds"] = "uuid[]",
        ["seqs"] = "bigint[]",
        ["seq"] = "bigint",
        ["urls"] = "text[]",
        ["statuses"] = "integer[]",
        ["latencies"] = "integer[]",
        ["live"] = "boolean[]",
        ["userId"] = "uuid",
        ["token"] = "text",
        ["verified"] = "text",
        ["expiresAt"] = "timestamp",
        ["names"] = "text[]",
        ["tables"] = "text[]",
    };

    public static IEnumerable<string> Statements
    {
        get
        {
            using var file = File.OpenRead(typeof(IUnitOfWork).Assembly.Location);
            using var image = new PEReader(file);
            var metadata = image.GetMetadataReader();
            var handle = MetadataTokens.UserStringHandle(0);
            do
            {
                var text = metadata.GetUserString(handle);
                if (Verb().IsMatch(text))
                {
                    yield return text;
                }

                handle = metadata.GetNextHandle(handle);
            }
            while (!handle.IsNil);
        }
    }

    [OneTimeSetUp]
    public async Task AddFunctionsOfFeaturesAsync()
    {
        await using var connection = await Raw.OpenConnectionAsync(Token);
        await FeatureFunctions.AddAsync(connection, Token);
    }

    [Test]
    public void There_are_statements() => Assert.That(Statements.Count(), Is.GreaterThanOrEqualTo(25));

    [TestCaseSource(nameof(Statements))]
    public async Task Every_statement_prepares(string sql)
    {
        var (positional, types) = Numbered(sql);
        await using var connection = await Raw.OpenConnectionAsync(Token);
        await using var command = new NpgsqlCommand { Connection = connection };

        // Inside a string of its own, so that the driver does not take $1 for a parameter of its command.
        command.CommandText = $"DO $do$ BEGIN EXECUTE $prepare$PREPARE shipped {types} AS {positional}$prepare$; END $do$";
        await command.ExecuteNonQueryAsync(Token);
        command.CommandText = "DEALLOCATE shipped";
        await command.ExecuteNonQueryAsync(Token);
    }

    /// <summary>
    /// The statement with numbered parameters, and the types of those that the server cannot infer, in parentheses; empty without
    /// parameters.
    /// </summary>
    internal static (string Sql, string Types) Numbered(string sql)
    {
        var names = new List<string>();
        var positional = Parameter().Replace(sql, match =>
        {
            var name = match.Groups[1].Value;
            if (!names.Contains(name))
            {
                names.Add(name);
            }

            return $"${names.IndexOf(name) + 1}";
        });
        var types = names.Count == 0 ? "" : $"({string.Join(", ", names.Select(name => Types.GetValueOrDefault(name, "unknown")))})";
        return (positional, types);
    }

    [TestCaseSource(nameof(Statements))]
    public void Every_order_by_ends_with_a_unique_column(string sql)
    {
        foreach (Match order in OrderBy().Matches(sql))
        {
            Assert.That(order.Groups[1].Value.TrimEnd(), Does.Match(@"(^|, )(\w\.)?(id|seq|port|ordinal|bucket|subject_hash)( DESC)?$"));
        }
    }

    [TestCaseSource(nameof(Statements))]
    public void No_statement_selects_all_columns(string sql) =>
        Assert.That(Literal().Replace(sql, "''").Replace("count(*)", "", StringComparison.Ordinal), Does.Not.Contain("*"));

    [GeneratedRegex(@"^\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\s")]
    private static partial Regex Verb();

    [GeneratedRegex(@"(?<![@\w])@(\w+)")]
    private static partial Regex Parameter();

    [GeneratedRegex("'[^']*'")]
    private static partial Regex Literal();

    // The order inside a percentile is of values; equal values give the same result in any order.
    [GeneratedRegex(@"(?<!WITHIN GROUP \()ORDER BY ((?:[^()\n]|(?<open>\()|(?<-open>\)))*)")]
    private static partial Regex OrderBy();
}
