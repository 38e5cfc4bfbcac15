using System.Text.RegularExpressions;
using Npgsql;

namespace AutoStack.Data.Tests.Conventions;

/// <summary>The plans of the library's statements.</summary>
internal static partial class ShippedPlan
{
    /// <summary>The only statement that contains all parts.</summary>
    public static string Statement(params string[] parts) =>
        ShippedStatements.Statements.Single(s => parts.All(part => s.Contains(part, StringComparison.Ordinal)));

    /// <summary>Explains a statement with a custom plan, as its first executions use, or with a generic plan.</summary>
    /// <param name="connection">The connection that plans the statement.</param>
    /// <param name="sql">The statement.</param>
    /// <param name="generic">True for the generic plan, which serves all values.</param>
    /// <param name="parameters">The name, type and literal of every parameter.</param>
    /// <param name="options">The options of EXPLAIN.</param>
    public static async Task<string> ExplainAsync(
        NpgsqlConnection connection, string sql, bool generic, (string Name, string Type, string Value)[] parameters,
        string options = "COSTS OFF")
    {
        var positional = Parameter().Replace(sql, m => $"${Array.FindIndex(parameters, p => p.Name == m.Groups[1].Value) + 1}");

        // Inside a string of its own, so that the driver does not take $1 for a parameter of its command.
        var types = string.Join(", ", parameters.Select(p => p.Type));
        await RunAsync($"DO $do$ BEGIN EXECUTE $prepare$PREPARE shipped ({types}) AS {positional}$prepare$; END $do$");
        await RunAsync($"SET plan_cache_mode = {(generic ? "force_generic_plan" : "force_custom_plan")}");
        var plan = await RunAsync($"EXPLAIN ({options}) EXECUTE shipped ({string.Join(", ", parameters.Select(p => p.Value))})");
        await RunAsync("DEALLOCATE shipped");
        await RunAsync("RESET plan_cache_mode");
        return plan;

        async Task<string> RunAsync(string text)
        {
            var lines = new List<string>();
            await using var command = new NpgsqlCommand(text, connection);
            await using var reader = await command.ExecuteReaderAsync();
            while (await reader.ReadAsync())
            {
                lines.Add(reader.GetString(0));
            }

            return string.Join('\n', lines);
        }
    }

    [GeneratedRegex(@"(?<![@\w])@(\w+)")]
    private static partial Regex Parameter();
}
