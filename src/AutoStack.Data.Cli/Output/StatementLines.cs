using AutoStack.Data.Migrations;
using AutoStack.Data.Migrations.Internal;
using Spectre.Console;

namespace AutoStack.Data.Cli.Output;

/// <summary>
/// Prints statements to copy, each after its cost in a comment, and <c>SET lock_timeout</c> wherever another one is right.
/// </summary>
internal sealed class StatementLines(IAnsiConsole output, string indent)
{
    private string? lockTimeout;

    /// <summary>Prints a statement.</summary>
    /// <param name="repair">The statement.</param>
    /// <param name="disabled">True to print it as a comment, so that nobody runs it by accident.</param>
    public void Write(RepairStatement repair, bool disabled)
    {
        if (!disabled && lockTimeout != repair.LockTimeout)
        {
            lockTimeout = repair.LockTimeout;
            output.WriteUnwrapped($"{indent}SET lock_timeout = '{lockTimeout}';");
        }

        output.WriteUnwrapped($"{indent}-- {Cost(repair)}");

        // Lines after the first are not indented: they may belong to the text of a function.
        output.WriteUnwrapped(disabled
            ? $"{indent}-- {repair.Sql.Replace("\n", $"\n{indent}-- ", StringComparison.Ordinal)};"
            : $"{indent}{repair.Sql};");
    }

    /// <summary>What a statement locks and loses.</summary>
    public static string Cost(RepairStatement repair)
    {
        var locks = repair.Locks.Count == 0 ? "locks no table" : "locks " + Visible.Text(string.Join(", ", repair.Locks));
        return locks + (repair.Transactional ? "" : ", outside a transaction") + (repair.LosesData ? "; loses data" : "")
            + (repair.LosesSecurity ? "; loses security" : "");
    }
}
