using AutoStack.Data.Tests.Support;

namespace AutoStack.Data.Tests.Conventions;

public sealed class ForeignKeys : DatabaseTests
{
    [Test]
    public async Task Every_foreign_key_has_an_index_that_starts_with_it()
    {
        var bare = await ScalarAsync(
            """
            SELECT string_agg(conrelid::regclass || ' ' || conname, ', ')
            FROM pg_constraint c
            WHERE contype = 'f'
              AND NOT EXISTS (
                SELECT FROM pg_index i
                WHERE i.indrelid = c.conrelid AND i.indisvalid AND i.indpred IS NULL AND i.indkey[0] = c.conkey[1])
            """);

        Assert.That(bare, Is.Null, "Add an index whose first column is the foreign key.");
        Assert.That(await ScalarAsync("SELECT count(*) FROM pg_constraint WHERE contype = 'f'"), Is.GreaterThan(0L));
    }
}
