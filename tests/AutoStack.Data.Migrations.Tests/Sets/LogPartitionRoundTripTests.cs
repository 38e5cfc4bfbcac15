namespace AutoStack.Data.Migrations.Tests.Sets;

/// <summary>The feature <c>log-partitions</c> on the server of the run and on other releases.</summary>
[TestFixture("")]
[TestFixture("14.23.0-beta.17")]
[TestFixture("16.14.0-beta.17")]
[TestFixture("17.10.0-beta.17")]
[TestFixture("18.4.0-beta.17")]
public sealed class LogPartitionRoundTripTests(string release) : LogPartitionTestsBase(release)
{
    [Test]
    public async Task Enabled_checked_and_disabled_it_leaves_rows_and_catalog_as_they_were()
    {
        var (catalog, rows) = (await CatalogAsync(), await ScalarAsync<string>(Rows));

        await Migrator().UpgradeAsync(On, cancellationToken: Token);
        var enabled = await ScalarAsync<string>(Rows);
        var places = await ListAsync(Places);
        var check = await Migrator().CheckAsync(Token);
        await Migrator().DowngradeAsync(Off, cancellationToken: Token);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(enabled, Is.EqualTo(rows));
            Assert.That(places, Is.EqualTo(new[] { "2 500", "2 500", "2 500" }), "rows of a period to come have moved into its partition");
            Assert.That(check.Differences, Is.Empty);
            Assert.That(check.ForeignObjects, Is.Empty);
            Assert.That(await ScalarAsync<string>(Rows), Is.EqualTo(rows));
            Assert.That(await CatalogAsync(), Is.EqualTo(catalog));
        }
    }
}
