using AutoStack.Data.Archives;
using Microsoft.Extensions.DependencyInjection;

namespace AutoStack.Data.Tests.Archives;

/// <summary>Columns of your own: what is archived can be restored, and what cannot be is refused before anything is stored.</summary>
[CancelAfter(300_000)]
public sealed class ArchiveColumnTests : ArchiveTestsBase
{
    [Test]
    public async Task An_enum_of_your_own_comes_back_as_table_and_as_partition()
    {
        var deployment = await AddAprilAsync();
        await ExecuteAsync("CREATE TYPE log_severity AS ENUM ('low', 'high')");
        await ExecuteAsync("CREATE TYPE restored.\"Log \"\"Severity\"\"\" AS ENUM ('low', 'high')");
        await ExecuteAsync(""""
            ALTER TABLE deployment_logs ADD COLUMN severity log_severity, ADD COLUMN others restored."Log ""Severity"""[]
            """");
        try
        {
            await ExecuteAsync(
                "UPDATE deployment_logs SET severity = 'high', others = '{low,NULL}' WHERE deployment_id = $1 AND seq > 1", deployment);
            await ExecuteAsync("CREATE TABLE restored.before AS SELECT * FROM deployment_logs");
            Assert.That((await RetainAsync(Store))[0].Failure, Is.Null);
            Assert.That(await CountAsync("deployment_logs"), Is.Zero);
            var archive = (await ArchivesAsync()).Single();

            await Restore.RestoreAsync(archive.Name, RestoreTarget.Table("restored", "logs"), Store, null, Token);
            await Restore.RestoreAsync(archive.Name, RestoreTarget.Partition, Store, null, Token);

            Assert.That(await CountAsync("restored.before"), Is.EqualTo(3L));
            Assert.That(await CountDifferencesAsync("restored.before", "restored.logs"), Is.Zero);
            Assert.That(await CountDifferencesAsync("restored.before", "deployment_logs"), Is.Zero);
        }
        finally
        {
            await ExecuteAsync("ALTER TABLE deployment_logs DROP COLUMN severity, DROP COLUMN others");
        }

        await ExecuteAsync("DROP SCHEMA restored CASCADE; CREATE SCHEMA restored; DROP TYPE log_severity");
        var left = (await ArchivesAsync()).Single();
        Assert.That(
            () => Restore.RestoreAsync(left.Name, RestoreTarget.Table("restored", "logs"), Store, null, Token),
            Throws.TypeOf<ArchiveException>().With.Message.Contains("\"log_severity\" does not exist"));
    }

    // The form of values is the library's, not the database's.
    [Test]
    public async Task Settings_of_the_database_change_no_value()
    {
        var deployment = await AddAprilAsync();
        (string Name, string Value)[] settings =
        [
            ("extra_float_digits", "-6"), ("intervalstyle", "sql_standard"), ("bytea_output", "escape"), ("quote_all_identifiers", "on"),
            ("datestyle", "'German, DMY'"),
        ];
        await ExecuteAsync("""
            ALTER TABLE deployment_logs
                ADD COLUMN our_double double precision, ADD COLUMN our_real real[], ADD COLUMN our_time interval, ADD COLUMN our_bytes bytea
            """);
        try
        {
            await ExecuteAsync("""
                UPDATE deployment_logs
                SET our_double = 0.1::double precision + 0.2, our_real = ARRAY[0.1::real + 0.2::real],
                    our_time = '-1 year +2 days -03:04:05.678901', our_bytes = '\x005c2700ff'
                WHERE deployment_id = $1
                """, deployment);
            foreach (var (name, value) in settings)
            {
                await ExecuteAsync($"ALTER DATABASE {Database.Name} SET {name} = {value}");
            }

            await using var host = Host(Store);
            var (archives, restore) = (host.GetRequiredService<ILogArchive>(), host.GetRequiredService<ILogRestore>());
            var archive = (await archives.ArchiveAsync(AprilLogs, Store, null, Token))!.Archive!;
            await restore.RestoreAsync(archive.Name, RestoreTarget.Table("restored", "logs"), Store, null, Token);

            Assert.That(
                archive.Columns.Select(column => column.Type),
                Is.SupersetOf(new[] { "uuid", "double precision", "real[]", "interval", "bytea" }));
            Assert.That(await CountDifferencesAsync($"autostack_partitions.{AprilLogs}", "restored.logs"), Is.Zero);
        }
        finally
        {
            foreach (var (name, _) in settings)
            {
                await ExecuteAsync($"ALTER DATABASE {Database.Name} RESET {name}");
            }

            await ExecuteAsync("""
                ALTER TABLE deployment_logs
                    DROP COLUMN our_double, DROP COLUMN our_real, DROP COLUMN our_time, DROP COLUMN our_bytes
                """);
        }
    }

    [TestCase("json", "1")]
    [TestCase("json[]", "{1}")]
    [TestCase("point", "(1, 2)")]
    public async Task A_column_that_cannot_be_hashed_is_named(string type, string value)
    {
        await AddAprilAsync();
        await ExecuteAsync($"ALTER TABLE deployment_logs ADD COLUMN own {type} DEFAULT '{value}'");
        try
        {
            var results = await RetainAsync(Store);

            Assert.That(
                results[0].Failure,
                Is.TypeOf<ArchiveException>().With.Message.StartsWith($"The column own of deployment_logs has the type {type}, "));
            Assert.That(results.Skip(1).Select(result => result.Failure), Is.All.Null);
            Assert.That(await CountAsync("deployment_logs"), Is.EqualTo(3L));
            Assert.That(Directory.Exists(Folder), Is.False);
        }
        finally
        {
            await ExecuteAsync("ALTER TABLE deployment_logs DROP COLUMN own");
        }
    }

    [Test]
    public async Task A_column_that_cannot_be_restored_is_named()
    {
        await AddAprilAsync();
        await ExecuteAsync("ALTER TABLE deployment_logs ADD COLUMN \"a\tb\" text");
        try
        {
            var results = await RetainAsync(Store);

            Assert.That(
                results[0].Failure, Is.TypeOf<ArchiveException>().With.Message.StartsWith("The column a\tb of deployment_logs has a name"));
            Assert.That(await CountAsync("deployment_logs"), Is.EqualTo(3L));
            Assert.That(Directory.EnumerateFiles(Folder), Is.Empty);
        }
        finally
        {
            await ExecuteAsync("ALTER TABLE deployment_logs DROP COLUMN \"a\tb\"");
        }
    }
}
