using AutoStack.Data.Migrations.Internal;
using AutoStack.Data.Migrations.Tests.Support;
using Npgsql;

namespace AutoStack.Data.Migrations.Tests;

public sealed class SqlTextTests : MigrationTests
{
    [TestCaseSource(typeof(SqlTokenTests), nameof(SqlTokenTests.Scripts))]
    public async Task Statements_are_split_as_the_server_splits_them(string sql, int count)
    {
        var statements = SqlText.Statements(SqlText.Tokens(sql));

        Assert.That(statements, Has.Count.EqualTo(count));

        foreach (var statement in statements)
        {
            // With a parameter the text is sent unsplit, and the server refuses several statements.
            await using var command = Raw.CreateCommand(string.Join('\n', statement.Tokens.Select(token => token.Text)));
            command.Parameters.Add(new NpgsqlParameter { Value = 1 });
            await command.ExecuteNonQueryAsync(Token);
        }
    }
}
