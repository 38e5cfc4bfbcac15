using AutoStack.Data.Tests.Support;
using AutoStack.Data.Values;
using Npgsql;

namespace AutoStack.Data.Tests.Conventions;

/// <summary>The library folds the case of an e-mail address exactly as the expression of the unique index does.</summary>
public sealed class EmailFolding : DatabaseTests
{
    [Test]
    public async Task Library_and_server_fold_every_character_of_an_address_alike()
    {
        var characters = Enumerable.Range(1, 0x10FFFF)
            .Where(c => c is < 0xD800 or > 0xDFFF)
            .Select(char.ConvertFromUtf32)
            .Where(c => !char.IsWhiteSpace(c, 0))
            .ToArray();
        await using var command = Raw.CreateCommand(
            """
            SELECT count(*) FROM unnest($1::text[], $2::text[]) AS t (c, folded) WHERE lower(c COLLATE "C") <> folded
            """);
        command.Parameters.Add(new NpgsqlParameter { Value = characters });
        command.Parameters.Add(new NpgsqlParameter { Value = characters.Select(AsciiText.Lower).ToArray() });

        Assert.That(await command.ExecuteScalarAsync(Token), Is.Zero);
        Assert.That(characters.Where(c => AsciiText.Lower(c) != c), Is.EqualTo("ABCDEFGHIJKLMNOPQRSTUVWXYZ".Select(c => c.ToString())));
    }
}
