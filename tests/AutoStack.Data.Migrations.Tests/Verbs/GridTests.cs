using System.Text.RegularExpressions;
using AutoStack.Data.Cli;
using AutoStack.Data.Cli.Output;
using AutoStack.Data.Migrations.Tests.Support;

namespace AutoStack.Data.Migrations.Tests.Verbs;

public sealed partial class GridTests : MigrationTests
{
    private const string Name = "0033_drop_deployments_queue_index_and_more";

    [Test]
    public void Everything_is_beside_each_other_where_it_fits() => Assert.That(Write(200, redirected: false), Is.EqualTo("""
        version name                                       state   checksum
              1 0001_initial_schema                        applied abcdef012345
             33 0033_drop_deployments_queue_index_and_more pending 543210fedcba
        """));

    [Test]
    public void A_pipe_has_every_column() => Assert.That(Write(20, redirected: true), Is.EqualTo(Write(200, redirected: false)));

    [Test]
    public void Columns_that_can_be_missed_are_left_out_first() => Assert.That(Write(62, redirected: false), Is.EqualTo("""
        version name                                       state
              1 0001_initial_schema                        applied
             33 0033_drop_deployments_queue_index_and_more pending
        """));

    [TestCase(20)]
    [TestCase(40)]
    [TestCase(57)]
    public void A_row_becomes_a_block_where_names_would_break(int width) => Assert.That(Write(width, redirected: false), Is.EqualTo("""
        1
          name      0001_initial_schema
          state     applied
          checksum  abcdef012345
        33
          name      0033_drop_deployments_queue_index_and_more
          state     pending
          checksum  543210fedcba
        """));

    [Test]
    public void A_sentence_continues_below_itself()
    {
        using var text = new StringWriter();
        var grid = new Grid(new Column("feature"), new Column("what it does", Wraps: true));
        grid.Add("audit", "Records who changed which row of which table, and when that was");

        grid.Write(Screen.On(text, redirected: false, width: 40));

        Assert.That(Lines(text), Is.EqualTo("""
            feature what it does
            audit   Records who changed which row of
                    which table, and when that was
            """));
    }

    [TestCase(40)]
    [TestCase(80)]
    [TestCase(200)]
    [TestCase(null)]
    public async Task The_history_has_every_name_whole_at_every_width(int? width)
    {
        await StartAtAsync(2);
        using var output = new StringWriter();
        var host = new CliHost(output, TextWriter.Null, TextReader.Null, _ => ConnectionString)
        {
            OutputRedirected = width is null,
            Width = width,
        };

        var code = await AutoStackDb.RunAsync(["history"], host, Token);

        var lines = Colours().Replace(output.ToString(), "").Split('\n');
        using (Assert.EnterMultipleScope())
        {
            Assert.That(code, Is.Zero);
            foreach (var script in SchemaMigrator.Scripts)
            {
                Assert.That(lines, Has.One.Matches<string>(line => line.Split(' ').Contains(script.Name)), script.Name);
            }

            if (width is { } columns)
            {
                Assert.That(lines.Select(line => line.Length), Is.All.LessThanOrEqualTo(Math.Max(
                    columns, SchemaMigrator.Scripts.Max(script => script.Name.Length) + 18)));
            }
        }
    }

    [GeneratedRegex(@"\e\[[0-9;?]*[a-z]")]
    private static partial Regex Colours();

    private static string Write(int width, bool redirected)
    {
        using var text = new StringWriter();
        var grid = new Grid(
            new Column("version", Right: true), new Column("name"), new Column("state"), new Column("checksum", LeftOut: 1));
        grid.Add("1", "0001_initial_schema", "applied", "abcdef012345");
        grid.Add("33", Name, "pending", "543210fedcba");
        grid.Write(Screen.On(text, redirected, width));
        return Lines(text);
    }

    private static string Lines(StringWriter text) =>
        string.Join('\n', text.ToString().TrimEnd().Split('\n').Select(line => line.TrimEnd()));
}
