using AutoStack.Data.Migrations.Internal;

namespace AutoStack.Data.Migrations.Tests.Foresight;

/// <summary>Dumps, with thousands of blocks of rows and commands of psql: each is read once, whatever its length.</summary>
public sealed class DumpTests
{
    [TestCase("COPY t (a) FROM stdin;\n1\tit's\n2\t$$\n\\.\n")]
    [TestCase("\\echo it's\nSELECT 1;\n")]
    [TestCase("SELECT 1 \\gset\n")]
    public void The_work_grows_with_the_length_and_not_with_its_square(string block)
    {
        const int Blocks = 200;
        Read(1);

        // Each reading of the text makes its tokens, so that their memory counts the readings.
        var (once, twice) = (Read(Blocks), Read(2 * Blocks));

        Assert.That((double)twice / once, Is.LessThan(2.5));

        long Read(int count)
        {
            var dump = string.Concat(Enumerable.Repeat(block, count));
            var before = GC.GetAllocatedBytesForCurrentThread();
            var text = ScriptText.Of(dump);
            var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.That(Math.Max(text.Statements.Count, text.PsqlCommands.Count), Is.EqualTo(count));
            return allocated;
        }
    }

    [Test]
    public void The_reading_can_be_cancelled()
    {
        var step = new MigrationStep("0001_load.sql", "COPY t FROM stdin;\n1\n\\.\n");

        Assert.That(() => Unrunnable.Of(step, new CancellationToken(canceled: true)).ToList(),
            Throws.InstanceOf<OperationCanceledException>());
    }

    [TestCase("COPY a FROM stdin;\nit's\n\\.\nSELECT 1;", "COPY a FROM stdin|SELECT 1")]
    [TestCase("COPY a FROM stdin; SELECT 2;\nit's\n\\.\nSELECT 1;", "COPY a FROM stdin|SELECT 2|SELECT 1")]
    [TestCase("COPY a FROM stdin; -- it's\nit's; $$\n\\.\nSELECT 1", "COPY a FROM stdin|SELECT 1")]
    [TestCase("COPY a FROM stdin \\g\nit's\n\\.\nSELECT 1", "COPY a FROM stdin|SELECT 1")]
    [TestCase("COPY a FROM stdin;\nit's\n", "COPY a FROM stdin")]
    [TestCase("COPY a FROM 'file';\nSELECT 1;\n\\.\nSELECT 2", "COPY a FROM 'file'|SELECT 1|SELECT 2")]
    [TestCase("SELECT 1 \\gexec it's\nSELECT 2 \\watch 5\nSELECT 3", "SELECT 1|SELECT 2|SELECT 3")]
    [TestCase("\\if :x it's\nSELECT 1;\n\\endif", "SELECT 1")]
    [TestCase("SELECT E'\\n', $$ \\gset $$;", "SELECT E'\\n' , $$ \\gset $$")]
    public void Rows_and_commands_are_left_out(string sql, string statements)
    {
        var text = ScriptText.Of(sql);

        Assert.That(string.Join('|', text.Statements.Select(s => string.Join(' ', s.Tokens.Select(token => token.Text)))),
            Is.EqualTo(statements));
        Assert.That(text.Tokens.Select(token => token.Line), Is.Ordered);
    }
}
